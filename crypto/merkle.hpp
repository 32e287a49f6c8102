// Merkle trees over lists (RFC 6962 section 2.1):
//   leaf = SHA256(00 || data), node = SHA256(01 || left || right), empty list = SHA256("").
// A list of n > 1 leaves splits at the largest power of two below n.
//
// Used for transaction lists, block parts and everything else a header commits to as a list. Pure:
// no state, no allocation beyond the results, reentrant. Work is linear in the number of leaves;
// nothing recurses, so a peer cannot choose the stack depth.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan::merkle {

using Path = std::vector<Hash32>;  // sibling hashes, nearest to the leaf first

[[nodiscard]] Hash32 leaf_hash(ByteView data);
[[nodiscard]] Hash32 node_hash(const Hash32& left, const Hash32& right);
[[nodiscard]] Hash32 empty_root();

// Root of a list given leaf by leaf, in memory for one hash per level.
class RootBuilder {
 public:
  void add(ByteView data) { add_hash(leaf_hash(data)); }
  void add_hash(const Hash32& leaf);  // a leaf hash made by leaf_hash
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Root of the leaves so far; more may follow.
  [[nodiscard]] Hash32 root() const;

 private:
  // full_[i]: root of the complete subtree of 2^i leaves, meaningful when bit i of size_ is set.
  std::array<Hash32, 64> full_;
  std::uint64_t size_ = 0;
};

[[nodiscard]] Hash32 root_of_leaves(std::span<const ByteView> leaves);
[[nodiscard]] Hash32 root_of_leaves(std::span<const Bytes> leaves);
[[nodiscard]] Hash32 root_of_hashes(std::span<const Hash32> leaf_hashes);

// All inner hashes of a list, for many proofs from one pass: 2n hashes of memory, O(log n) per
// proof.
class Tree {
 public:
  explicit Tree(std::vector<Hash32> leaf_hashes);
  [[nodiscard]] static Tree of_leaves(std::span<const ByteView> leaves);

  [[nodiscard]] std::uint64_t size() const { return levels_.front().size(); }
  [[nodiscard]] Hash32 root() const;
  // PATH(index, D[n]). Errors: out_of_range (index >= size).
  [[nodiscard]] Result<Path> path(std::uint64_t index) const;
  // The path of every leaf, O(n log n) in total.
  [[nodiscard]] std::vector<Path> all_paths() const;
  // PROOF(old_size, D[n]): the first old_size leaves are a prefix of this list. Empty for
  // old_size == 0 and old_size == size. Errors: out_of_range (old_size > size).
  [[nodiscard]] Result<Path> consistency_path(std::uint64_t old_size) const;

 private:
  [[nodiscard]] Hash32 range_root(std::uint64_t first, std::uint64_t count) const;
  [[nodiscard]] Path path_unchecked(std::uint64_t index) const;
  // levels_[i][j]: root of leaves [j * 2^i, min((j + 1) * 2^i, n)); an unpaired node moves up as
  // is.
  std::vector<std::vector<Hash32>> levels_;
};

// Does `leaf` stand at `index` of the list of `size` leaves with this root? Never fails on any
// input: what does not fit together is false. Source: RFC 9162 section 2.1.3.2.
[[nodiscard]] bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash32& leaf,
                                    std::span<const Hash32> path, const Hash32& root);

// Is the list of `old_size` leaves with `old_root` a prefix of the list of `new_size` leaves with
// `new_root`? The empty list is a prefix of any list: it needs the empty root and an empty path.
// Source: RFC 9162 section 2.1.4.2.
[[nodiscard]] bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                      const Hash32& old_root, const Hash32& new_root,
                                      std::span<const Hash32> path);

}  // namespace witan::merkle
