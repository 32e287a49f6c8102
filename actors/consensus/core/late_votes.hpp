// Votes of the height just decided that came after its decision, from which only evidence can come
// any more. The vote keeper has what came before; here are the others, so that two late votes of
// one validator are compared with each other as well.
//
// Nobody has verified them (most prove nothing, and a signature costs more than all of this), so
// each remembers the peer that sent it: when a pair turns out to hold a forged one, that peer is
// to blame and not the validator, nor who sent the other one. A forged vote hides no true pair,
// since every pair is given out, not only the first.
//
// Bounded: late_votes_max of each validator, of which one peer may send late_votes_per_sender.
// Pure, not thread-safe; owned by the consensus actor.
#pragma once
#include <map>
#include <vector>

#include "messages/types/evidence.hpp"

namespace witan::consensus {

// The honest have one prevote and one precommit in a round, and rounds are few.
inline constexpr std::size_t late_votes_max = 16;
inline constexpr std::size_t late_votes_per_sender = 4;

class LateVotes {
 public:
  struct Late {
    SignedVote vote;
    std::uint32_t from = 0;  // the peer that sent it, unverified; 0: verified
    bool operator==(const Late&) const = default;
  };

  // Keeps it, and gives those of before that contradict it (P1, P3).
  // REQUIRES: its validator is in the set; all are of one height.
  [[nodiscard]] std::vector<Late> add(const Late& late);
  void clear() { by_validator_.clear(); }

 private:
  std::map<ValidatorIndex, std::vector<Late>> by_validator_;
};

}  // namespace witan::consensus
