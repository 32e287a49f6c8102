#include "crypto/hkdf.hpp"

#include "crypto/hash.hpp"

namespace witan {

Result<Bytes> hkdf_sha256(ByteView salt, ByteView key_material, ByteView info, std::size_t size) {
  if (size > hkdf_max_bytes)
    return fail(ErrorCode::out_of_range, "size", "HKDF-SHA256 yields at most 8160 bytes");
  Hash32 key = hmac_sha256(salt, key_material);
  Bytes out;
  out.reserve(size);
  Hash32 block;
  std::uint8_t counter = 0;
  while (out.size() < size) {
    ++counter;
    const ByteView previous = counter == 1 ? ByteView{} : block.view();
    block = hmac_sha256(key.view(), {previous, info, ByteView(&counter, 1)});
    append(out, block.view().first(std::min(block.data.size(), size - out.size())));
  }
  wipe(key.data);
  wipe(block.data);
  return out;
}

std::pair<Hash32, Hash32> hkdf_pair(ByteView salt, ByteView key_material) {
  static constexpr std::array<std::uint8_t, 2> counters{1, 2};
  Hash32 key = hmac_sha256(salt, key_material);
  const Hash32 first = hmac_sha256(key.view(), ByteView(&counters[0], 1));
  const Hash32 second = hmac_sha256(key.view(), {first.view(), ByteView(&counters[1], 1)});
  wipe(key.data);
  return {first, second};
}

}  // namespace witan
