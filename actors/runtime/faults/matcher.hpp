// Which rule fires where: a list of rules with their counters and one seeded random stream each.
// What a rule does depends only on the sequence of sites that it matched: not on other rules, not
// on addresses, not on a clock of its own. Pure; not thread-safe (RulePlan is).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/faults/rule.hpp"
#include "messages/base/random.hpp"

namespace witan::faults {

using RuleId = std::uint32_t;  // 1, 2, ... in the order of adding; never reused

// Where a rule is asked. `send` and `handle` are the two sides of the door of an actor.
enum class Moment : std::uint8_t { send, handle, link, disk, clock };
[[nodiscard]] Moment moment_of(const Rule& rule);
// Of a link: the rule is about single messages, not about all that the connection carries.
[[nodiscard]] bool names_a_message(const Rule& rule);

// Something that is about to happen. What does not apply stays empty.
struct Site {
  Moment moment = Moment::send;
  std::string_view node{};      // name of the node in a simulation; of a real node its moniker
  std::string_view where{};     // path of the receiving actor or file; of a link the sending node
  std::string_view to{};        // of a link: the receiving node
  std::string_view where_id{};  // of a link: a second name of the sending node; empty: none
  std::string_view to_id{};     // and of the receiving node
  std::string_view sender{};
  std::string_view message{};  // schema name
  std::uint64_t type = 0;      // its type id
  std::string_view call{};     // of a disk
  // Whether the message passes the test; asked only when everything else matches. Null: no.
  std::function<bool(const FieldTest&)> passes{};
};

// What has to happen now. Random amounts are drawn already.
struct Decision {
  RuleId rule = 0;
  Action action = Action::drop;
  Duration by{};            // delay, slow, hang (zero: until cleared), reorder
  std::uint64_t bytes = 0;  // corrupt, short_write
  std::uint64_t draw = 0;   // 64 random bits for whoever needs a place (corrupt)
  std::string text;         // of throw; never empty there
  bool of_message = false;  // of a link: names_a_message(rule)
};

struct RuleStatus {
  RuleId id = 0;
  Rule rule;
  std::uint64_t matched = 0;  // sites where place, message and window fitted
  std::uint64_t hits = 0;     // of these: where it fired
  bool spent = false;         // it cannot fire again
};

class RuleSet {
 public:
  explicit RuleSet(std::uint64_t seed) : random_(seed) {}

  // All or none. Errors: bad_rule (more than rules_max). Windows count from `now`.
  Result<std::vector<RuleId>> add(std::vector<Rule> rules, Instant now);
  // False: there is none.
  bool remove(RuleId id);
  std::size_t clear();
  [[nodiscard]] bool has(RuleId id) const { return find(id) != nullptr; }
  // Null: there is none. Valid until rules are added or removed.
  [[nodiscard]] const Rule* find(RuleId id) const;
  [[nodiscard]] std::size_t size() const { return rules_.size(); }
  [[nodiscard]] std::vector<RuleStatus> list(Instant now) const;

  // Every rule that matches counts the site; the first that fires decides.
  [[nodiscard]] std::optional<Decision> decide(const Site& site, Instant now);
  // How far a node's wall clock is ahead. Counts a hit for a rule when its window opens.
  [[nodiscard]] Duration clock_offset(std::string_view node, Instant now);
  // Whether any rule is asked at this moment: to skip the rest.
  [[nodiscard]] bool any(Moment moment) const;

 private:
  struct Entry {
    RuleId id = 0;
    Rule rule;
    Instant added{};
    Random random;
    std::uint64_t type = 0;  // of a message named by its id
    std::uint64_t matched = 0;
    std::uint64_t hits = 0;
  };
  [[nodiscard]] static bool matches(const Entry& entry, const Site& site, Instant now);
  [[nodiscard]] static bool fires(Entry& entry);
  [[nodiscard]] static bool is_spent(const Entry& entry, Instant now);

  const Random random_;
  RuleId next_ = 1;
  std::vector<Entry> rules_;
};

}  // namespace witan::faults
