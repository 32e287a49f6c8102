#include "crypto/keystore.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>

#include "crypto/random.hpp"
#include "messages/base/hex.hpp"

namespace witan {
namespace {

static_assert(crypto_pwhash_SALTBYTES == 16);
static_assert(crypto_secretbox_NONCEBYTES == 24);
static_assert(crypto_secretbox_KEYBYTES == 32);

constexpr std::size_t plain_bytes = 33;  // role, secret key
constexpr std::size_t box_bytes = plain_bytes + crypto_secretbox_MACBYTES;
constexpr std::string_view first_line = "witan-key 1\n";
constexpr std::string_view warning_line = "# DEVELOPMENT ONLY: the secret below is not encrypted\n";
constexpr std::string_view protected_name = "argon2id";
constexpr std::string_view plain_name = "none-development-only";

// Takes lines off a text. The first failure sticks, and names its line.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  bool take(std::string_view literal) {
    if (text_.substr(0, literal.size()) != literal) return false;
    text_.remove_prefix(literal.size());
    return true;
  }
  // The value of "name = value\n".
  Result<std::string_view> value(std::string_view name) {
    if (!take(name) || !take(" = "))
      return fail(ErrorCode::malformed, std::string(name),
                  "expected the line `" + std::string(name) + " = ...`");
    const std::size_t end = text_.find('\n');
    if (end == std::string_view::npos)
      return fail(ErrorCode::malformed, std::string(name), "the file ends inside this line");
    const std::string_view out = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return out;
  }
  Result<Bytes> hex(std::string_view name, std::size_t size_bytes) {
    WITAN_TRY(const std::string_view text, value(name));
    auto bytes = from_hex(text);
    if (!bytes || bytes->size() != size_bytes)
      return fail(ErrorCode::malformed, std::string(name),
                  "expected " + std::to_string(2 * size_bytes) + " hex digits");
    return std::move(*bytes);
  }
  Result<std::uint32_t> number(std::string_view name) {
    WITAN_TRY(const std::string_view text, value(name));
    std::uint32_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size())
      return fail(ErrorCode::malformed, std::string(name), "expected a number");
    return out;
  }
  [[nodiscard]] bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

Status check_kdf(const KdfParams& kdf) {
  if (kdf.passes < kdf_min.passes || kdf.passes > kdf_max.passes)
    return fail(ErrorCode::out_of_range, "kdf-passes", "must be in 1..16");
  if (kdf.memory_kib < kdf_min.memory_kib || kdf.memory_kib > kdf_max.memory_kib)
    return fail(ErrorCode::out_of_range, "kdf-memory-kib", "must be in 8..1048576");
  return {};
}

Status read_protection(LineReader& in, KeyFile& out) {
  WITAN_TRY(const std::string_view protection, in.value("protection"));
  if (protection == plain_name) {
    out.protection = Protection::none_development_only;
    WITAN_TRY(out.secret, in.hex("secret", plain_bytes));
    return {};
  }
  if (protection != protected_name)
    return fail(ErrorCode::malformed, "protection", "expected argon2id");
  WITAN_TRY(out.kdf.passes, in.number("kdf-passes"));
  WITAN_TRY(out.kdf.memory_kib, in.number("kdf-memory-kib"));
  WITAN_TRY_VOID(check_kdf(out.kdf));
  WITAN_TRY(const Bytes salt, in.hex("salt", out.salt.size()));
  WITAN_TRY(const Bytes nonce, in.hex("nonce", out.nonce.size()));
  std::copy(salt.begin(), salt.end(), out.salt.begin());
  std::copy(nonce.begin(), nonce.end(), out.nonce.begin());
  WITAN_TRY(out.secret, in.hex("secret", box_bytes));
  return {};
}

