// The proposer's signed statement "in (height, round) decide this block", and the parts that carry
// it.
#pragma once
#include <vector>

#include "messages/types/vote.hpp"

namespace witan {

// A block's encoded bytes are cut into parts of part_size bytes (the last may be shorter);
// parts_root is the RFC 6962 Merkle root over the parts, so each part can be checked alone.
inline constexpr std::uint32_t part_size_bytes = 64 * 1024 - 512;

struct PartSetHeader {
  std::uint32_t count = 0;        // >= 1
  std::uint32_t total_bytes = 0;  // sum of all parts
  Hash32 root;
  bool operator==(const PartSetHeader&) const = default;
};

struct Proposal {
  Height height;
  Round round;      // >= 0
  Round pol_round;  // round of the polka that makes re-proposal safe, or nil
  BlockId block_id;
  PartSetHeader parts;
  ValidatorIndex proposer = 0;
  bool operator==(const Proposal&) const = default;
};

struct SignedProposal {
  Proposal proposal;
  Signature signature;
  bool operator==(const SignedProposal&) const = default;
};

struct BlockPart {
  Height height;
  Round round;
  Hash32 parts_root;        // which part set it belongs to
  std::uint32_t index = 0;  // bound into the proof (P35)
  Bytes bytes;
  std::vector<Hash32> proof;  // RFC 6962 audit path
};

}  // namespace witan
