// Complete proposals of one height: which values may be used in which round.
//
// Every distinct (value, pol_round) of a round's proposer is kept, at most
// `proposals_per_round_max` (P17: keeping only the first makes a decision impossible when the
// proposer equivocates). One more is admitted when a quorum stands behind its value (`wanted`).
// Rounds follow the vote keeper's window; beyond it a proposer has at most two rounds, the highest.
// Bound: 4 x (33 + 2n) entries plus wanted ones. Not thread-safe.
#pragma once
#include <optional>
#include <vector>

#include "actors/consensus/core/input.hpp"

namespace witan::consensus {

inline constexpr std::size_t proposals_per_round_max = 4;

struct StoredProposal {
  Round pol_round;
  BlockId value;
  bool valid = false;
  bool timely = true;  // of the first time it came
  bool operator==(const StoredProposal&) const = default;
};

struct ProposalOutcome {
  bool changed = false;                   // a proposal was added, or became valid
  std::optional<BlockId> conflicts_with;  // an earlier, different value of the same round
};

class ProposalKeeper {
 public:
  struct Entry {  // the proposals of one round, in order of arrival
    Round round;
    ValidatorIndex proposer = 0;
    std::vector<StoredProposal> proposals;
  };

  explicit ProposalKeeper(std::size_t proposals_per_round = proposals_per_round_max)
      : proposals_per_round_(proposals_per_round) {}
  void reset() { rounds_.clear(); }
  // REQUIRES: p.proposer is the proposer of p.round. `window_end`: last round of the window;
  // `wanted`: a quorum exists for the value, so the caps do not apply (unless it is one).
  ProposalOutcome add(const ProposalComplete& p, Round window_end, bool wanted);
  // Drops rounds before `begin`.
  void drop_before(Round begin);

  [[nodiscard]] const std::vector<StoredProposal>& at(Round round) const;
  [[nodiscard]] bool has_valid(Round round, const BlockId& value) const;
  [[nodiscard]] const std::vector<Entry>& all() const { return rounds_; }  // ascending rounds

 private:
  [[nodiscard]] Entry* place_for(const ProposalComplete& p, Round window_end, bool wanted);

  std::size_t proposals_per_round_;
  std::vector<Entry> rounds_;  // sorted by round
};

}  // namespace witan::consensus
