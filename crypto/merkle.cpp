#include "crypto/merkle.hpp"

#include <bit>

#include "crypto/hash.hpp"
#include "messages/base/check.hpp"

namespace witan::merkle {
namespace {

constexpr std::array<std::uint8_t, 1> leaf_prefix{0x00};
constexpr std::array<std::uint8_t, 1> node_prefix{0x01};

// Smallest k with 2^k >= n. REQUIRES n > 0.
int ceil_log2(std::uint64_t n) { return static_cast<int>(std::bit_width(n - 1)); }

template <class Leaf>
Hash32 root_of(std::span<const Leaf> leaves) {
  RootBuilder builder;
  for (const auto& leaf : leaves) builder.add(leaf);
  return builder.root();
}

}  // namespace

Hash32 leaf_hash(ByteView data) { return sha256({leaf_prefix, data}); }

Hash32 node_hash(const Hash32& left, const Hash32& right) {
  return sha256({node_prefix, left.view(), right.view()});
}

Hash32 empty_root() { return sha256(ByteView{}); }

void RootBuilder::add_hash(const Hash32& leaf) {
  // Binary counting: each trailing one bit is a full subtree that the new leaf completes.
  Hash32 carry = leaf;
  std::size_t level = 0;
  for (; (size_ >> level & 1) != 0; ++level) carry = node_hash(full_[level], carry);
  full_[level] = carry;
  ++size_;
}

Hash32 RootBuilder::root() const {
  if (size_ == 0) return empty_root();
  auto level = static_cast<std::size_t>(std::countr_zero(size_));
  Hash32 out = full_[level];
  for (++level; level < full_.size(); ++level)
    if ((size_ >> level & 1) != 0) out = node_hash(full_[level], out);
  return out;
}

Hash32 root_of_leaves(std::span<const ByteView> leaves) { return root_of(leaves); }
Hash32 root_of_leaves(std::span<const Bytes> leaves) { return root_of(leaves); }

Hash32 root_of_hashes(std::span<const Hash32> leaf_hashes) {
  RootBuilder builder;
  for (const auto& leaf : leaf_hashes) builder.add_hash(leaf);
  return builder.root();
}

Tree::Tree(std::vector<Hash32> leaf_hashes) {
  levels_.push_back(std::move(leaf_hashes));
  while (levels_.back().size() > 1) {
    const auto& below = levels_.back();
    std::vector<Hash32> level;
    level.reserve((below.size() + 1) / 2);
    for (std::size_t i = 0; i + 1 < below.size(); i += 2)
      level.push_back(node_hash(below[i], below[i + 1]));
    if (below.size() % 2 == 1) level.push_back(below.back());
    levels_.push_back(std::move(level));
  }
}

Tree Tree::of_leaves(std::span<const ByteView> leaves) {
  std::vector<Hash32> hashes;
  hashes.reserve(leaves.size());
  for (ByteView leaf : leaves) hashes.push_back(leaf_hash(leaf));
  return Tree(std::move(hashes));
}

Hash32 Tree::root() const { return size() == 0 ? empty_root() : levels_.back().front(); }

Path Tree::path_unchecked(std::uint64_t index) const {
  Path out;
  out.reserve(levels_.size());
  for (const auto& level : levels_) {
    const std::uint64_t sibling = index ^ 1;
    if (sibling < level.size()) out.push_back(level[sibling]);
    index >>= 1;
  }
  return out;
}

Result<Path> Tree::path(std::uint64_t index) const {
  if (index >= size())
    return fail(ErrorCode::out_of_range, "index",
                "leaf " + std::to_string(index) + " of a list of " + std::to_string(size()));
  return path_unchecked(index);
}

std::vector<Path> Tree::all_paths() const {
  std::vector<Path> out;
  out.reserve(size());
  for (std::uint64_t i = 0; i < size(); ++i) out.push_back(path_unchecked(i));
  return out;
}

Hash32 Tree::range_root(std::uint64_t first, std::uint64_t count) const {
  const int level = ceil_log2(count);
  const std::uint64_t index = first >> level;
  WITAN_CHECK(index << level == first, first, count);
  return levels_[static_cast<std::size_t>(level)][index];
}

Result<Path> Tree::consistency_path(std::uint64_t old_size) const {
  if (old_size > size())
    return fail(ErrorCode::out_of_range, "old_size",
                std::to_string(old_size) + " of a list of " + std::to_string(size()));
  if (old_size == 0 || old_size == size()) return Path{};
  // SUBPROOF(m, D[first : first + count], whole) of the RFC as a loop: each step halves `count`.
  Path out;
  std::uint64_t first = 0, count = size(), m = old_size;
  bool whole = true;  // is the old list's root the root of this range?
  while (m != count) {
    const std::uint64_t split = std::bit_floor(count - 1);
    if (m <= split) {
      out.push_back(range_root(first + split, count - split));
      count = split;
    } else {
      out.push_back(range_root(first, split));
      first += split;
      count -= split;
      m -= split;
      whole = false;
    }
  }
  if (!whole) out.push_back(range_root(first, count));
  return Path(out.rbegin(), out.rend());
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash32& leaf,
                      std::span<const Hash32> path, const Hash32& root) {
  if (index >= size) return false;
  std::uint64_t node = index, last = size - 1;
  Hash32 hash = leaf;
  for (const Hash32& sibling : path) {
    if (last == 0) return false;  // path longer than the tree is high
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      // An unpaired node has moved up without hashing: skip those levels.
      const int skip = std::countr_zero(node);
      node >>= skip;
      last >>= skip;
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Hash32& old_root,
                        const Hash32& new_root, std::span<const Hash32> path) {
  if (old_size > new_size) return false;
  if (old_size == new_size)
    return path.empty() && old_root == new_root && (old_size != 0 || old_root == empty_root());
  if (old_size == 0) return path.empty() && old_root == empty_root();
  std::uint64_t node = old_size - 1, last = new_size - 1;
  const int full = std::countr_one(node);
  node >>= full;
  last >>= full;
  // A complete old list starts the path itself: its root is not repeated.
  const bool complete = std::has_single_bit(old_size);
  if (path.empty()) return false;
  Hash32 old_hash = complete ? old_root : path.front();
  Hash32 new_hash = old_hash;
  if (!complete) path = path.subspan(1);
  for (const Hash32& sibling : path) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
      const int skip = std::countr_zero(node);
      node >>= skip;
      last >>= skip;
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && new_hash == new_root;
}

}  // namespace witan::merkle
