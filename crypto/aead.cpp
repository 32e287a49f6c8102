#include "crypto/aead.hpp"

#include <sodium.h>

#include "messages/base/check.hpp"

namespace witan {
namespace {

static_assert(aead_key_bytes == crypto_aead_chacha20poly1305_ietf_KEYBYTES);
static_assert(aead_nonce_bytes == crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
static_assert(aead_tag_bytes == crypto_aead_chacha20poly1305_ietf_ABYTES);

// sodium_init selects the vector code for this CPU; without it the slow reference code runs.
void ensure_sodium() {
  static const bool ready = sodium_init() >= 0;
  WITAN_CHECK(ready);
}

Status check_sizes(ByteView key, ByteView nonce) {
  if (key.size() != aead_key_bytes)
    return fail(ErrorCode::out_of_range, "key", "ChaCha20-Poly1305 needs a key of 32 bytes");
  if (nonce.size() != aead_nonce_bytes)
    return fail(ErrorCode::out_of_range, "nonce", "ChaCha20-Poly1305 needs a nonce of 12 bytes");
  return {};
}

}  // namespace

Status aead_seal_into(ByteView key, ByteView nonce, ByteView associated, ByteView message,
                      std::span<std::uint8_t> out) {
  ensure_sodium();
  WITAN_TRY_VOID(check_sizes(key, nonce));
  if (out.size() != message.size() + aead_tag_bytes)
    return fail(ErrorCode::out_of_range, "out", "output needs room for the message and 16 bytes");
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, message.data(), message.size(),
                                            associated.data(), associated.size(), nullptr,
                                            nonce.data(), key.data());
  return {};
}

Status aead_open_into(ByteView key, ByteView nonce, ByteView associated, ByteView sealed,
                      std::span<std::uint8_t> out) {
  ensure_sodium();
  WITAN_TRY_VOID(check_sizes(key, nonce));
  if (sealed.size() < aead_tag_bytes)
    return fail(ErrorCode::decrypt_failed, "sealed", "shorter than an authentication tag");
  if (out.size() != sealed.size() - aead_tag_bytes)
    return fail(ErrorCode::out_of_range, "out", "output needs the size of the message");
  if (crypto_aead_chacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, sealed.data(),
                                                sealed.size(), associated.data(), associated.size(),
                                                nonce.data(), key.data()) != 0)
    return fail(ErrorCode::decrypt_failed, "sealed", "authentication tag is wrong");
  return {};
}

Result<Bytes> aead_seal(ByteView key, ByteView nonce, ByteView associated, ByteView message) {
  Bytes out(message.size() + aead_tag_bytes);
  WITAN_TRY_VOID(aead_seal_into(key, nonce, associated, message, out));
  return out;
}

Result<Bytes> aead_open(ByteView key, ByteView nonce, ByteView associated, ByteView sealed) {
  Bytes out(sealed.size() < aead_tag_bytes ? 0 : sealed.size() - aead_tag_bytes);
  WITAN_TRY_VOID(aead_open_into(key, nonce, associated, sealed, out));
  return out;
}

}  // namespace witan
