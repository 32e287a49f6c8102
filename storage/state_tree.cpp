#include "storage/state_tree.hpp"

#include <algorithm>

#include "messages/base/check.hpp"
#include "messages/base/hex.hpp"

namespace witan {
namespace {

using Kind = TreeChild::Kind;
using Updates = std::span<const TreeUpdate>;

// One run of apply(). Recursion depth is bounded by tree_depth_max.
class Applier {
 public:
  Applier(const NodeReader& reader, Module module, std::uint64_t version, TreeDelta& out)
      : reader_(reader), module_(module), version_(version), out_(out) {}

  // The subtree at `depth` nibbles after the updates, all of which lie in it.
  Result<TreeChild> update(const TreeChild& old, std::size_t depth, Updates updates) {
    if (updates.empty()) return old;
    if (old.kind == Kind::internal) return update_internal(old, depth, updates);
    return update_small(old, depth, updates);
  }

  // Like update() for the root, which stays a node even when it holds one leaf.
  Result<TreeRoot> update_root(const TreeRoot& base, Updates updates) {
    TreeChildren children;
    if (!base.empty()) {
      WITAN_TRY(TreeNodePtr node, reader_.read(NodeKey{module_, base.version, {}}));
      children = node->expand();
    }
    WITAN_TRY(const bool changed, update_children(children, 0, updates));
    if (!changed) return base;
    if (!base.empty()) out_.stale.push_back(NodeKey{module_, base.version, {}});
    const Hash32 hash = node_hash(children);
    if (!hash.is_zero()) emit(NibblePath{}, children);
    return TreeRoot{hash, version_};
  }

 private:
  Result<TreeChild> update_internal(const TreeChild& old, std::size_t depth, Updates updates) {
    const NibblePath path = NibblePath::prefix(updates.front().key_hash, depth);
    const NodeKey old_key{module_, old.version, path};
    WITAN_TRY(TreeNodePtr node, reader_.read(old_key));
    TreeChildren children = node->expand();
    WITAN_TRY(const bool changed, update_children(children, depth, updates));
    if (!changed) return old;
    out_.stale.push_back(old_key);
    return finish(children, path);
  }

  // Old subtree is empty or one leaf: the new one is built from the leaf and the values set.
  Result<TreeChild> update_small(const TreeChild& old, std::size_t depth, Updates updates) {
    std::vector<std::pair<Hash32, Hash32>> leaves;
    leaves.reserve(updates.size() + 1);
    bool old_pending = old.kind == Kind::leaf;
    for (const TreeUpdate& u : updates) {
      if (old_pending && old.key_hash <= u.key_hash) {
        if (old.key_hash < u.key_hash) leaves.emplace_back(old.key_hash, old.value_hash);
        old_pending = false;
      }
      if (u.value_hash) leaves.emplace_back(u.key_hash, *u.value_hash);
    }
    if (old_pending) leaves.emplace_back(old.key_hash, old.value_hash);
    return build(leaves, depth);
  }

  TreeChild build(std::span<const std::pair<Hash32, Hash32>> leaves, std::size_t depth) {
    if (leaves.empty()) return {};
    if (leaves.size() == 1) return TreeChild::leaf(leaves[0].first, leaves[0].second);
    WITAN_CHECK(depth < tree_depth_max, depth);
    TreeChildren children;
    for (std::size_t lo = 0; lo < leaves.size();) {
      const unsigned nibble = nibble_at(leaves[lo].first, depth);
      std::size_t hi = lo + 1;
      while (hi < leaves.size() && nibble_at(leaves[hi].first, depth) == nibble) ++hi;
      children[nibble] = build(leaves.subspan(lo, hi - lo), depth + 1);
      lo = hi;
    }
    return finish(children, NibblePath::prefix(leaves[0].first, depth));
  }

  Result<bool> update_children(TreeChildren& children, std::size_t depth, Updates updates) {
    bool changed = false;
    for (std::size_t lo = 0; lo < updates.size();) {
      const unsigned nibble = nibble_at(updates[lo].key_hash, depth);
      std::size_t hi = lo + 1;
      while (hi < updates.size() && nibble_at(updates[hi].key_hash, depth) == nibble) ++hi;
      WITAN_TRY(TreeChild child, update(children[nibble], depth + 1, updates.subspan(lo, hi - lo)));
      if (child != children[nibble]) {
        changed = true;
        children[nibble] = child;
      }
      lo = hi;
    }
    return changed;
  }

  // A node below the root: empty, a leaf that moves up, or a new node.
  TreeChild finish(const TreeChildren& children, const NibblePath& path) {
    std::size_t count = 0;
    const TreeChild* last = nullptr;
    for (const TreeChild& c : children) {
      if (c.kind == Kind::empty) continue;
      ++count;
      last = &c;
    }
    if (count == 0) return {};
    if (count == 1 && last->kind == Kind::leaf) return *last;
    TreeChild out;
    out.kind = Kind::internal;
    out.hash = node_hash(children);
    out.version = version_;
    emit(path, children);
    return out;
  }

