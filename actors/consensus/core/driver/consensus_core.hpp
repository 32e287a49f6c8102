// The consensus core: Tendermint (arXiv 1807.04938) for one validator, as a pure state machine.
// Inputs in, effects out; no clock, disk, network, thread or randomness. The same inputs give the
// same effects on every machine.
//
// Parts: VoteKeeper counts, ProposalKeeper holds proposals, next_input (threshold_mux.hpp) finds
// the enabled rule, apply (round_machine.hpp) executes it. This class feeds one to the other until
// no rule is enabled, turns outputs into effects, and guards what we say in our own name.
//
// Invariants:
//  1. Own votes are asked for in strictly increasing (height, round, type), own proposals in
//  strictly
//     increasing (height, round), across heights, restarts (RestoreOwn...) and replays. So a
//     second, different vote for the same (height, round, type) is impossible, whatever the inputs.
//  2. locked.round and valid.round never decrease within a height, and locked.round <= valid.round.
//  3. At most one Decide per height; nothing is emitted between it and the next StartHeight.
//  4. Memory is bounded by the validator count whatever peers send (vote_keeper.hpp, two heights).
//  5. Own messages have no effect on the tallies until they come back as inputs.
// Cost: a vote that crosses no threshold is O(1); one that does runs the rules.
// Not thread-safe; owned by the consensus actor.
#pragma once
#include <array>
#include <optional>
#include <tuple>
#include <vector>

#include "actors/consensus/core/effect.hpp"
#include "actors/consensus/core/proposal_keeper.hpp"
#include "actors/consensus/core/round_machine.hpp"
#include "actors/consensus/core/state_dump.hpp"
#include "actors/consensus/core/vote_keeper.hpp"

namespace witan::consensus {

// Which messages of a higher round let us skip to it (L55). The paper says any.
enum class SkipSupport : std::uint8_t { any_message, votes_only };

// How Algorithm 1 is read where it leaves room. Nodes use the defaults (decisions.md D9: every
// distinct vote and proposal counts, within bounds); others count the first of each only, or skip
// by votes only, and their traces are replayed with their reading.
struct Reading {
  SkipSupport skip = SkipSupport::any_message;
  std::size_t votes_per_validator = votes_per_validator_max;
  std::size_t proposals_per_round = proposals_per_round_max;
};

class ConsensusCore {
 public:
  explicit ConsensusCore(Reading reading = {})
      : skip_support_(reading.skip),
        votes_(reading.votes_per_validator),
        decided_votes_(reading.votes_per_validator),
        proposals_(reading.proposals_per_round) {}

  [[nodiscard]] std::vector<Effect> apply(const Input& input);

  [[nodiscard]] const RoundState& state() const { return state_; }
  [[nodiscard]] StateDump dump() const;

  // For gossip: the votes held of a round, and the polka behind the valid value (which is the
  // locked one, or a newer one). None if the lock was restored and its certificate has not been
  // seen again.
  [[nodiscard]] std::vector<SignedVote> votes(Round round) const { return votes_.votes(round); }
  [[nodiscard]] const std::optional<PolkaCertificate>& polka_certificate() const { return polka_; }
  // A certificate for (type, round, value), if the votes or certificates held make one.
  [[nodiscard]] std::optional<Certificate> certificate(VoteType type, Round round,
                                                       const BlockId& value) const {
    return votes_.certificate(type, round, value);
  }
  // Rounds and values with more than 2/3 precommits: when undecided, the block is what is missing.
  [[nodiscard]] const std::vector<RoundValue>& commit_quorums() const {
    return votes_.commit_quorums();
  }

  // Somebody precommitted something else in the round of our polka, so he had not seen it when he
  // did: nobody can leave the round without such precommits, and none comes where all is well.
  [[nodiscard]] bool polka_is_missed() const;
  // What entitles everybody to be in the current round: f+1 votes of it, or 2f+1 precommits of the
  // one before. None in round 0, or if it was entered by a certificate, a proposal, or votes of
  // several rounds beyond the window.
  [[nodiscard]] std::optional<RoundCertificate> round_certificate() const;

  // Would this vote still matter? False for other heights, duplicates and surplus votes: their
  // signatures need not be verified. True for evidence.
  [[nodiscard]] bool wants(const Vote& vote) const;
  // After the decision: the vote held of the height just decided (until the next one is decided)
  // that makes evidence together with this one. Nothing is counted any more.
  [[nodiscard]] std::optional<SignedVote> contradicted_by(const Vote& late) const;
  // Proposer of a round of this height; an index outside the set means nobody.
  [[nodiscard]] ValidatorIndex proposer(Round round) const;

 private:
  void on(const StartHeight& in);
  void on(const ProposeValue& in);
  void on(const ProposalComplete& in);
  void on(const VoteReceived& in);
  void on(const CertificateReceived& in);
  void on(const TimeoutFired& in);
  void on(const RestoreOwnVote& in);
  void on(const RestoreOwnProposal& in);
  void on(const SetReplaying& in);

  [[nodiscard]] bool is_current(Height height) const;
  void enter(Round round);
  void step(const RoundInput& input);
  void drain();
  void perform(const RoundOutput& output);
  void sign_vote(VoteType type, const RoundOutput& output);
  void sign_proposal(const RoundOutput& output);
  void ask_for_value();
  void schedule(Step step);
  void decide(const RoundOutput& output);
  void note_polka(Step step_before);
  void note_failed_round();
  [[nodiscard]] std::optional<RoundCertificate> collect(RoundCertificate::Kind kind, Round round,
                                                        std::uint64_t power) const;
  void emit_evidence();
  void resume();
  void adopt_restored_lock();
  // While replaying, live effects are dropped (resume() rebuilds them) and signatures are put off.
  void emit_live(Effect effect);
  void emit_signature(Effect effect);

  SkipSupport skip_support_;
  RoundState state_;
  VoteKeeper votes_;
  VoteKeeper decided_votes_;  // of the height before; empty after a restart
  ProposalKeeper proposals_;
  std::vector<ValidatorIndex> proposers_;
  std::optional<ValidatorIndex> self_;
  std::optional<PolkaCertificate> polka_;
  bool awaiting_value_ = false;
  bool proposal_timed_out_ = false;  // of this round
  bool round_failed_ = false;        // said of this round

  std::uint64_t generation_ = 0;           // last one given out; never reset
  std::array<std::uint64_t, 5> timers_{};  // by Step: generation alive in this round, 0 = none

  using OwnVoteKey = std::tuple<Height, Round, VoteType>;
  std::optional<OwnVoteKey> own_vote_high_;
  std::optional<std::pair<Height, Round>> own_proposal_high_;
  Height restored_height_;
  std::optional<RoundValue> restored_locked_, restored_valid_;

  bool replaying_ = false;
  std::vector<Effect> deferred_;  // own signatures not covered by restored records
  std::vector<Effect> effects_;
};

}  // namespace witan::consensus
