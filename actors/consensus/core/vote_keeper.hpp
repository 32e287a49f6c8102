// Holds and counts the votes of one height, in bounded memory, and answers which thresholds are
// met.
//
// Memory (P24). Exact tallies exist only for the rounds of a window around the current round r,
// [r - rounds_kept_past, r + rounds_kept_future]. Beyond it a validator has at most two slots, for
// the two highest far rounds it was heard in, each with one prevote and one precommit: a validator
// that names a thousand rounds costs no more than one that names two. Total: 33 tallies and 4n far
// votes.
//
// Skipping. Inside the window L55 is the paper's: f+1 senders of the very same round. Beyond it a
// sender at round R supports every far round <= R (monotone rule), and we may skip to the (f+1)-th
// highest far round: at least one correct validator has reached it, so a wrong skip is impossible
// with at most f liars. Entering the round moves the window, and far votes that are now inside it
// are counted exactly. A validator whose far vote was displaced supports, from then on, every round
// up to the displaced one. So we skip whenever the paper would (docs/proofs/round-skip.md).
//
// What leaving the window loses is recovered from certificates: re-proposals carry their polka,
// deciders send their commit certificate. A quorum seen while a round was in the window is kept as
// a certificate when it leaves ("proof"); certificates of rounds outside the window are proofs too,
// and so are those whose members could not all be counted (P18). At most `proofs_max`, lowest polka
// first out.
//
// Errors: none; what cannot be used is ignored. Not thread-safe.
#pragma once
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/consensus/core/input.hpp"
#include "actors/consensus/core/round_tally.hpp"

namespace witan::consensus {

inline constexpr std::int32_t rounds_kept_past = 16;
inline constexpr std::int32_t rounds_kept_future = 16;
inline constexpr std::size_t far_slots_per_validator = 2;
inline constexpr std::size_t proofs_max = 32;

class VoteKeeper {
 public:
  explicit VoteKeeper(std::size_t votes_per_validator = votes_per_validator_max)
      : votes_per_validator_(votes_per_validator) {}
  // Forgets everything; current round 0. `set` is kept alive.
  void reset(Height height, ValidatorSetPtr set);
  // The window follows the current round. Rounds only grow within a height.
  void enter(Round round);

  // Counts a vote. True if a threshold was crossed, that is: if some rule may have become enabled.
  bool add(const SignedVote& vote);
  // Applies a verified certificate as a whole; returns false (and does nothing) if it is not a
  // well-formed quorum of this height.
  bool add(const Certificate& certificate);
  // Notes that a validator proposed in `round` (L55 counts any message). True if L55 became
  // enabled.
  bool add_proposer(Round round, ValidatorIndex validator);

  // More than 2/3 for one value (nil included), from votes or a certificate; of any value.
  [[nodiscard]] bool has_quorum(VoteType type, Round round, const ValueId& value) const;
  [[nodiscard]] bool has_quorum_any(VoteType type, Round round) const;
  // The highest round above the current one that L55 allows to skip to, or nil.
  [[nodiscard]] Round skip_round() const { return skip_round_; }
  // Rounds and values with more than 2/3 precommits, in the order they were noticed.
  [[nodiscard]] const std::vector<RoundValue>& commit_quorums() const { return commits_; }

  [[nodiscard]] std::optional<Certificate> certificate(VoteType type, Round round,
                                                       const BlockId& value) const;
  [[nodiscard]] std::vector<SignedVote> votes(Round round) const;
  // Would adding this vote change a sum that can still matter, or be new evidence? Does not count
  // it.
  [[nodiscard]] bool wants(const Vote& vote) const;

  // A vote held that makes evidence together with this one: another value in the same place, or
  // amnesia. Counts and keeps nothing.
  [[nodiscard]] std::optional<SignedVote> contradicted_by(const Vote& vote) const;

  // Pairs of conflicting votes noticed since the last call.
  [[nodiscard]] std::vector<std::pair<SignedVote, SignedVote>> take_evidence();
  // Likewise precommits with the prevote that forgot them; at most one for each vote counted.
  [[nodiscard]] std::vector<std::pair<SignedVote, SignedVote>> take_amnesia();
  [[nodiscard]] bool has_evidence() const { return !evidence_.empty() || !amnesia_.empty(); }

  [[nodiscard]] const Thresholds& thresholds() const { return thresholds_; }
  [[nodiscard]] std::uint64_t power_of(ValidatorIndex v) const { return set_->at(v).power; }
  [[nodiscard]] Round window_begin() const { return Round(base_); }
  [[nodiscard]] Round window_end() const {
    return Round(current_.get() + rounds_kept_future);
  }  // last
  // nullptr if the round is outside the window or has no votes.
  [[nodiscard]] const RoundTally* tally(Round round) const;
  // Votes held anywhere: the figure the memory bound is about.
  [[nodiscard]] std::size_t vote_count() const;
  [[nodiscard]] std::size_t proof_count() const { return proofs_.size(); }

 private:
  struct FarSlot {
    Round round;
    std::optional<SignedVote> prevote, precommit;
  };
  using FarSlots = std::array<FarSlot, far_slots_per_validator>;

  [[nodiscard]] bool is_known(const Vote& vote) const;
  RoundTally& tally_for(Round round);
  bool add_exact(const SignedVote& vote);
  bool add_far(Round round, ValidatorIndex validator, const SignedVote* vote);
  [[nodiscard]] FarSlot* far_slot_for(Round round, ValidatorIndex validator);
  // The vote held, of any round of the window, that makes amnesia together with this one.
  [[nodiscard]] std::optional<SignedVote> amnesia_with(const Vote& vote) const;
  void note_commit(Round round, const BlockId& value);
  void add_proof(const Certificate& certificate);
  void keep_quorums_of(const RoundTally& tally);
  void shift_window();
  void promote_far();
  [[nodiscard]] bool supported(const RoundTally& tally) const;
  void find_far_skip();
  [[nodiscard]] const Certificate* proof(VoteType type, Round round, const BlockId& value) const;

  std::size_t votes_per_validator_;
  Height height_;
  ValidatorSetPtr set_;
  Thresholds thresholds_;
  Round current_{0};
  std::int32_t base_ = 0;                            // round of window_[0]
  std::vector<std::unique_ptr<RoundTally>> window_;  // always past + future + 1 places
  std::vector<FarSlots> far_;                        // by validator; empty until the first far vote
  std::vector<Round> displaced_;                     // by validator: highest far round not kept
  std::uint64_t far_power_ = 0;                      // power of validators with a far slot
  Round skip_round_;
  std::vector<RoundValue> commits_;
  std::vector<Certificate> proofs_;
  std::vector<std::pair<SignedVote, SignedVote>> evidence_;
  std::vector<std::pair<SignedVote, SignedVote>> amnesia_;
};

}  // namespace witan::consensus
