#include "actors/runtime/faults/matcher.hpp"

#include <algorithm>
#include <utility>

namespace witan::faults {
namespace {

bool fits_glob(const std::string& glob, std::string_view text) {
  return glob.empty() || glob_matches(glob, text);
}

bool fits_name(const std::string& glob, std::string_view name, std::string_view id) {
  return glob_matches(glob, name) || (!id.empty() && glob_matches(glob, id));
}

bool fits_link(const Rule& rule, const Site& site) {
  const auto fits = [&](const std::string& from, const std::string& to) {
    return fits_name(from, site.where, site.where_id) && fits_name(to, site.to, site.to_id);
  };
  return fits(rule.where, rule.to) || (rule.both_ways && fits(rule.to, rule.where));
}

// "0x" and 16 digits; 0 when it is a name.
std::uint64_t type_id_of(std::string_view message) {
  if (message.size() != 18 || message.substr(0, 2) != "0x") return 0;
  std::uint64_t out = 0;
  for (const char c : message.substr(2)) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return 0;
    out = out << 4 | digit;
  }
  return out;
}

bool in_window(const Rule& rule, Duration age) {
  return age >= rule.from && (!rule.until || age < *rule.until);
}

// Uniform in [low, high], in whole nanoseconds.
Duration draw_time(Random& random, Duration low, Duration high) {
  const auto span = static_cast<std::uint64_t>((high - low).ns);
  return low + Duration{static_cast<std::int64_t>(random.below(span + 1))};
}

}  // namespace

Moment moment_of(const Rule& rule) {
  if (rule.target == Target::link) return Moment::link;
  if (rule.target == Target::disk) return Moment::disk;
  if (rule.target == Target::clock) return Moment::clock;
  const bool late = rule.action == Action::throw_ || rule.action == Action::hang ||
                    rule.action == Action::slow || rule.action == Action::kill;
  return late ? Moment::handle : Moment::send;
}

bool names_a_message(const Rule& rule) {
  return rule.target == Target::link && (!rule.message.empty() || !rule.with.empty());
}

Result<std::vector<RuleId>> RuleSet::add(std::vector<Rule> rules, Instant now) {
  if (rules.size() > rules_max - rules_.size())
    return fail(ErrorCode::bad_rule, "rules",
                "a plan has at most " + std::to_string(rules_max) + " rules and holds " +
                    std::to_string(rules_.size()) + ": clear some first");
  std::vector<RuleId> out;
  for (Rule& rule : rules) {
    const RuleId id = next_++;
    const std::uint64_t type = type_id_of(rule.message);
    rules_.push_back({id, std::move(rule), now, random_.fork("fault/" + std::to_string(id)), type});
    out.push_back(id);
  }
  return out;
}

bool RuleSet::remove(RuleId id) {
  return std::erase_if(rules_, [id](const Entry& e) { return e.id == id; }) != 0;
}

std::size_t RuleSet::clear() { return std::exchange(rules_, {}).size(); }

const Rule* RuleSet::find(RuleId id) const {
  for (const Entry& entry : rules_)
    if (entry.id == id) return &entry.rule;
  return nullptr;
}

bool RuleSet::any(Moment moment) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [moment](const Entry& e) { return moment_of(e.rule) == moment; });
}

bool RuleSet::is_spent(const Entry& entry, Instant now) {
  const Rule& rule = entry.rule;
  if (rule.until && now - entry.added >= *rule.until) return true;
  if (rule.times != 0 && entry.hits >= rule.times) return true;
  return rule.nth != 0 && entry.matched >= rule.nth;
}

std::vector<RuleStatus> RuleSet::list(Instant now) const {
  std::vector<RuleStatus> out;
  out.reserve(rules_.size());
  for (const Entry& entry : rules_)
    out.push_back({entry.id, entry.rule, entry.matched, entry.hits, is_spent(entry, now)});
  return out;
}

bool RuleSet::matches(const Entry& entry, const Site& site, Instant now) {
  const Rule& rule = entry.rule;
  if (moment_of(rule) != site.moment) return false;
  if (!in_window(rule, now - entry.added)) return false;
  if (entry.type != 0 ? entry.type != site.type
                      : !rule.message.empty() && rule.message != site.message)
    return false;
  if (rule.target == Target::link ? !fits_link(rule, site) : !fits_glob(rule.where, site.where))
    return false;
  if (!fits_glob(rule.at, site.node) || !fits_glob(rule.sender, site.sender)) return false;
  if (rule.target == Target::disk) {
    if (!rule.call.empty() ? rule.call != site.call : !meets(rule.action, site.call)) return false;
  }
  return std::all_of(rule.with.begin(), rule.with.end(),
                     [&](const FieldTest& test) { return site.passes && site.passes(test); });
}

bool RuleSet::fires(Entry& entry) {
  const Rule& rule = entry.rule;
  ++entry.matched;
  // The draw comes first, so that a spent rule's stream is where an unlimited one's would be.
  const bool lucky =
      rule.probability_ppm == 0 || entry.random.below(probability_one) < rule.probability_ppm;
  if (rule.times != 0 && entry.hits >= rule.times) return false;
  if (rule.nth != 0 && entry.matched != rule.nth) return false;
  if (rule.every != 0 && entry.matched % rule.every != 0) return false;
  return lucky;
}

std::optional<Decision> RuleSet::decide(const Site& site, Instant now) {
  std::optional<Decision> out;
  for (Entry& entry : rules_) {
    if (!matches(entry, site, now)) continue;
    if (!fires(entry) || out) continue;
    ++entry.hits;
    const Rule& rule = entry.rule;
    Decision decision{entry.id, rule.action, rule.by, rule.bytes, entry.random.next(), rule.text};
    decision.of_message = names_a_message(rule);
    if (rule.action == Action::delay) decision.by = draw_time(entry.random, rule.by, rule.by_max);
    if (rule.action == Action::reorder) decision.by = draw_time(entry.random, Duration{1}, rule.by);
    if (rule.action == Action::throw_ && decision.text.empty())
      decision.text = "injected by fault rule " + std::to_string(entry.id);
    out = std::move(decision);
  }
  return out;
}

Duration RuleSet::clock_offset(std::string_view node, Instant now) {
  Duration out{};
  for (Entry& entry : rules_) {
    const Rule& rule = entry.rule;
    const Duration age = now - entry.added;
    if (rule.target != Target::clock || !in_window(rule, age) || !fits_glob(rule.at, node))
      continue;
    ++entry.matched;
    entry.hits = 1;
    if (rule.action == Action::step) out = out + rule.by;
    // ppm of nanoseconds, divided in two steps: a year in nanoseconds times a million would
    // overflow.
    if (rule.action == Action::drift)
      out.ns += (age - rule.from).ns / 1'000'000 * rule.ppm +
                (age - rule.from).ns % 1'000'000 * rule.ppm / 1'000'000;
  }
  return out;
}

}  // namespace witan::faults
