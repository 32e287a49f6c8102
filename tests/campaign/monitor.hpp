// Watches the correct validators of a run and ends it, by throwing Violation, at the first breach
// of an invariant. What is checked, and after which event, is said at each function; evidence is
// judged over everything correct validators received (accountability.hpp).
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "actors/consensus/core/driver/consensus_core.hpp"
#include "tests/campaign/accountability.hpp"
#include "tests/campaign/message.hpp"
#include "tests/campaign/scenario.hpp"

namespace witan::campaign {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Monitor {
 public:
  Monitor(const Scenario& scenario, ValidatorSetPtr set);

  // After every input of a correct core: round, step, lock and valid value never move back in a
  // height; now and then its memory bounds.
  void stepped(ValidatorIndex node, const consensus::RoundState& before,
               const consensus::ConsensusCore& core);
  // No second, different own vote or proposal for a step, in the whole run, crashes included.
  void signed_vote(const SignedVote& vote);
  void signed_block(const SignedBlock& block);
  // The signer refused what the core asked for: one of the two is wrong.
  void refused(ValidatorIndex node, const std::string& why);
  // Certificate valid, block valid and of that height, one decision per node; agreement unless
  // there are f+1 liars.
  void decided(ValidatorIndex node, const consensus::Decide& decision, Round round_now);
  // Only liars are accused, and by two messages that they signed.
  void accused(ValidatorIndex node, const consensus::Equivocation& evidence);
  void accused(ValidatorIndex node, const consensus::AmnesiaFound& evidence);
  void accused(ValidatorIndex node, const consensus::ProposalEquivocation& evidence);
  // A verified message reached a correct validator.
  void heard(const Content& content) { accountability_.heard(content); }

  // From here on the schedule is fair; `states` of the correct validators. `must_decide`: within
  // rounds_allowed().
  void healed(const std::vector<consensus::RoundState>& states, bool must_decide);
  // At the end: nobody correct is found guilty; a disagreement names more than a third.
  void finish();

  [[nodiscard]] bool disagreed() const { return disagreed_; }
  [[nodiscard]] int rounds_after_healing() const { return rounds_after_healing_; }
  [[nodiscard]] std::uint64_t guilty_permille() const { return guilty_permille_; }
  [[nodiscard]] std::size_t decisions() const { return decisions_; }

 private:
  void require(bool holds, ValidatorIndex node, const std::string& what) const;
  void check_memory(ValidatorIndex node, const consensus::ConsensusCore& core) const;

  const Scenario& scenario_;
  ValidatorSetPtr set_;
  Accountability accountability_;
  std::map<std::tuple<ValidatorIndex, Height, Round, VoteType>, ValueId> votes_;
  std::map<std::tuple<ValidatorIndex, Height, Round>, BlockId> proposals_;
  std::map<std::pair<ValidatorIndex, Height>, BlockId> decisions_of_;
  std::map<Height, BlockId> agreed_;
  std::map<Height, Round> rounds_at_healing_;
  bool healed_ = false;
  bool must_decide_ = false;
  bool disagreed_ = false;
  int rounds_after_healing_ = 0;
  std::uint64_t guilty_permille_ = 0;
  std::size_t decisions_ = 0;
  std::size_t steps_ = 0;
};

// Rounds within which every correct validator decides a height once the schedule is fair, counted
// from the highest round any of them is in: one turn of the proposers, and as much again for locks
// that an earlier turn left.
[[nodiscard]] constexpr int rounds_allowed(std::size_t validators) {
  return static_cast<int>(2 * validators + 4);
}

}  // namespace witan::campaign
