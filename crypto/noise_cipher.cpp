// Transport phase of BOLT-8: "Lightning Message Specification" and "Lightning Message Key
// Rotation".
#include <utility>

#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/noise.hpp"
#include "crypto/noise_nonce.hpp"
#include "messages/base/check.hpp"

namespace witan {
namespace {

constexpr std::uint64_t uses_per_key = 1000;

}  // namespace

NoiseCipher::NoiseCipher(const Hash32& chaining_key, const Hash32& key)
    : chaining_key_(chaining_key), key_(key) {}

NoiseCipher::~NoiseCipher() {
  wipe(chaining_key_.data);
  wipe(key_.data);
}

NoiseCipher::NoiseCipher(NoiseCipher&& other) noexcept { *this = std::move(other); }

NoiseCipher& NoiseCipher::operator=(NoiseCipher&& other) noexcept {
  if (this == &other) return *this;
  chaining_key_ = other.chaining_key_;
  key_ = other.key_;
  nonce_ = other.nonce_;
  pending_length_ = std::exchange(other.pending_length_, std::nullopt);
  failed_ = std::exchange(other.failed_, true);
  wipe(other.chaining_key_.data);
  wipe(other.key_.data);
  return *this;
}

void NoiseCipher::count_use() {
  if (++nonce_ < uses_per_key) return;
  auto [chaining_key, key] = hkdf_pair(chaining_key_.view(), key_.view());
  chaining_key_ = chaining_key;
  key_ = key;
  nonce_ = 0;
  wipe(chaining_key.data);
  wipe(key.data);
}

Status NoiseCipher::encrypt(ByteView message, std::span<std::uint8_t> out) {
  WITAN_CHECK(!failed_);
  if (message.size() > max_message_bytes)
    return fail(ErrorCode::too_large, "message", "a frame carries at most 65535 bytes");
  if (out.size() != frame_bytes(message.size()))
    return fail(ErrorCode::out_of_range, "out", "output needs exactly frame_bytes(message) bytes");
  const std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(message.size() >> 8),
                                           static_cast<std::uint8_t>(message.size() & 0xff)};
  // The body goes first: `message` may lie in `out`, but never in the length frame before it. Its
  // nonce is the one after the length's, under the same key: 1000 is even.
  WITAN_TRY_VOID(aead_seal_into(key_.view(), noise_nonce(nonce_ + 1), {}, message,
                                out.subspan(length_frame_bytes)));
  WITAN_TRY_VOID(
      aead_seal_into(key_.view(), noise_nonce(nonce_), {}, length, out.first(length_frame_bytes)));
  count_use();
  count_use();
  return {};
}

Result<std::size_t> NoiseCipher::decrypt_length(ByteView length_frame) {
  if (failed_) return fail(ErrorCode::decrypt_failed, "noise", "this connection has failed before");
  if (length_frame.size() != length_frame_bytes || pending_length_)
    return fail(ErrorCode::malformed, "length_frame", "expected the 18 bytes that begin a frame");
  std::array<std::uint8_t, 2> length{};
  auto opened = aead_open_into(key_.view(), noise_nonce(nonce_), {}, length_frame, length);
  if (!opened) {
    failed_ = true;
    return fail(ErrorCode::decrypt_failed, "length_frame", "authentication tag is wrong");
  }
  count_use();
  pending_length_ = static_cast<std::size_t>(length[0]) << 8 | length[1];
  return *pending_length_;
}

Status NoiseCipher::decrypt_body(ByteView body_frame, std::span<std::uint8_t> out) {
  if (failed_) return fail(ErrorCode::decrypt_failed, "noise", "this connection has failed before");
  if (!pending_length_ || body_frame.size() != *pending_length_ + aead_tag_bytes ||
      out.size() != *pending_length_)
    return fail(ErrorCode::malformed, "body_frame", "size differs from the decrypted length");
  auto opened = aead_open_into(key_.view(), noise_nonce(nonce_), {}, body_frame, out);
  if (!opened) {
    failed_ = true;
    return fail(ErrorCode::decrypt_failed, "body_frame", "authentication tag is wrong");
  }
  count_use();
  pending_length_.reset();
  return {};
}

}  // namespace witan
