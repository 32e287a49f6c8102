// Key files: one secret key, encrypted under a pass-phrase (Argon2id, XSalsa20-Poly1305).
//
// A key file is text, one `name = value` per line in a fixed order; only the text that to_text()
// writes is accepted back. The role is encrypted together with the secret, so a file cannot be
// passed off for another role; the public key is checked against the secret when it is unlocked.
//
//   witan-key 1
//   role = consensus
//   public-key = <64 hex digits>
//   protection = argon2id
//   kdf-passes = 3
//   kdf-memory-kib = 65536
//   salt = <32 hex digits>
//   nonce = <48 hex digits>
//   secret = <98 hex digits>
//
// A development file has `protection = none-development-only`, a warning line, and no kdf, salt and
// nonce. It is written only by plain_key_file() and opened only by who allows it.
// Pure but for randomness and the memory the KDF takes; thread-safe. File access is the caller's.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "crypto/keys.hpp"

namespace witan {

// Cost of one guess. Defaults: about 0.2 s and 64 MiB, within a node's memory budget.
struct KdfParams {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 64 * 1024;
  bool operator==(const KdfParams&) const = default;
};
// Bounds of what is read, so that a file cannot make the node take all memory or run for hours.
inline constexpr KdfParams kdf_min{1, 8};
inline constexpr KdfParams kdf_max{16, 1024 * 1024};
inline constexpr std::size_t key_file_bytes_max = 2048;
inline constexpr std::size_t passphrase_bytes_max = 1024;

enum class Protection : std::uint8_t { argon2id, none_development_only };

struct KeyFile {
  KeyRole role = KeyRole::consensus;
  PublicKey public_key;
  Protection protection = Protection::argon2id;
  KdfParams kdf;
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 24> nonce{};
  Bytes secret;  // role and key, encrypted: 49 bytes; plain: 33
};

[[nodiscard]] std::string to_text(const KeyFile& file);
// Errors: too_large, wrong_version, malformed, not_canonical, out_of_range (kdf); field = the line.
[[nodiscard]] Result<KeyFile> parse_key_file(std::string_view text);

// Takes the time and memory of the KDF. Errors: usage (empty or too long pass-phrase), out_of_range
// (kdf), busy (not enough memory for the KDF).
[[nodiscard]] Result<KeyFile> encrypt_key(const SecretKey& key, KeyRole role, ByteView passphrase,
                                          KdfParams kdf = {});
// No protection at all: for development chains, whose keys are worth nothing.
[[nodiscard]] KeyFile plain_key_file(const SecretKey& key, KeyRole role);

enum class PlainFiles : std::uint8_t { refuse, allow };
// Takes the time and memory of the KDF. Errors: decrypt_failed (pass-phrase, or damaged file),
// not_allowed (plain file, refused), not_allowed (another role), corrupt (public key), busy.
[[nodiscard]] Result<SecretKey> unlock_key(const KeyFile& file, KeyRole expected_role,
                                           ByteView passphrase,
                                           PlainFiles plain = PlainFiles::refuse);

}  // namespace witan
