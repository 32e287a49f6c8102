// Nodes of the authenticated state tree and how they hash.
//
// The tree is a binary Merkle tree over 256-bit key hashes in which a subtree that holds one leaf
// is that leaf (so a leaf sits at its shortest unique prefix) and an empty subtree is 32 zero
// bytes:
//   leaf(k, v)      = tagged_hash("state-leaf", k || v)        k = key hash, v = value hash
//   branch(l, r)    = tagged_hash("state-branch", l || r)
//   subtree         = zero if empty; leaf hash if it holds one leaf; else branch(left, right)
// On disk four levels make one radix-16 node. Leaves live inside their parent node. Every node but
// the root has at least two leaves below it, so the set of key/value pairs fixes the whole tree:
// neither the order nor the batching of updates can show. Source: "Jellyfish Merkle Tree" (Gao, Hu,
// Wu 2021), with leaves embedded and versions kept per node.
#pragma once
#include <array>
#include <bit>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/block.hpp"

namespace witan {

// The first `count` nibbles of a key hash; nibbles beyond count are zero.
struct NibblePath {
  std::array<std::uint8_t, 32> packed{};
  std::uint8_t count = 0;

  auto operator<=>(const NibblePath&) const = default;
  [[nodiscard]] static NibblePath prefix(const Hash32& key_hash, std::size_t count);
};
[[nodiscard]] inline unsigned nibble_at(const Hash32& key_hash, std::size_t depth) {
  const unsigned byte = key_hash.data[depth / 2];
  return depth % 2 == 0 ? byte >> 4U : byte & 15U;
}
inline constexpr std::size_t tree_depth_max = 64;  // nibbles in a key hash

// Where a node is stored: written once, when `version` was committed, never changed.
struct NodeKey {
  Module module = Module::accounts;
  std::uint64_t version = 0;
  NibblePath path;

  auto operator<=>(const NodeKey&) const = default;
  // module u8, version u64 big-endian, count u8, packed nibbles.
  void append_to(Bytes& out) const;
  [[nodiscard]] static Result<NodeKey> decode(ByteView bytes);
};
inline constexpr std::size_t node_key_bytes_max = 1 + 8 + 1 + 32;

struct TreeChild {
  enum class Kind : std::uint8_t { empty, leaf, internal };
  Kind kind = Kind::empty;
  Hash32 hash;                // of the leaf, or of the node
  Hash32 key_hash;            // leaf
  Hash32 value_hash;          // leaf
  std::uint64_t version = 0;  // internal: where the node is stored

  bool operator==(const TreeChild&) const = default;
  [[nodiscard]] static TreeChild leaf(const Hash32& key_hash, const Hash32& value_hash);
};
using TreeChildren = std::array<TreeChild, 16>;

// Immutable once built. Children are stored densely in nibble order.
class TreeNode {
 public:
  explicit TreeNode(const TreeChildren& children);
  [[nodiscard]] const TreeChild* child(unsigned nibble) const {
    const unsigned bit = 1U << nibble;
    if ((present_ & bit) == 0) return nullptr;
    return &children_[static_cast<std::size_t>(std::popcount(present_ & (bit - 1U)))];
  }
  [[nodiscard]] TreeChildren expand() const;
  [[nodiscard]] std::size_t size() const { return children_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const {
    return sizeof(TreeNode) + children_.size() * sizeof(TreeChild);
  }
  // present u16, leaves u16, then per child in nibble order: leaf = key hash, value hash;
  // internal = version u64, hash. Errors of decode: corrupt.
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<TreeNode> decode(ByteView bytes);

 private:
  unsigned present_ = 0;
  std::vector<TreeChild> children_;
};
using TreeNodePtr = std::shared_ptr<const TreeNode>;

[[nodiscard]] Hash32 tree_leaf_hash(const Hash32& key_hash, const Hash32& value_hash);
[[nodiscard]] Hash32 tree_branch_hash(const Hash32& left, const Hash32& right);
// Keys are 32 bytes: an account id, a validator key, or a hash made by the module.
[[nodiscard]] Hash32 state_key_hash(const Hash32& key);
[[nodiscard]] Hash32 state_value_hash(ByteView value);

// A subtree as its parent sees it: empty, one leaf, or a branch.
struct SubtreeHash {
  TreeChild::Kind kind = TreeChild::Kind::empty;
  Hash32 hash;
};
[[nodiscard]] SubtreeHash join(const SubtreeHash& left, const SubtreeHash& right);
// Subtree over children [first, first + width); width is 1, 2, 4, 8 or 16 and divides first.
[[nodiscard]] SubtreeHash subtree_hash(const TreeChildren& children, unsigned first,
                                       unsigned width);
[[nodiscard]] Hash32 node_hash(const TreeChildren& children);

}  // namespace witan
