// ChaCha20-Poly1305, IETF variant (RFC 8439): 32-byte key, 12-byte nonce, 16-byte tag.
//
// A (key, nonce) pair must never encrypt twice: callers count nonces (Noise) or draw a fresh key
// (keystore). Reentrant.
#pragma once
#include <span>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

inline constexpr std::size_t aead_key_bytes = 32;
inline constexpr std::size_t aead_nonce_bytes = 12;
inline constexpr std::size_t aead_tag_bytes = 16;

// Writes ciphertext || tag to `out`. REQUIRES out.size() == message.size() + aead_tag_bytes;
// `message` may be the front of `out` (encryption in place), other overlap is not allowed.
// Errors: out_of_range (size of key, nonce or out).
[[nodiscard]] Status aead_seal_into(ByteView key, ByteView nonce, ByteView associated,
                                    ByteView message, std::span<std::uint8_t> out);

// Writes the message to `out`, which has the size of `sealed` minus aead_tag_bytes and may be the
// front of `sealed`. Nothing is written unless the tag is right.
// Errors: decrypt_failed (wrong tag, or input shorter than a tag), out_of_range (other sizes).
[[nodiscard]] Status aead_open_into(ByteView key, ByteView nonce, ByteView associated,
                                    ByteView sealed, std::span<std::uint8_t> out);

// The same with an allocated result.
[[nodiscard]] Result<Bytes> aead_seal(ByteView key, ByteView nonce, ByteView associated,
                                      ByteView message);
[[nodiscard]] Result<Bytes> aead_open(ByteView key, ByteView nonce, ByteView associated,
                                      ByteView sealed);

}  // namespace witan
