// Key files on disk (crypto/keystore.hpp says what is in them): reading, unlocking, writing.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "crypto/keystore.hpp"
#include "storage/file_system.hpp"
#include "tools/witan/passphrase.hpp"

namespace witan::cli {

// The pass-phrase of new key files; nullopt: they are written without protection, for development
// chains.
using Protect = std::optional<Passphrase>;

// Errors: not_found, io, and those of parse_key_file; field = the path.
[[nodiscard]] Result<KeyFile> read_key_file(const FilePath& path);
// Reads and unlocks; asks for a pass-phrase (read_passphrase) only when the file needs one.
// `plain_files` says whether an unprotected file is accepted.
[[nodiscard]] Result<SecretKey> open_key(const FilePath& path, KeyRole role,
                                         const std::string& passphrase_file,
                                         PlainFiles plain_files);
// A new file, mode 0600. Errors: usage (exists already), io.
[[nodiscard]] Status write_key(const FilePath& path, const SecretKey& key, KeyRole role,
                               const Protect& protect);

// An account's key is an operator key: it may own a balance and later a validator.
inline constexpr KeyRole account_role = KeyRole::operator_;
// The plain keys of a test network's funded accounts: DIR/account*.json in the order of their
// numbers. Errors: not_found when there is none, io, and those of the files.
[[nodiscard]] Result<std::vector<SecretKey>> open_test_accounts(const FilePath& folder);

}  // namespace witan::cli
