// What a validator says about a value: prevote or precommit, for a block id or for nil.
#pragma once
#include <optional>

#include "messages/base/bytes.hpp"
#include "messages/types/height.hpp"

namespace witan {

using BlockId = Hash32;                  // hash of the block's header: the consensus "value id"
using ValueId = std::optional<BlockId>;  // nullopt = nil

struct Vote {
  VoteType type = VoteType::prevote;
  Height height;
  Round round;      // >= 0
  ValueId value;    // nil or a block id
  Round pol_round;  // prevote: valid round that justified it (makes amnesia provable), else nil
  ValidatorIndex validator = 0;
  bool operator==(const Vote&) const = default;
};

struct SignedVote {
  Vote vote;
  Signature signature;
  bool operator==(const SignedVote&) const = default;
};

}  // namespace witan
