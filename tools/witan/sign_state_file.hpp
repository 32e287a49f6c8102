// The sign-state file of a stopped node's home, as `witan signer` and `witan wal repair` change it.
#pragma once
#include <memory>
#include <optional>

#include "crypto/sign_checkpoint.hpp"
#include "tools/witan/home.hpp"

namespace witan::cli {

// Errors: not_found, io, corrupt, wrong_version.
[[nodiscard]] Result<SignCheckpoint> read_sign_state(const HomeFiles& files);

// What the node's database says of the sign-state; nothing before the first start.
[[nodiscard]] Result<std::optional<SignMemory>> sign_memory_of(const HomeFiles& files,
                                                               const PublicKey& key);

// Newer than every earlier one, and known as such: an older copy that is put back is refused.
[[nodiscard]] Status write_sign_state(const HomeFiles& files, SignCheckpoint& state);

// A folder that has a configuration is a node's home; others are not touched, nor locked.
// Errors: not_found, locked (a node runs there), io.
[[nodiscard]] Result<std::unique_ptr<DataDir>> lock_home(const HomeFiles& files);

}  // namespace witan::cli
