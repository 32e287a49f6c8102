// Versioned authenticated key-value tree: pure functions over a node reader. Version = height.
// Node layout and hashing: tree_node.hpp. One tree per Module.
//
// Invariants (checked by tests/unit/storage_state): the root depends on the set of key/value pairs
// only; an update that changes nothing writes nothing; a version's nodes stay readable until the
// nodes it lists as stale are pruned.
#pragma once
#include <span>
#include <utility>
#include <vector>

#include "storage/state_proof.hpp"
#include "storage/tree_node.hpp"

namespace witan {

// The tree of one module as of some height. `version` is where the root node is stored, which is
// the last height that changed the tree.
struct TreeRoot {
  Hash32 hash;  // zero: the tree is empty and has no node
  std::uint64_t version = 0;
  [[nodiscard]] bool empty() const { return hash.is_zero(); }
  bool operator==(const TreeRoot&) const = default;
};

// Thread rule: read() may be called from any thread. Errors: io, corrupt (also: node is absent).
class NodeReader {
 public:
  virtual ~NodeReader() = default;
  [[nodiscard]] virtual Result<TreeNodePtr> read(const NodeKey& key) const = 0;
};

struct TreeUpdate {
  Hash32 key_hash;
  std::optional<Hash32> value_hash;  // nullopt removes the key
};

struct TreeDelta {
  TreeRoot root;
  std::vector<std::pair<NodeKey, TreeNodePtr>> nodes;  // to write at the new version
  std::vector<NodeKey> stale;                          // no longer part of the new version
};

// REQUIRES: updates sorted by key_hash without duplicates; version > base.version unless the base
// is empty. Errors: those of the reader.
[[nodiscard]] Result<TreeDelta> apply(const NodeReader& reader, Module module, const TreeRoot& base,
                                      std::uint64_t version, std::span<const TreeUpdate> updates);

// Proof of inclusion or of absence of the key, whichever holds.
[[nodiscard]] Result<StateProof> prove(const NodeReader& reader, Module module,
                                       const TreeRoot& root, const Hash32& key_hash);

// The value hash at the key, or nullopt.
[[nodiscard]] Result<std::optional<Hash32>> find(const NodeReader& reader, Module module,
                                                 const TreeRoot& root, const Hash32& key_hash);

// Root over a whole sorted set, from nothing: what every tree is checked against.
// REQUIRES: leaves sorted by key hash without duplicates. `depth_bits`: all share that many bits.
[[nodiscard]] SubtreeHash hash_of_leaves(std::span<const std::pair<Hash32, Hash32>> leaves,
                                         std::size_t depth_bits = 0);

// Re-reads every node below the root and compares its hash with the parent's record.
// Errors: corrupt naming the path.
[[nodiscard]] Status verify_nodes(const NodeReader& reader, Module module, const TreeRoot& root);

}  // namespace witan
