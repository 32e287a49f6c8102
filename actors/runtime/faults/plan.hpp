// The fault plan of a running program: rules that can be added, listed and cleared at any time, and
// the doors that obey them.
//
//   faults::Rules rules({.seed = 1});
//   faults::ActorFaults at_n1(rules, "n1");        // RuntimeOptions::faults of node n1
//   rules.add_text("on /node/chain/consensus message OwnVote nth 3 do kill");
//
// One Rules may serve many nodes of one process: "at n1" in a rule names the node.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/door.hpp"
#include "actors/runtime/faults/matcher.hpp"

namespace witan::faults {

struct RulesOptions {
  std::uint64_t seed = 0;
  // What something in this program asks these rules about: a rule for anything else is refused, so
  // that no fault is believed to be on that nobody obeys.
  std::vector<Target> obeyed{Target::actor};
  // Refuses a rule that nothing here would ever obey, with the reason. Null: accepts all.
  std::function<Status(const Rule&)> accepts{};
  // Times of windows; null: windows see no time pass. Must outlive the rules.
  const Clock* clock = nullptr;
  // A hit, with its rule's text; after the decision, outside any lock, in the thread of the hit.
  std::function<void(const Decision&, const std::string& rule, std::string_view where)> on_hit{};
  // How many rules there are now; after each change, outside any lock.
  std::function<void(std::size_t)> on_change{};
};

// Thread-safe.
class Rules {
 public:
  explicit Rules(RulesOptions options) : options_(std::move(options)), set_(options_.seed) {}

  // All or none. Errors: bad_rule (also: for a target that is not `obeyed`).
  Result<std::vector<RuleId>> add(std::vector<Rule> rules);
  // The lines of a text (rule.hpp), checked against schema_vocabulary(). One line is called by its
  // column, several by "rules:line:column".
  Result<std::vector<RuleId>> add_text(std::string_view text);
  // Errors: not_found.
  Status remove(RuleId id);
  std::size_t clear();
  [[nodiscard]] std::vector<RuleStatus> list() const;
  [[nodiscard]] std::uint64_t hits(RuleId id) const;  // 0 when there is no such rule
  [[nodiscard]] bool has(RuleId id) const;

  [[nodiscard]] std::optional<Decision> decide(const Site& site);
  [[nodiscard]] Duration clock_offset(std::string_view node, Instant now);
  // One load: false when no rule is asked at this moment.
  [[nodiscard]] bool any(Moment moment) const {
    return (moments_.load(std::memory_order_acquire) >> static_cast<unsigned>(moment) & 1U) != 0;
  }
  // Blocks for `by`, or, when that is zero, until the rule is cleared. Ends early when it is.
  void wait(RuleId id, Duration by);

 private:
  [[nodiscard]] Instant now() const { return options_.clock ? options_.clock->now() : Instant{}; }
  void changed(std::unique_lock<std::mutex>& lock);

  const RulesOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable released_;
  RuleSet set_;  // guarded by mutex_
  std::atomic<unsigned> moments_{0};
};

// What `slow` and `hang` do to the thread of the actor.
enum class Waiting : std::uint8_t {
  blocks,  // it waits: real threads, seen by the watchdog
  held,    // the actor's messages are held back by the runtime: deterministic mode
};

// The door of one node's actors.
class ActorFaults final : public rt::FaultPlan {
 public:
  explicit ActorFaults(Rules& rules, std::string node = {}, Waiting waiting = Waiting::blocks)
      : rules_(rules), node_(std::move(node)), waiting_(waiting) {}
  rt::FaultVerdict on_deliver(const Envelope& envelope, std::string_view from,
                              std::string_view to) override;
  void on_handle(const Envelope& envelope, std::string_view path) override;
  bool still_held(std::uint32_t ticket) override { return rules_.has(ticket); }

 private:
  [[nodiscard]] std::optional<Decision> ask(Moment moment, const Envelope& envelope,
                                            std::string_view from, std::string_view to);
  Rules& rules_;
  const std::string node_;
  const Waiting waiting_;
};

// A node's clock whose wall time obeys the clock rules. Its monotonic time stays true: a machine's
// monotonic clock is not stepped either.
class FaultClock final : public Clock {
 public:
  FaultClock(const Clock& clock, Rules& rules, std::string node)
      : clock_(clock), rules_(rules), node_(std::move(node)) {}
  [[nodiscard]] Instant now() const override { return clock_.now(); }
  [[nodiscard]] UnixTime unix_now() const override {
    const UnixTime t = clock_.unix_now();
    return rules_.any(Moment::clock) ? t + rules_.clock_offset(node_, clock_.now()) : t;
  }

 private:
  const Clock& clock_;
  Rules& rules_;
  const std::string node_;
};

}  // namespace witan::faults
