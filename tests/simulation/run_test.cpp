// One run: the same seed twice, what rules do, whom a lock binds, what shrinking leaves.
#include <map>

#include "tests/simulation/library.hpp"

namespace witan::sim {
namespace {

// Everything that scenario has, in less time.
Scenario shortened(const std::string& name) {
  Scenario out = scenario_named(name);
  out.run.safety = Duration::from_s(8);
  return out;
}

// How often each rule of a run fired.
std::map<std::string, std::uint64_t> hits_of(const std::string& rules) {
  const auto scenario = parse_scenario(
      "# Each rule on its own\n[run]\nsafety = \"8s\"\nheights = 2\n[faults]\nrules = [\n" + rules +
          "]\n",
      "rules.toml");
  WITAN_REQUIRE_OK(scenario);
  const Outcome outcome = run(*scenario, {.seed = 5, .keep_log = false});
  BOOST_TEST(outcome.violation == "");
  std::map<std::string, std::uint64_t> out;
  for (const faults::RuleStatus& status : outcome.rules)
    out[faults::to_text(status.rule)] = status.hits;
  return out;
}

// A split that outlasts the time to recover: liveness fails, and must.
Scenario hopeless() {
  Scenario out = scenario_named("power_cuts");
  out.swarm = {};
  out.run.safety = Duration::from_s(4);
  out.run.heights = 1000;
  out.run.liveness_limit = Duration::from_s(3);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(run_test)

BOOST_AUTO_TEST_CASE(one_seed_gives_one_log_byte_for_byte) {
  const Scenario drawn = draw(shortened("swarm"), 7);
  const Outcome first = run(drawn, {.seed = 7});
  const Outcome second = run(drawn, {.seed = 7});
  BOOST_TEST(first.violation == "");
  BOOST_TEST(first.hops > 10'000U);
  BOOST_TEST(first.log.size() > 1'000U);
  BOOST_CHECK(first.log == second.log);
  BOOST_TEST(first.log_hash == second.log_hash);
  const Outcome other = run(draw(shortened("swarm"), 8), {.seed = 8});
  BOOST_TEST(other.log_hash != first.log_hash);
}

BOOST_AUTO_TEST_CASE(rules_of_every_target_are_obeyed) {
  const auto hits = hits_of(R"(
    "on /node/chain/consensus at n0 from 1s times 2 do kill",
    "on /node/chain/ledger at n1 from 1s nth 5 do throw",
    "on /node/chain/verifier/* at n2 from 1s nth 9 do slow 50ms",
    "on /node/chain/mempool at n3 from 1s nth 3 do hang",
    "on /node/chain/verifier/* at n1 message Vote from 1s times 3 do drop",
    "on /node/chain/verifier/* at n1 message Vote from 2s times 3 do delay 1ms..20ms",
    "on /node/chain/verifier/* at n1 message Vote from 3s times 3 do duplicate",
    "on link n0 -> n1 from 1s times 3 do drop",
    "on link n0 -> n2 from 1s times 3 do delay 5ms",
    "on link n0 <-> n3 from 1s times 1 do kill",
    "on link n2 -> n3 from 2s times 1 do corrupt 2",
    "on link n1 -> * message Vote with type=prevote from 4s times 3 do drop",
    "on link n1 -> * message Vote with type=precommit from 4s times 3 do delay 30ms",
    "on link * -> n1 message Proposal from 1s times 2 do duplicate",
    "on link n3 -> n0 message Vote from 4s times 1 do corrupt",
    "on link n3 -> n1 message Vote from 5s times 1 do kill",
    "on disk **/wal/* at n0 call sync from 1s times 3 do slow 20ms",
    "on disk ** at n2 call sync from 5s times 1 do io_error",
    "on disk ** at n3 call write from 6s times 1 do no_space",
    "on clock at n1 from 1s until 6s do step 100ms",
    "on clock at n2 from 1s do drift 200",
)");
  BOOST_TEST(hits.size() == 21U);
  for (const auto& [rule, count] : hits) BOOST_TEST(count > 0U, rule);
}

BOOST_AUTO_TEST_CASE(a_lock_that_one_node_has_is_tested_by_another_block) {
  const Outcome outcome = run(draw(scenario_named("one_node_polka"), 3), {.seed = 3});
  BOOST_TEST(outcome.violation == "");
  // n1, which is validator 1, locks in round 0 and therefore prevotes nil in round 1.
  unsigned kept = 0;
  for (int height = 1; height <= 30; ++height)
    kept += outcome.log.find(" n1   signed     prevote for nil in " + std::to_string(height) +
                             "/1 by validator 1\n") != std::string::npos;
  BOOST_TEST(kept > 0U);
}

BOOST_AUTO_TEST_CASE(a_message_in_quarantine_stays_refused_over_a_power_cut) {
  Scenario scenario = scenario_named("poison");
  scenario.swarm = {};
  const Outcome outcome = run(scenario, {.seed = 3});
  BOOST_TEST(outcome.violation == "");
  const auto at = [&outcome](const std::string& text, std::size_t from = 0) {
    return outcome.log.find(text, from);
  };
  const std::size_t kept = at(R"( n2   log        "event":"message_quarantined")");
  BOOST_REQUIRE(kept != std::string::npos);
  const std::size_t cut = at(" n2   power_off", kept);
  BOOST_REQUIRE(cut != std::string::npos);
  BOOST_TEST(at(R"( n2   log        "event":"quarantine_loaded")", cut) != std::string::npos);
  BOOST_TEST(at(" n2   actor      message_refused ", cut) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failing_run_shrinks_to_what_it_needs) {
  const Scenario scenario = hopeless();
  const Outcome outcome = run(scenario, {.seed = 2, .keep_log = false});
  BOOST_REQUIRE(outcome.violation.starts_with("liveness"));
  const Shrunk shrunk = shrink(scenario, 2, outcome.violation, 20);
  BOOST_TEST(shrunk.scenario.events.empty());
  BOOST_TEST(shrunk.removed.size() >= scenario.events.size());
  BOOST_TEST(run(shrunk.scenario, {.seed = 2, .keep_log = false}).violation == shrunk.violation);
}

BOOST_AUTO_TEST_CASE(numbers_in_paths_do_not_make_another_kind_of_actor) {
  BOOST_TEST(kind_of_actor("/node/peers/session/17") == "/node/peers/session/*");
  BOOST_TEST(kind_of_actor("/node/chain/ledger") == "/node/chain/ledger");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::sim
