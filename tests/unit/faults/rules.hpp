// Random valid rules, and rules from their text.
#pragma once
#include "actors/runtime/faults/rule.hpp"
#include "tests/support/property.hpp"

namespace witan::faults {

inline Rule rule_of(std::string_view text) {
  auto rule = parse_rule(text);
  BOOST_TEST_CONTEXT(text) { WITAN_REQUIRE_OK(rule); }
  return *rule;
}

inline std::string some_word() {
  return *rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcXYZ019/*?._- \"\\->=#"))));
}

inline std::string maybe_word() { return *rc::gen::arbitrary<bool>() ? some_word() : ""; }

// `max` inclusive, and 0 half of the time.
inline std::uint64_t maybe_number(std::uint64_t max) {
  return *rc::gen::arbitrary<bool>() ? *rc::gen::inRange<std::uint64_t>(1, max + 1) : 0;
}

inline Duration some_time() {
  const std::int64_t unit = *rc::gen::element<std::int64_t>(1, 1'000, 1'000'000, 1'000'000'000);
  return {*rc::gen::inRange<std::int64_t>(1, 5000) * unit};
}

// The argument of its action.
inline void give_argument(Rule& rule) {
  switch (rule.action) {
    case Action::delay:
      rule.by = some_time();
      rule.by_max = *rc::gen::arbitrary<bool>() ? rule.by + some_time() : rule.by;
      return;
    case Action::slow:
    case Action::reorder:
      rule.by = some_time();
      return;
    case Action::hang:
      if (*rc::gen::arbitrary<bool>()) rule.by = some_time();
      return;
    case Action::step:
      rule.by = some_time() * (*rc::gen::arbitrary<bool>() ? 1 : -1);
      return;
    case Action::drift:
      rule.ppm = *rc::gen::inRange<std::int64_t>(1, 1000) * (*rc::gen::arbitrary<bool>() ? 1 : -1);
      return;
    case Action::corrupt:
      rule.bytes = *rc::gen::inRange<std::uint64_t>(1, 100);
      return;
    case Action::short_write:
      rule.bytes = maybe_number(100);
      return;
    case Action::throw_:
      rule.text = maybe_word();
      return;
    default:
      return;
  }
}

inline void give_choice(Rule& rule) {
  switch (*rc::gen::element(0, 1, 2, 3)) {
    case 0:
      rule.nth = *rc::gen::inRange<std::uint64_t>(1, 100);
      rule.times = 0;
      return;
    case 1:
      rule.every = *rc::gen::inRange<std::uint64_t>(1, 100);
      return;
    case 2:
      rule.probability_ppm = *rc::gen::inRange<std::uint32_t>(1, probability_one + 1);
      return;
    default:
      return;
  }
}

inline Rule some_rule() {
  Rule rule;
  rule.target = *rc::gen::element(Target::actor, Target::link, Target::disk, Target::clock);
  std::vector<Action> fitting;
  for (int i = 0; i <= static_cast<int>(Action::drift); ++i)
    if (fits(static_cast<Action>(i), rule.target)) fitting.push_back(static_cast<Action>(i));
  rule.action = *rc::gen::elementOf(fitting);
  give_argument(rule);
  if (rule.target == Target::actor) rule.where = "/" + some_word();
  if (rule.target == Target::link || rule.target == Target::disk) rule.where = some_word();
  if (rule.target == Target::link) {
    rule.to = some_word();
    rule.both_ways = *rc::gen::arbitrary<bool>();
  }
  rule.at = maybe_word();
  if (*rc::gen::arbitrary<bool>()) rule.from = some_time();
  if (*rc::gen::arbitrary<bool>()) rule.until = rule.from + some_time();
  if (rule.target == Target::clock) return rule;
  rule.times = maybe_number(100);
  give_choice(rule);
  if (rule.target == Target::actor) rule.sender = maybe_word();
  if (rule.target == Target::disk) return rule;
  rule.message = maybe_word();
  for (std::uint64_t i = maybe_number(rule_tests_max); i > 0; --i)
    rule.with.push_back({"f" + std::to_string(i), maybe_word()});
  return rule;
}

}  // namespace witan::faults
