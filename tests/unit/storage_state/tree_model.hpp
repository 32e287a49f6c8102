// What the tree is compared with: a map of nodes, and a map of values hashed from nothing.
#pragma once
#include <map>

#include "messages/base/random.hpp"
#include "storage/state_tree.hpp"

namespace witan::test {

class MapReader final : public NodeReader {
 public:
  Result<TreeNodePtr> read(const NodeKey& key) const override {
    const auto it = nodes.find(key);
    if (it == nodes.end()) return fail(ErrorCode::corrupt, "tree_node", "absent");
    // Through the codec, so that every property also tests encode and decode.
    WITAN_TRY(TreeNode node, TreeNode::decode(it->second));
    return std::make_shared<const TreeNode>(std::move(node));
  }
  void take(const TreeDelta& delta) {
    for (const auto& [key, node] : delta.nodes) nodes[key] = node->encode();
  }
  void drop(const std::vector<NodeKey>& stale) {
    for (const NodeKey& key : stale) nodes.erase(key);
  }
  std::map<NodeKey, Bytes> nodes;
};

using Model = std::map<Hash32, Hash32>;  // key hash -> value hash

inline Hash32 model_root(const Model& model) {
  const std::vector<std::pair<Hash32, Hash32>> leaves(model.begin(), model.end());
  return hash_of_leaves(leaves).hash;
}

// Key number n: `spread` false gives keys that share long prefixes, so that deep paths occur.
inline Hash32 model_key(std::uint64_t n, bool spread) {
  Hash32 out;
  for (std::size_t i = 0; i < 8; ++i)
    out.data[24 + i] = static_cast<std::uint8_t>(n >> (8 * (7 - i)));
  return spread ? state_key_hash(out) : out;
}
inline Hash32 model_value(std::uint64_t n) {
  Hash32 out;
  std::memcpy(out.data.data(), &n, sizeof n);
  out.data[31] = 1;
  return out;
}

}  // namespace witan::test
