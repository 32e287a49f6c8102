// Four consensus cores on a hostile network, driven by one seed: messages are lost, delayed,
// repeated and reordered; validator 3 equivocates; correct nodes crash and replay their logs. The
// checks inside are what must hold at every step; decisions are compared across nodes.
#pragma once
#include <map>
#include <vector>

#include "messages/base/random.hpp"
#include "tests/unit/consensus_core/script.hpp"

namespace witan::consensus::test {

struct SimOptions {
  std::uint32_t loss_permille = 150;
  std::uint32_t repeat_permille = 50;
  std::uint32_t crash_permille = 5;
  std::uint32_t lost_log_permille =
      0;  // of the crashes, those that lose the log but not the sign-state
  std::uint32_t lie_permille = 150;   // the equivocator speaks in this share of the steps
  std::uint32_t timer_permille = 40;  // a timer fires though messages are under way
};

class SimNet {
 public:
  static constexpr ValidatorIndex correct = 3;  // validators 0..2; 3 is the equivocator
  SimNet(std::uint64_t seed, SimOptions options);

  // Random schedule of so many steps.
  void run(std::size_t steps);
  // The network heals: everything said is delivered to everyone, and before the next timer goes
  // off. From here timers take their time, which grows with the round, and the nearest is the next:
  // a node that is behind the others catches up in a later round. Returns true if every correct
  // node decides within `rounds_max` more rounds.
  [[nodiscard]] bool heal_and_decide(int rounds_max);

  [[nodiscard]] std::size_t decided() const { return decisions_.size(); }
  [[nodiscard]] int round_highest() const;
  [[nodiscard]] std::size_t crashes() const { return crashes_; }
  [[nodiscard]] std::size_t equivocations_seen() const { return equivocations_; }
  [[nodiscard]] std::size_t amnesia_seen() const { return amnesia_; }
  // Everything the correct nodes ever signed, held against itself: no two statements of one of them
  // are evidence, wherever they were sent and whatever was lost. Returns how often one of them
  // prevoted another value than it had precommitted before, that is: unlocked, as it may.
  std::size_t check_nobody_correct_is_accused() const;

 private:
  struct Timer {
    TimeoutFired timeout;
    int due = 0;
  };
  struct Node {
    ConsensusCore core;
    std::vector<Input> log;                 // what a write-ahead log would hold
    std::vector<RestoreOwnVote> own_votes;  // what a sign-state would hold
    std::vector<RestoreOwnProposal> own_proposals;
    std::vector<Timer> timers;
    std::map<std::pair<Round, VoteType>, ValueId> said;
    RoundState before;
  };
  struct Letter {
    ValidatorIndex to = 0;
    Input input;
  };

  void feed(ValidatorIndex node, const Input& input);
  void perform(ValidatorIndex node, const Effect& effect);
  void broadcast(ValidatorIndex from, const Input& input);
  void deliver_one();
  void fire_timer(ValidatorIndex node);
  [[nodiscard]] bool fire_nearest_timer();
  void lie();
  void crash(ValidatorIndex node);
  void restart_without_log(ValidatorIndex node);
  void check_step(ValidatorIndex node);
  [[nodiscard]] bool fetch_wanted_blocks();
  [[nodiscard]] BlockId some_value();

  Random random_;
  SimOptions options_;
  ValidatorSetPtr set_;
  std::vector<Node> nodes_;
  std::vector<Letter> under_way_;
  std::vector<Input> everything_said_;
  std::vector<BlockId> values_;
  std::map<ValidatorIndex, BlockId> decisions_;
  std::size_t crashes_ = 0;
  std::size_t equivocations_ = 0;
  std::size_t amnesia_ = 0;
  bool healed_ = false;
  int now_ = 0;  // stands still until the network heals
};

}  // namespace witan::consensus::test
