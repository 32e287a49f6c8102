// Which rule fires where, how often, and that one seed gives one behaviour.
#include "actors/runtime/faults/matcher.hpp"

#include "tests/unit/faults/rules.hpp"

namespace witan::faults {
namespace {

constexpr Instant start{1'000'000'000'000};
constexpr Instant at(std::int64_t ms) { return start + Duration::from_ms(ms); }

RuleSet set_of(std::initializer_list<std::string_view> texts, std::uint64_t seed = 1) {
  RuleSet out(seed);
  std::vector<Rule> rules;
  for (const auto text : texts) rules.push_back(rule_of(text));
  BOOST_REQUIRE(out.add(std::move(rules), start).has_value());
  return out;
}

Site message_to(std::string_view where, std::string_view message, Moment moment = Moment::send) {
  Site out;
  out.moment = moment;
  out.where = where;
  out.message = message;
  return out;
}

// Numbers of the asks, counted from 1, at which something fired.
std::vector<int> firings(RuleSet& set, const Site& site, int asks, Instant now = start) {
  std::vector<int> out;
  for (int i = 1; i <= asks; ++i)
    if (set.decide(site, now)) out.push_back(i);
  return out;
}

void check(const std::vector<int>& have, const std::vector<int>& want) {
  BOOST_CHECK_EQUAL_COLLECTIONS(have.begin(), have.end(), want.begin(), want.end());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(matcher_test)

BOOST_AUTO_TEST_CASE(nth_every_and_times_count_matches_only) {
  const Site vote = message_to("/a", "Vote");
  RuleSet nth = set_of({"on /a message Vote nth 3 do drop"});
  BOOST_CHECK(!nth.decide(message_to("/a", "Block"), start));
  BOOST_CHECK(!nth.decide(message_to("/b", "Vote"), start));
  check(firings(nth, vote, 9), {3});
  BOOST_CHECK_EQUAL(nth.list(start)[0].matched, 9u);
  BOOST_CHECK_EQUAL(nth.list(start)[0].hits, 1u);
  BOOST_CHECK(nth.list(start)[0].spent);
  RuleSet every = set_of({"on /a every 3 times 2 do drop"});
  check(firings(every, vote, 12), {3, 6});
  BOOST_CHECK(every.list(start)[0].spent);
  RuleSet all = set_of({"on /a do drop"});
  check(firings(all, vote, 3), {1, 2, 3});
  BOOST_CHECK(!all.list(start)[0].spent);
}

BOOST_AUTO_TEST_CASE(a_window_is_open_from_until_counted_from_adding) {
  RuleSet set = set_of({"on /a from 5ms until 10ms do drop"});
  const Site site = message_to("/a", "Vote");
  BOOST_CHECK(!set.decide(site, at(4)));
  BOOST_CHECK(set.decide(site, at(5)));
  BOOST_CHECK(set.decide(site, at(9)));
  BOOST_CHECK(!set.decide(site, at(10)));
  BOOST_CHECK(!set.list(at(9))[0].spent);
  BOOST_CHECK(set.list(at(10))[0].spent);
  BOOST_CHECK_EQUAL(set.list(at(10))[0].matched, 2u);
}

BOOST_AUTO_TEST_CASE(each_rule_is_asked_at_its_moment) {
  RuleSet set = set_of({"on /a do kill", "on /a do drop", "on disk /a do io_error"});
  BOOST_CHECK(set.decide(message_to("/a", "V"), start)->action == Action::drop);
  BOOST_CHECK(set.decide(message_to("/a", "V", Moment::handle), start)->action == Action::kill);
  Site write = message_to("/a", "", Moment::disk);
  write.call = "write";
  BOOST_CHECK(set.decide(write, start)->action == Action::io_error);
  BOOST_CHECK(set.any(Moment::disk) && !set.any(Moment::link));
}

BOOST_AUTO_TEST_CASE(every_condition_has_to_hold) {
  RuleSet set = set_of({"on /a at n1 sender /p/* message V with x=1 with y=2 do drop"});
  Site site = message_to("/a", "V");
  site.node = "n1";
  site.sender = "/p/3";
  site.passes = [](const FieldTest& t) { return t.field + t.value == "x1" || t.field == "y"; };
  BOOST_CHECK(set.decide(site, start));
  const auto refused = [&](auto change) {
    Site other = site;
    change(other);
    return !set.decide(other, start);
  };
  BOOST_CHECK(refused([](Site& s) { s.node = "n2"; }));
  BOOST_CHECK(refused([](Site& s) { s.sender = "/q"; }));
  BOOST_CHECK(refused([](Site& s) { s.message = "W"; }));
  BOOST_CHECK(
      refused([](Site& s) { s.passes = [](const FieldTest& t) { return t.field == "x"; }; }));
  BOOST_CHECK(refused([](Site& s) { s.passes = nullptr; }));
}

BOOST_AUTO_TEST_CASE(links_have_a_direction_or_two) {
  Site site;
  site.moment = Moment::link;
  site.where = "n1";
  site.to = "n2";
  RuleSet one = set_of({"on link n1->n2 do drop"});
  RuleSet two = set_of({"on link n2<->n1 do drop"});
  BOOST_CHECK(one.decide(site, start) && two.decide(site, start));
  std::swap(site.where, site.to);
  BOOST_CHECK(!one.decide(site, start));
  BOOST_CHECK(two.decide(site, start));
}

BOOST_AUTO_TEST_CASE(a_disk_fault_meets_only_calls_it_can_happen_to) {
  RuleSet set = set_of({"on disk /w nth 2 do lost_fsync"});
  const auto call = [&](std::string_view kind) {
    Site site = message_to("/w", "", Moment::disk);
    site.call = kind;
    return set.decide(site, start).has_value();
  };
  BOOST_CHECK(!call("sync"));
  BOOST_CHECK(!call("write"));
  BOOST_CHECK(call("sync"));
}

BOOST_AUTO_TEST_CASE(a_message_may_be_named_by_its_type_id) {
  RuleSet set = set_of({"on /a message 0x00000000000000ff do drop"});
  Site site = message_to("/a", "");
  BOOST_CHECK(!set.decide(site, start));
  site.type = 255;
  BOOST_CHECK(set.decide(site, start));
}

BOOST_AUTO_TEST_CASE(clocks_step_and_drift_while_their_window_is_open) {
  RuleSet set = set_of(
      {"on clock at n1 from 1s until 3s do step -250ms", "on clock at n* from 2s do drift 100"});
  BOOST_CHECK_EQUAL(set.clock_offset("n1", at(999)).ns, 0);
  BOOST_CHECK_EQUAL(set.clock_offset("n1", at(1000)).ms(), -250);
  BOOST_CHECK_EQUAL(set.clock_offset("n1", at(2500)).ns, -250'000'000 + 50'000);
  BOOST_CHECK_EQUAL(set.clock_offset("n1", at(4000)).ns, 200'000);
  BOOST_CHECK_EQUAL(set.clock_offset("x", at(4000)).ns, 0);
}

BOOST_AUTO_TEST_CASE(rules_are_added_together_or_not_at_all) {
  RuleSet set(1);
  BOOST_REQUIRE(set.add(std::vector<Rule>(rules_max - 1, rule_of("on /a do drop")), start));
  BOOST_CHECK(!set.add(std::vector<Rule>(2, rule_of("on /b do drop")), start));
  BOOST_CHECK_EQUAL(set.size(), rules_max - 1);
  const auto last = set.add({rule_of("on /b do drop")}, start);
  BOOST_REQUIRE(last.has_value());
  BOOST_CHECK(set.has(last->front()) && set.remove(last->front()));
  BOOST_CHECK(!set.has(last->front()) && !set.remove(last->front()));
  BOOST_CHECK_EQUAL(set.clear(), rules_max - 1);
  BOOST_CHECK_NE(set.add({rule_of("on /c do drop")}, start)->front(), last->front());
}

BOOST_AUTO_TEST_CASE(a_throw_always_has_a_text) {
  RuleSet set = set_of({"on /a nth 1 do throw", "on /a do throw \"my words\""});
  const Site site = message_to("/a", "V", Moment::handle);
  BOOST_CHECK_EQUAL(set.decide(site, start)->text, "injected by fault rule 1");
  BOOST_CHECK_EQUAL(set.decide(site, start)->text, "my words");
}

WITAN_PROPERTY(one_seed_gives_one_sequence_whatever_other_rules_do, [] {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto mixed = *rc::gen::container<std::vector<bool>>(200, rc::gen::arbitrary<bool>());
  const auto run = [&](bool others) {
    RuleSet set =
        set_of({"on /a probability 0.5 do delay 1ms..9ms", "on /b probability 0.5 do drop"}, seed);
    std::vector<std::int64_t> out;
    for (const bool other : mixed) {
      if (others && other) (void)set.decide(message_to("/b", "V"), start);
      const auto decision = set.decide(message_to("/a", "V"), start);
      out.push_back(decision ? decision->by.ns : 0);
    }
    return out;
  };
  RC_ASSERT(run(false) == run(true));
})

WITAN_PROPERTY(delays_stay_in_their_range, [](std::uint64_t seed) {
  RuleSet set = set_of({"on /a do delay 2ms..3ms", "on /b do reorder 5ms"}, seed);
  const auto a = set.decide(message_to("/a", "V"), start)->by;
  RC_ASSERT((a >= Duration::from_ms(2) && a <= Duration::from_ms(3)));
  const auto b = set.decide(message_to("/b", "V"), start)->by;
  RC_ASSERT((b > Duration{} && b <= Duration::from_ms(5)));
})

WITAN_PROPERTY(a_rule_fires_about_as_often_as_its_probability_says, [](std::uint64_t seed) {
  RuleSet set = set_of({"on /a probability 0.25 do drop"}, seed);
  const auto fired = firings(set, message_to("/a", "V"), 4000).size();
  RC_ASSERT((fired > 800 && fired < 1200));
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::faults