  void emit(const NibblePath& path, const TreeChildren& children) {
    out_.nodes.emplace_back(NodeKey{module_, version_, path},
                            std::make_shared<const TreeNode>(children));
  }

  const NodeReader& reader_;
  Module module_;
  std::uint64_t version_;
  TreeDelta& out_;
};

Status verify_below(const NodeReader& reader, const NodeKey& key, const Hash32& expected) {
  auto node = reader.read(key);
  const auto where = [&] {
    return "tree_node." + to_hex(key.path.packed).substr(0, key.path.count);
  };
  if (!node) return fail(node.error().code, where(), node.error().text);
  if (node_hash((*node)->expand()) != expected)
    return fail(ErrorCode::corrupt, where(), "node does not have the hash its parent records");
  for (unsigned i = 0; i < 16; ++i) {
    const TreeChild* c = (*node)->child(i);
    if (c == nullptr || c->kind != Kind::internal) continue;
    if (key.path.count >= tree_depth_max)
      return fail(ErrorCode::corrupt, where(), "tree is deeper than a key");
    NodeKey below{key.module, c->version, key.path};
    below.path.packed[key.path.count / 2U] |=
        static_cast<std::uint8_t>(key.path.count % 2 == 0 ? i << 4U : i);
    ++below.path.count;
    WITAN_TRY_VOID(verify_below(reader, below, c->hash));
  }
  return {};
}

}  // namespace

Result<TreeDelta> apply(const NodeReader& reader, Module module, const TreeRoot& base,
                        std::uint64_t version, std::span<const TreeUpdate> updates) {
  TreeDelta out;
  WITAN_TRY(out.root, Applier(reader, module, version, out).update_root(base, updates));
  return out;
}

Result<StateProof> prove(const NodeReader& reader, Module module, const TreeRoot& root,
                         const Hash32& key_hash) {
  StateProof proof;
  if (root.empty()) return proof;
  std::uint64_t version = root.version;
  for (std::size_t depth = 0; depth < tree_depth_max; ++depth) {
    WITAN_TRY(TreeNodePtr node,
              reader.read(NodeKey{module, version, NibblePath::prefix(key_hash, depth)}));
    const TreeChildren children = node->expand();
    const unsigned nibble = nibble_at(key_hash, depth);
    unsigned first = 0;
    for (unsigned width = 16;; width /= 2) {
      const TreeChild* only = nullptr;
      std::size_t count = 0;
      for (unsigned i = first; i < first + width; ++i) {
        if (children[i].kind == Kind::empty) continue;
        ++count;
        only = &children[i];
      }
      if (count == 0) return proof;
      if (count == 1 && only->kind == Kind::leaf) {
        proof.leaf = StateProof::Leaf{only->key_hash, only->value_hash};
        return proof;
      }
      if (width == 1) break;
      const unsigned half = width / 2;
      const bool right = nibble >= first + half;
      proof.siblings.push_back(subtree_hash(children, right ? first : first + half, half).hash);
      if (right) first += half;
    }
    version = children[nibble].version;
  }
  return fail(ErrorCode::corrupt, "tree_node", "tree is deeper than a key");
}

Result<std::optional<Hash32>> find(const NodeReader& reader, Module module, const TreeRoot& root,
                                   const Hash32& key_hash) {
  if (root.empty()) return std::nullopt;
  std::uint64_t version = root.version;
  for (std::size_t depth = 0; depth < tree_depth_max; ++depth) {
    WITAN_TRY(TreeNodePtr node,
              reader.read(NodeKey{module, version, NibblePath::prefix(key_hash, depth)}));
    const TreeChild* c = node->child(nibble_at(key_hash, depth));
    if (c == nullptr) return std::nullopt;
    if (c->kind == Kind::leaf)
      return c->key_hash == key_hash ? std::optional(c->value_hash) : std::nullopt;
    version = c->version;
  }
  return fail(ErrorCode::corrupt, "tree_node", "tree is deeper than a key");
}

SubtreeHash hash_of_leaves(std::span<const std::pair<Hash32, Hash32>> leaves,
                           std::size_t depth_bits) {
  if (leaves.empty()) return {};
  if (leaves.size() == 1) return {Kind::leaf, tree_leaf_hash(leaves[0].first, leaves[0].second)};
  WITAN_CHECK(depth_bits < 256, depth_bits);
  const auto middle = std::partition_point(leaves.begin(), leaves.end(), [&](const auto& leaf) {
    return (leaf.first.data[depth_bits / 8] >> (7U - depth_bits % 8) & 1U) == 0;
  });
  const auto split = static_cast<std::size_t>(middle - leaves.begin());
  return join(hash_of_leaves(leaves.first(split), depth_bits + 1),
              hash_of_leaves(leaves.subspan(split), depth_bits + 1));
}

Status verify_nodes(const NodeReader& reader, Module module, const TreeRoot& root) {
  if (root.empty()) return {};
  return verify_below(reader, NodeKey{module, root.version, {}}, root.hash);
}

}  // namespace witan
