// A block's bytes cut into Merkle-proved parts, and put together again from parts that arrive in
// any order. The proposal's signed PartSetHeader is the root of trust (P35: the index is in the
// proof).
#pragma once
#include <vector>

#include "messages/base/result.hpp"
#include "messages/types/proposal.hpp"

namespace witan::consensus {

struct CutBlock {
  PartSetHeader header;
  std::vector<BlockPart> parts;  // height and round as given to cut_block
};
// REQUIRES: bytes not empty and at most block_bytes_max.
[[nodiscard]] CutBlock cut_block(Height height, Round round, ByteView bytes);

// Does the part prove that its bytes are number `index` of `parts_count` parts under parts_root?
// Errors: bad_proof.
[[nodiscard]] Status check_part(const BlockPart& part, std::uint32_t parts_count);

// Parts of one block on their way in. Memory: what the header announces (bounded by the decoder).
class PartSet {
 public:
  explicit PartSet(const PartSetHeader& header);

  // Takes a part whose proof was checked. False: already held, or it does not fit this set.
  bool add(const BlockPart& part);
  [[nodiscard]] bool complete() const { return held_ == header_.count; }
  // The whole block. REQUIRES: complete().
  [[nodiscard]] const Bytes& bytes() const;
  [[nodiscard]] const PartSetHeader& header() const { return header_; }

 private:
  PartSetHeader header_;
  Bytes bytes_;
  std::vector<bool> have_;
  std::uint32_t held_ = 0;
};

}  // namespace witan::consensus