Result<Secret<32>> derive(const KeyFile& file, ByteView passphrase) {
  if (passphrase.size() > passphrase_bytes_max)
    return fail(ErrorCode::usage, "pass-phrase", "longer than 1024 bytes");
  WITAN_CHECK(sodium_init() >= 0);
  Secret<32> key;
  const int status =
      crypto_pwhash(key.data(), key.size_bytes, reinterpret_cast<const char*>(passphrase.data()),
                    passphrase.size(), file.salt.data(), file.kdf.passes,
                    std::size_t{file.kdf.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
  if (status != 0)
    return fail(ErrorCode::busy, "kdf-memory-kib",
                "not enough free memory for " + std::to_string(file.kdf.memory_kib) +
                    " KiB; free some and try again");
  return key;
}

// Role and key, as they are encrypted.
Secret<plain_bytes> content_of(const SecretKey& key, KeyRole role) {
  Secret<plain_bytes> out;
  const SecretBytes secret = key.secret_bytes();
  out.data()[0] = static_cast<std::uint8_t>(role);
  std::memcpy(out.data() + 1, secret.data(), secret.size_bytes);
  return out;
}

Result<Secret<plain_bytes>> open(const KeyFile& file, ByteView passphrase, PlainFiles plain) {
  if (file.protection == Protection::none_development_only) {
    if (plain == PlainFiles::refuse)
      return fail(ErrorCode::not_allowed, "protection",
                  "this key file is not encrypted: it is for development chains only");
    if (file.secret.size() != plain_bytes)
      return fail(ErrorCode::malformed, "secret", "wrong size");
    return Secret<plain_bytes>::from(file.secret);
  }
  if (file.secret.size() != box_bytes) return fail(ErrorCode::malformed, "secret", "wrong size");
  WITAN_TRY_VOID(check_kdf(file.kdf));
  WITAN_TRY(const Secret<32> key, derive(file, passphrase));
  Secret<plain_bytes> out;
  if (crypto_secretbox_open_easy(out.data(), file.secret.data(), file.secret.size(),
                                 file.nonce.data(), key.data()) != 0)
    return fail(ErrorCode::decrypt_failed, "pass-phrase",
                "the pass-phrase is wrong, or the file is damaged");
  return out;
}

}  // namespace

std::string to_text(const KeyFile& file) {
  const bool plain = file.protection == Protection::none_development_only;
  std::string out(first_line);
  const auto line = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(" = ").append(value).append("\n");
  };
  if (plain) out.append(warning_line);
  line("role", name_of(file.role));
  line("public-key", to_hex(file.public_key));
  line("protection", plain ? plain_name : protected_name);
  if (!plain) {
    line("kdf-passes", std::to_string(file.kdf.passes));
    line("kdf-memory-kib", std::to_string(file.kdf.memory_kib));
    line("salt", to_hex(ByteView(file.salt)));
    line("nonce", to_hex(ByteView(file.nonce)));
  }
  line("secret", to_hex(file.secret));
  return out;
}

Result<KeyFile> parse_key_file(std::string_view text) {
  if (text.size() > key_file_bytes_max)
    return fail(ErrorCode::too_large, "key file", "larger than 2048 bytes");
  LineReader in(text);
  if (!in.take(first_line))
    return fail(ErrorCode::wrong_version, "key file", "the first line is not `witan-key 1`");
  in.take(warning_line);  // whether it belongs here shows in the comparison below
  KeyFile out;
  WITAN_TRY(const std::string_view role, in.value("role"));
  WITAN_TRY(out.role, key_role_from(role));
  WITAN_TRY(const Bytes key, in.hex("public-key", PublicKey::size_bytes));
  out.public_key = PublicKey::from(key);
  WITAN_TRY_VOID(read_protection(in, out));
  if (!in.at_end() || to_text(out) != text)
    return fail(ErrorCode::not_canonical, "key file",
                "not as the program writes it: extra, missing or rewritten text");
  return out;
}

Result<KeyFile> encrypt_key(const SecretKey& key, KeyRole role, ByteView passphrase,
                            KdfParams kdf) {
  if (passphrase.empty())
    return fail(ErrorCode::usage, "pass-phrase",
                "empty; a development key without one must be asked for explicitly");
  WITAN_TRY_VOID(check_kdf(kdf));
  KeyFile out;
  out.role = role;
  out.public_key = key.public_key();
  out.kdf = kdf;
  random_fill(out.salt);
  random_fill(out.nonce);
  WITAN_TRY(const Secret<32> box_key, derive(out, passphrase));
  const Secret<plain_bytes> content = content_of(key, role);
  out.secret.resize(box_bytes);
  crypto_secretbox_easy(out.secret.data(), content.data(), content.size_bytes, out.nonce.data(),
                        box_key.data());
  return out;
}

KeyFile plain_key_file(const SecretKey& key, KeyRole role) {
  KeyFile out;
  out.role = role;
  out.public_key = key.public_key();
  out.protection = Protection::none_development_only;
  append(out.secret, content_of(key, role).view());
  return out;
}

Result<SecretKey> unlock_key(const KeyFile& file, KeyRole expected_role, ByteView passphrase,
                             PlainFiles plain) {
  if (file.role != expected_role)
    return fail(ErrorCode::not_allowed, "role",
                "this is a " + std::string(name_of(file.role)) + " key, needed is a " +
                    std::string(name_of(expected_role)) + " key");
  WITAN_TRY(const Secret<plain_bytes> content, open(file, passphrase, plain));
  if (content.data()[0] != static_cast<std::uint8_t>(expected_role))
    return fail(ErrorCode::corrupt, "role", "the encrypted role differs: the file was edited");
  WITAN_TRY(SecretKey key, SecretKey::from_bytes(content.view().subspan(1)));
  if (key.public_key() != file.public_key)
    return fail(ErrorCode::corrupt, "public-key", "does not belong to the secret: edited file");
  return key;
}

}  // namespace witan
