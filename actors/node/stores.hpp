// Everything a node keeps on disk except the write-ahead log, opened under the data-directory lock.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "config/node_config.hpp"
#include "crypto/sign_bytes.hpp"
#include "crypto/sign_checkpoint.hpp"
#include "crypto/verify_evidence.hpp"
#include "storage/block_store.hpp"
#include "storage/data_dir.hpp"
#include "storage/state_store.hpp"

namespace witan::node {

// Where databases are: on the host's disk, or in a simulated one.
struct Databases {
  std::function<Result<std::unique_ptr<KvStore>>(const FilePath& path, const KvOptions& options)>
      open;
  std::function<Status(const FilePath& path)> remove;  // REQUIRES: it is closed
};
// LevelDB on the host's disk.
[[nodiscard]] Databases host_databases();

// Reads are thread-safe; the ledger actor is the only writer, but for the columns of index.db that
// storage/keys.hpp gives to others (pending evidence, the sign-state's number).
struct Stores {
  HomeLayout layout{FilePath()};
  std::unique_ptr<DataDir> dir;  // holds the lock; none on a simulated disk
  std::unique_ptr<BlockStore> blocks;
  std::unique_ptr<StateStore> state;
  std::unique_ptr<KvStore> index;  // transaction id -> height, position

  // Errors: locked (77), io, no_space, corrupt, wrong_chain. A state that is ahead of the blocks
  // (power was lost between their logs) is taken back to them, or removed: then it is rebuilt from
  // the blocks (actors/ledger/rollback.hpp).
  static Result<Stores> open(const FilePath& home, const StorageConfig& config,
                             const ChainId& chain_id, Height initial_height);
  // The same without a lock, from any databases.
  static Result<Stores> open_in(const Databases& databases, const FilePath& home,
                                const StorageConfig& config, const ChainId& chain_id,
                                Height initial_height);

  // Last stored block; 0 if none.
  [[nodiscard]] Height height() const { return blocks->last().value_or(Height(0)); }
  // A decided block's header with the certificate kept for it. Errors: not_found, pruned, io,
  // corrupt.
  [[nodiscard]] Result<ChainHeader> chain_header(Height height) const;
  // Last of the newest blocks whose commit certificate carries this validator's signature.
  [[nodiscard]] Height own_commit_height(ValidatorIndex self) const;
};

// Which sign-state belongs to this data directory, and its newest number
// (crypto/sign_checkpoint.hpp, S11), kept in index.db per key. Errors: io, no_space, corrupt.
[[nodiscard]] Result<std::optional<SignMemory>> remembered_sign_state(const KvStore& index,
                                                                      const PublicKey& key);
[[nodiscard]] Status remember_sign_state(KvStore& index, const PublicKey& key,
                                         const SignMemory& memory);

}  // namespace witan::node
