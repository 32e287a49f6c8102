#include "actors/consensus/core/part_set.hpp"

#include <algorithm>

#include "crypto/merkle.hpp"
#include "messages/base/check.hpp"
#include "messages/types/block.hpp"

namespace witan::consensus {
namespace {

std::uint32_t count_of(std::size_t total) {
  return static_cast<std::uint32_t>((total + part_size_bytes - 1) / part_size_bytes);
}

// Bytes of part `index` in a block of `total` bytes.
std::size_t size_of(std::uint32_t index, std::size_t total) {
  return std::min<std::size_t>(part_size_bytes, total - std::size_t{index} * part_size_bytes);
}

}  // namespace

CutBlock cut_block(Height height, Round round, ByteView bytes) {
  WITAN_CHECK(!bytes.empty() && bytes.size() <= block_bytes_max, bytes.size());
  CutBlock out;
  out.header.count = count_of(bytes.size());
  out.header.total_bytes = static_cast<std::uint32_t>(bytes.size());
  std::vector<Hash32> leaves;
  for (std::uint32_t i = 0; i < out.header.count; ++i)
    leaves.push_back(merkle::leaf_hash(
        bytes.subspan(std::size_t{i} * part_size_bytes, size_of(i, bytes.size()))));
  const merkle::Tree tree(std::move(leaves));
  out.header.root = tree.root();
  auto paths = tree.all_paths();
  for (std::uint32_t i = 0; i < out.header.count; ++i) {
    const ByteView slice =
        bytes.subspan(std::size_t{i} * part_size_bytes, size_of(i, bytes.size()));
    out.parts.push_back({height, round, out.header.root, i, Bytes(slice.begin(), slice.end()),
                         std::move(paths[i])});
  }
  return out;
}

Status check_part(const BlockPart& part, std::uint32_t parts_count) {
  if (!merkle::verify_inclusion(part.index, parts_count, merkle::leaf_hash(part.bytes), part.proof,
                                part.parts_root))
    return fail(ErrorCode::bad_proof, "part.proof", "part does not belong under this root");
  return {};
}

PartSet::PartSet(const PartSetHeader& header)
    : header_(header), bytes_(header.total_bytes), have_(header.count) {
  WITAN_CHECK(header.count == count_of(header.total_bytes), header.count, header.total_bytes);
}

bool PartSet::add(const BlockPart& part) {
  if (part.parts_root != header_.root || part.index >= header_.count || have_[part.index])
    return false;
  if (part.bytes.size() != size_of(part.index, header_.total_bytes)) return false;
  std::copy(part.bytes.begin(), part.bytes.end(),
            bytes_.begin() + static_cast<std::ptrdiff_t>(part.index) * part_size_bytes);
  have_[part.index] = true;
  ++held_;
  return true;
}

const Bytes& PartSet::bytes() const {
  WITAN_CHECK(complete(), held_, header_.count);
  return bytes_;
}

}  // namespace witan::consensus
