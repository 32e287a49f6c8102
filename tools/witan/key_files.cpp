#include "tools/witan/key_files.hpp"

#include "storage/atomic_file.hpp"

namespace witan::cli {
namespace {

tl::unexpected<Error> at(const FilePath& path, Error error) {
  error.field = error.field.empty() ? path.string() : path.string() + ": " + error.field;
  return fail(std::move(error));
}

}  // namespace

Result<KeyFile> read_key_file(const FilePath& path) {
  auto bytes = read_whole(posix_file_system(), path, key_file_bytes_max);
  if (!bytes) return at(path, std::move(bytes).error());
  auto file = parse_key_file(as_text(*bytes));
  if (!file) return at(path, std::move(file).error());
  return file;
}

Result<SecretKey> open_key(const FilePath& path, KeyRole role, const std::string& passphrase_file,
                           PlainFiles plain_files) {
  WITAN_TRY(const KeyFile file, read_key_file(path));
  Passphrase passphrase;
  if (file.protection == Protection::argon2id) {
    WITAN_TRY(passphrase, read_passphrase(passphrase_file, path.string(), Ask::once));
  }
  auto key = unlock_key(file, role, passphrase.view(), plain_files);
  if (!key) return at(path, std::move(key).error());
  return key;
}

Status write_key(const FilePath& path, const SecretKey& key, KeyRole role, const Protect& protect) {
  FileSystem& fs = posix_file_system();
  if (fs.exists(path))
    return fail(ErrorCode::usage, path.string(), "exists already: a key is never overwritten");
  KeyFile file = plain_key_file(key, role);
  if (protect) {
    WITAN_TRY(file, encrypt_key(key, role, protect->view()));
  }
  return write_file_atomically(fs, path, as_bytes(to_text(file)));
}

Result<std::vector<SecretKey>> open_test_accounts(const FilePath& folder) {
  FileSystem& fs = posix_file_system();
  std::vector<SecretKey> out;
  for (std::size_t i = 0;; ++i) {
    const FilePath path = folder / ("account" + std::to_string(i) + ".json");
    if (!fs.exists(path)) break;
    WITAN_TRY(SecretKey key, open_key(path, account_role, "", PlainFiles::allow));
    out.push_back(std::move(key));
  }
  if (out.empty())
    return fail(ErrorCode::not_found, folder.string(),
                "no account0.json: `witan testnet` makes a network with funded accounts");
  return out;
}

}  // namespace witan::cli
