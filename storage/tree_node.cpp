#include "storage/tree_node.hpp"

#include "crypto/hash.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan {

NibblePath NibblePath::prefix(const Hash32& key_hash, std::size_t count) {
  NibblePath out;
  out.count = static_cast<std::uint8_t>(count);
  std::memcpy(out.packed.data(), key_hash.data.data(), (count + 1) / 2);
  if (count % 2 == 1) out.packed[count / 2] &= 0xF0U;
  return out;
}

void NodeKey::append_to(Bytes& out) const {
  out.push_back(static_cast<std::uint8_t>(module));
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(version >> shift));
  out.push_back(path.count);
  append(out, ByteView(path.packed).first((path.count + 1U) / 2U));
}

Result<NodeKey> NodeKey::decode(ByteView bytes) {
  const auto bad = [] { return fail(ErrorCode::corrupt, "node_key", "not a state tree node key"); };
  if (bytes.size() < 10 || bytes[0] >= module_count || bytes[9] > tree_depth_max) return bad();
  NodeKey out;
  out.module = static_cast<Module>(bytes[0]);
  for (std::size_t i = 1; i < 9; ++i) out.version = out.version << 8U | bytes[i];
  out.path.count = bytes[9];
  const std::size_t packed = (out.path.count + 1U) / 2U;
  if (bytes.size() != 10 + packed) return bad();
  std::memcpy(out.path.packed.data(), bytes.data() + 10, packed);
  return out;
}

TreeChild TreeChild::leaf(const Hash32& key_hash, const Hash32& value_hash) {
  TreeChild out;
  out.kind = Kind::leaf;
  out.hash = tree_leaf_hash(key_hash, value_hash);
  out.key_hash = key_hash;
  out.value_hash = value_hash;
  return out;
}

TreeNode::TreeNode(const TreeChildren& children) {
  std::size_t count = 0;
  for (const TreeChild& child : children) count += child.kind != TreeChild::Kind::empty ? 1U : 0U;
  children_.reserve(count);
  for (unsigned i = 0; i < 16; ++i) {
    if (children[i].kind == TreeChild::Kind::empty) continue;
    present_ |= 1U << i;
    children_.push_back(children[i]);
  }
}

TreeChildren TreeNode::expand() const {
  TreeChildren out;
  for (unsigned i = 0; i < 16; ++i)
    if (const TreeChild* c = child(i)) out[i] = *c;
  return out;
}

Bytes TreeNode::encode() const {
  ByteWriter out(4 + children_.size() * 64);
  unsigned leaves = 0;
  for (unsigned i = 0; i < 16; ++i) {
    const TreeChild* c = child(i);
    if (c != nullptr && c->kind == TreeChild::Kind::leaf) leaves |= 1U << i;
  }
  out.u16(static_cast<std::uint16_t>(present_)).u16(static_cast<std::uint16_t>(leaves));
  for (const TreeChild& c : children_) {
    if (c.kind == TreeChild::Kind::leaf)
      out.raw(c.key_hash.view()).raw(c.value_hash.view());
    else
      out.u64(c.version).raw(c.hash.view());
  }
  return out.take();
}

Result<TreeNode> TreeNode::decode(ByteView bytes) {
  ByteReader in(bytes);
  const unsigned present = in.u16();
  const unsigned leaves = in.u16();
  TreeChildren children;
  for (unsigned i = 0; i < 16; ++i) {
    if ((present >> i & 1U) == 0) continue;
    if ((leaves >> i & 1U) != 0) {
      const auto key_hash = in.fixed<Hash32>();
      children[i] = TreeChild::leaf(key_hash, in.fixed<Hash32>());
    } else {
      children[i].kind = TreeChild::Kind::internal;
      children[i].version = in.u64();
      children[i].hash = in.fixed<Hash32>();
    }
  }
  if (!in.done() || (leaves & ~present) != 0)
    return fail(ErrorCode::corrupt, "tree_node", "not a state tree node");
  return TreeNode(children);
}

Hash32 tree_leaf_hash(const Hash32& key_hash, const Hash32& value_hash) {
  static const HashTag tag("state-leaf");
  return tagged_hash(tag, {key_hash.view(), value_hash.view()});
}

Hash32 tree_branch_hash(const Hash32& left, const Hash32& right) {
  static const HashTag tag("state-branch");
  return tagged_hash(tag, {left.view(), right.view()});
}

Hash32 state_key_hash(const Hash32& key) {
  static const HashTag tag("state-key");
  return tagged_hash(tag, key.view());
}

Hash32 state_value_hash(ByteView value) {
  static const HashTag tag("state-value");
  return tagged_hash(tag, value);
}

SubtreeHash join(const SubtreeHash& left, const SubtreeHash& right) {
  using Kind = TreeChild::Kind;
  if (right.kind == Kind::empty && left.kind != Kind::internal) return left;
  if (left.kind == Kind::empty && right.kind != Kind::internal) return right;
  return {Kind::internal, tree_branch_hash(left.hash, right.hash)};
}

SubtreeHash subtree_hash(const TreeChildren& children, unsigned first, unsigned width) {
  if (width == 1) return {children[first].kind, children[first].hash};
  const unsigned half = width / 2;
  return join(subtree_hash(children, first, half), subtree_hash(children, first + half, half));
}

Hash32 node_hash(const TreeChildren& children) { return subtree_hash(children, 0, 16).hash; }

}  // namespace witan
