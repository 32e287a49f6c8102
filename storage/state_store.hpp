// The chain's state after the latest committed block, in state.db: values by key, the tree nodes of
// every module that prove them, and one meta record that says which block this is.
//
// Prepare, then commit: prepare() computes everything a block's writes change and touches nothing;
// any number of deltas may be prepared for the next height, one is committed, in one batch together
// with the meta record and the pruning of what leaves the retention window. So state.db is always
// exactly the state after one block.
//
// Threads: one thread commits; prepare, get and prove may run on any thread meanwhile (they see the
// state before or after the commit, never between). A proof against a version that is pruned while
// it is made fails with `pruned`.
//
// Values are kept for the latest height only; every commit also writes what it changed, so that the
// last heights can be taken back (roll_back), as far as their trees are kept.
//
// Columns (storage/keys.hpp): 'V' module, key hash -> key (32) + value; 'N' node key -> node;
// 'S' version -> node keys stale since that version; 'M' "latest" -> StateMeta; 'U' height -> the
// meta record and the values before it.
#pragma once
#include <memory>
#include <mutex>

#include "messages/types/height.hpp"
#include "messages/types/state_write.hpp"
#include "messages/types/vote.hpp"
#include "storage/kv.hpp"
#include "storage/state_tree.hpp"

namespace witan {

using TreeRoots = std::array<TreeRoot, module_count>;
[[nodiscard]] ModuleRoots module_roots_of(const TreeRoots& roots);

struct StateMeta {
  Hash32 chain_id;
  Height height;     // 0: the genesis state
  BlockId block_id;  // zero for the genesis state
  TreeRoots roots{};
  Hash32 state_root;
  bool operator==(const StateMeta&) const = default;
};

struct StateStoreLimits {
  std::size_t node_cache_bytes = 24U << 20U;  // state_node_cache_bytes: decoded tree nodes
  std::size_t value_cache_bytes = 8U << 20U;  // state_value_cache_bytes: recently used values
  std::uint64_t retain_versions = 16;         // heights whose trees stay readable; >= 1
};

// A block's effect on the state, computed and not yet applied. Movable, cheap to drop.
struct PreparedDelta {
  Height base;    // committed height it was prepared on
  Height height;  // height it leads to
  TreeRoots roots{};
  Hash32 state_root;
  std::vector<TreeDelta> trees;
  struct Value {
    Module module = Module::accounts;
    Hash32 key_hash;
    Hash32 key;
    std::optional<Bytes> value;
  };
  std::vector<Value> values;  // sorted by (module, key hash)
};

class StateStore {
 public:
  // Reads the meta record, if any. Errors: io, corrupt, wrong_chain (state of another chain).
  static Result<std::unique_ptr<StateStore>> open(std::unique_ptr<KvStore> store,
                                                  const Hash32& chain_id,
                                                  StateStoreLimits limits = {});
  ~StateStore();

  // nullopt: nothing was ever committed, not even genesis.
  [[nodiscard]] std::optional<StateMeta> latest() const;
  // Latest committed value. Errors: io, corrupt.
  [[nodiscard]] Result<std::optional<Bytes>> get(Module module, const Hash32& key) const;
  // Every key of a module, in key hash order, until visit returns false.
  using Visitor = std::function<bool(const Hash32& key, ByteView value)>;
  [[nodiscard]] Status for_each(Module module, const Visitor& visit) const;
  // Proof against the latest root of the module (also in the block header that was committed).
  [[nodiscard]] Result<StateProof> prove(Module module, const Hash32& key) const;

  // Writes in any order; a later write of the same key wins. Errors: io, corrupt, wrong_height
  // (not the height after the latest; genesis may lead to any height).
  [[nodiscard]] Result<PreparedDelta> prepare(Height height, const StateWrites& writes) const;
  // Errors: io, no_space; wrong_height if the delta was not prepared on the latest height.
  [[nodiscard]] Status commit(PreparedDelta delta, const BlockId& block_id, Durability durability);

  // Everything committed so far is durable.
  [[nodiscard]] Status sync() { return store_->sync(); }

  // The lowest height roll_back() can reach now. Errors: io, corrupt.
  [[nodiscard]] Result<Height> roll_back_min() const;
  // Takes the latest heights back, one durable batch each, until `to` is the latest: everything is
  // as it was after that block. Nobody may hold deltas or read meanwhile. Errors: pruned (nothing
  // was changed), out_of_range (above the latest), io, no_space, corrupt.
  [[nodiscard]] Status roll_back(Height to);

  // Recomputes every root from the values, and every node's hash; all of it is read.
  // Errors: state_root_mismatch (field: module), corrupt, io.
  [[nodiscard]] Status verify_integrity() const;

  struct Metrics {
    std::uint64_t node_hits = 0;
    std::uint64_t node_misses = 0;
    std::size_t cache_bytes = 0;
  };
  [[nodiscard]] Metrics metrics() const;

 private:
  struct Caches;
  class Reader;
  StateStore(std::unique_ptr<KvStore> store, const Hash32& chain_id, StateStoreLimits limits);
  Status add_pruning(WriteBatch& batch, Height height) const;
  Status add_undo(WriteBatch& batch, const StateMeta& before, const PreparedDelta& delta) const;
  Status take_back();
  [[nodiscard]] Result<std::optional<Bytes>> value_of(Module module, const Hash32& key_hash) const;
  Status verify_module(const StateMeta& meta, std::size_t module) const;
  void publish(PreparedDelta delta, StateMeta meta);

  std::unique_ptr<KvStore> store_;
  Hash32 chain_id_;
  StateStoreLimits limits_;
  mutable std::mutex mutex_;  // guards latest_ and caches_
  std::optional<StateMeta> latest_;
  std::unique_ptr<Caches> caches_;
};

}  // namespace witan
