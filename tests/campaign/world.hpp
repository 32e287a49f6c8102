// One run: validators, a network with faults, and virtual time. First a hostile phase of a few
// virtual seconds; then the schedule is fair (no loss, delays below 20 ms, nobody down) until every
// correct validator has decided `heights` more heights. A correct validator that lost its log in a
// crash keeps every promise it signed, but not what it knew: for liveness it counts with the liars,
// and where that makes a third or more of the power, only safety is demanded. Pure: the same
// scenario gives the same events, byte for byte, on every machine.
#pragma once
#include <ostream>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "tests/campaign/liars.hpp"
#include "tests/campaign/monitor.hpp"
#include "tests/campaign/participant.hpp"
#include "tests/campaign/scenario.hpp"

namespace witan::campaign {

struct Outcome {
  std::string violation;       // empty: every invariant held
  std::uint64_t log_hash = 0;  // of the event log
  std::size_t events = 0;
  std::size_t decisions = 0;          // by correct validators
  int rounds_after_healing = 0;       // the most that any height took
  bool disagreed = false;             // only with f+1 liars
  std::uint64_t guilty_permille = 0;  // power of those that all evidence together convicts
  std::size_t equivocations = 0;      // noticed by correct cores
};

// `log`: receives the event log, one line per event; nullptr: only its hash is kept.
[[nodiscard]] Outcome run(const Scenario& scenario, std::ostream* log = nullptr);

class World final : public Surroundings, public Stage {
 public:
  World(const Scenario& scenario, std::ostream* log);
  [[nodiscard]] Outcome run();

  void say(ValidatorIndex from, Content content) override;
  void tell(ValidatorIndex from, ValidatorIndex to, Content content) override;
  void return_own(ValidatorIndex self, Content content) override;
  void start_timer(ValidatorIndex self, Duration after,
                   const consensus::TimeoutFired& timer) override;
  void plan_next_height(ValidatorIndex self) override;
  [[nodiscard]] std::vector<ValidatorIndex> proposers(Height height) const override;
  void whisper(ValidatorIndex from, ValidatorIndex to, Content content, Duration later) override;
  [[nodiscard]] const Participant& shadow(ValidatorIndex liar) const override {
    return participants_[liar];
  }

 private:
  enum class Kind : std::uint8_t { deliver, own, timer, next_height, tick, crash, restart, heal };
  struct Event {
    std::int64_t at_us = 0;
    std::uint64_t number = 0;  // ties are broken by order of planning
    Kind kind = Kind::tick;
    ValidatorIndex node = 0;
    std::uint32_t life = 0;  // of the process that planned it; another life ignores it
    MessagePtr message{};
    consensus::TimeoutFired timer{};
    bool operator<(const Event& other) const {
      return std::pair(at_us, number) > std::pair(other.at_us, other.number);
    }
  };

  void plan(std::int64_t after_us, Event event);
  void plan_hostilities();
  void draw_halves(const std::vector<ValidatorIndex>& correct);
  void transmit(ValidatorIndex from, ValidatorIndex to, const MessagePtr& message);
  void happen(const Event& event);
  void heal();
  [[nodiscard]] bool finished() const;
  // Liars and validators that lost their log are below a third of the power: all must decide.
  [[nodiscard]] bool must_decide() const;
  [[nodiscard]] bool has(Fault fault) const { return (scenario_.faults & fault) != 0; }
  [[nodiscard]] bool is_cut(ValidatorIndex a, ValidatorIndex b) const;
  void note(ValidatorIndex node, const std::string& what);

  Scenario scenario_;
  ValidatorSetPtr set_;
  Monitor monitor_;
  Random network_, schedule_;
  Plot plot_;
  std::vector<Participant> participants_;
  std::vector<std::unique_ptr<Twist>> twists_;  // nullptr: correct
  std::vector<std::uint32_t> lives_;
  std::vector<bool> down_;
  std::set<ValidatorIndex> lost_logs_;
  std::vector<std::vector<std::int64_t>> last_arrival_;
  std::priority_queue<Event> events_;
  std::int64_t now_us_ = 0;
  std::int64_t heal_us_ = 0, cut_from_us_ = 0, cut_until_us_ = 0;
  std::uint32_t loss_permille_ = 0;
  std::int64_t delay_us_ = 0;
  bool healed_ = false;
  Height target_{0};
  std::uint64_t planned_ = 0;
  std::size_t happened_ = 0;
  std::uint64_t log_hash_ = 14695981039346656037ULL;  // FNV-1a
  std::ostream* log_;
};

}  // namespace witan::campaign
