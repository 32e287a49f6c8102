// A file of a message in quarantine: whatever decodes encodes to the same bytes, and a folder that
// holds it is read without harm. The id of the words has to fit, so it is repaired like the
// checksum.
#include <cstdlib>
#include <cstring>

#include "actors/runtime/quarantine/quarantine.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"
#include "storage/memory_file_system.hpp"

namespace {

using namespace witan;

constexpr std::size_t id_at = 8 + 4 + 3 + 4 + 6 * 8;

Bytes with_crc(ByteView body) { return ByteWriter().raw(body).u32(crc32c(body)).take(); }

void check_same(const quarantine::Record& record, ByteView input) {
  const Bytes again = quarantine::encode(record);
  if (!std::equal(again.begin(), again.end(), input.begin(), input.end())) std::abort();
}

// The id that the receiver, type and words of this file have; the one it has if they do not decode.
void repair_id(Bytes& body) {
  ByteReader in{ByteView(body)};
  (void)in.raw(8 + 4 + 3 + 4 + 16);
  const std::uint64_t type = in.u64();
  (void)in.raw(24 + Hash32::size_bytes);
  const std::string receiver(as_text(in.prefixed(quarantine::path_bytes_max)));
  (void)in.prefixed(quarantine::path_bytes_max);
  for (std::size_t left = in.u8(); left > 0 && !in.failed(); --left)
    (void)in.prefixed(quarantine::reason_bytes_max);
  (void)in.u64();
  const auto words = Words::from_flat(in.prefixed(quarantine::words_bytes_max));
  if (!words || body.size() < id_at + Hash32::size_bytes) return;
  const Hash32 id =
      quarantine::identity_of(receiver, type, quarantine::canonical_of(type, **words));
  std::memcpy(body.data() + id_at, id.data.data(), Hash32::size_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto record = quarantine::decode(input)) check_same(*record, input);
  Bytes body(input.begin(), input.end());
  repair_id(body);
  const Bytes file = with_crc(body);
  const auto record = quarantine::decode(file);
  if (!record) return 0;
  check_same(*record, file);
  MemoryFileSystem files;
  const FilePath path = quarantine::file_of("/q", record->id);
  if (!files.create_directories("/q")) std::abort();
  auto made = files.open(path, OpenMode::create);
  if (!made || !(*made)->write_at(0, file)) std::abort();
  const quarantine::Quarantine list({.files = files, .folder = "/q"});
  if (list.sizes().suspects + list.sizes().quarantined != 1) std::abort();
  return 0;
}
