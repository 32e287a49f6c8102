// The library of scenarios, on one thread and on two, and the death of each kind of actor.
#include "tests/simulation/library.hpp"
#include "tools/sim/kills.hpp"

namespace witan::sim {

BOOST_AUTO_TEST_SUITE(library_test)

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_log_on_another_thread) {
  const std::vector<Scenario> scenarios{scenario_named("calm"), scenario_named("power_cuts")};
  const auto nothing = [](std::uint64_t, std::uint64_t) {};
  const Summary alone = run_campaign(scenarios, {.first = 3, .seeds = 4, .jobs = 1}, nothing);
  const Summary shared = run_campaign(scenarios, {.first = 3, .seeds = 4, .jobs = 2}, nothing);
  BOOST_TEST(alone.failures.empty());
  BOOST_TEST(alone.log_hash == shared.log_hash);
}

BOOST_AUTO_TEST_CASE(every_scenario_of_the_library_holds) {
  for (const std::string& name : scenario_names()) {
    const Scenario scenario = scenario_named(name);
    BOOST_TEST(scenario.purpose.size() > 20U, name);
    const Outcome outcome = run(draw(scenario, 11), {.seed = 11, .keep_log = false});
    BOOST_TEST(outcome.violation == "", name << ": " << outcome.violation);
    BOOST_TEST(outcome.height >= scenario.run.heights, name);
  }
}

BOOST_AUTO_TEST_CASE(whoever_dies_the_chain_is_the_same) {
  const KillSummary summary = run_kills(scenario_named("kills"), {.first = 1, .times = 2}, {});
  BOOST_TEST(summary.by_actor.size() >= 12U);
  for (const auto& [actor, row] : summary.by_actor) {
    BOOST_TEST(row.killed == 2U, actor);
    BOOST_TEST(row.same == 2U, actor);
    BOOST_TEST(row.back.size() == 2U, actor);
    BOOST_TEST(row.block.size() == 2U, actor);
  }
  for (const std::string& failure : summary.failures) BOOST_ERROR(failure);
}

BOOST_AUTO_TEST_CASE(who_dies_after_another_finds_what_it_left_and_the_chain_is_the_same) {
  const KillSummary summary =
      run_kills(scenario_named("kills"),
                {.first = 1, .times = 3, .deaths = 3, .only = "/node/storage/wal"}, {});
  BOOST_REQUIRE_EQUAL(summary.by_actor.size(), 1u);
  const KillRow& row = summary.by_actor.begin()->second;
  BOOST_CHECK_EQUAL(row.same, 3u);
  BOOST_CHECK_GT(row.back.size(), 3u);  // others died as well
  for (const std::string& failure : summary.failures) BOOST_ERROR(failure);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::sim
