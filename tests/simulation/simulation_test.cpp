// The simulator as a whole: the same seed twice, every scenario of the library once, and what a
// scenario file with a mistake is answered.
#include <algorithm>
#include <filesystem>

#include "storage/file_system.hpp"
#include "tests/support/boost_test.hpp"
#include "tools/sim/campaign.hpp"

namespace witan::sim {
namespace {

const std::string folder = std::string(WITAN_SOURCE_DIR) + "/tests/simulation/scenarios";

Scenario scenario_named(const std::string& name) {
  const std::string path = folder + "/" + name + ".toml";
  auto text = read_whole(posix_file_system(), path, 64 * 1024);
  WITAN_REQUIRE_OK(text);
  auto scenario = parse_scenario(as_text(*text), path);
  WITAN_REQUIRE_OK(scenario);
  return std::move(*scenario);
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    out.push_back(entry.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

Error error_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "x.toml");
  BOOST_REQUIRE(!scenario.has_value());
  return scenario.error();
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

BOOST_AUTO_TEST_SUITE(simulation_test)

BOOST_AUTO_TEST_CASE(one_seed_gives_one_log_byte_for_byte) {
  const Scenario drawn = draw(scenario_named("swarm"), 7);
  const Outcome first = run(drawn, {.seed = 7});
  const Outcome second = run(drawn, {.seed = 7});
  BOOST_TEST(first.violation == "");
  BOOST_TEST(first.hops > 10'000U);
  BOOST_TEST(first.log.size() > 1'000U);
  BOOST_CHECK(first.log == second.log);
  BOOST_TEST(first.log_hash == second.log_hash);
  const Outcome other = run(draw(scenario_named("swarm"), 8), {.seed = 8});
  BOOST_TEST(other.log_hash != first.log_hash);
}

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_log_on_another_thread) {
  const std::vector<Scenario> scenarios{scenario_named("calm"), scenario_named("power_cuts")};
  const auto nothing = [](std::uint64_t, std::uint64_t) {};
  const Summary alone = run_campaign(scenarios, {.first = 3, .seeds = 4, .jobs = 1}, nothing);
  const Summary shared = run_campaign(scenarios, {.first = 3, .seeds = 4, .jobs = 2}, nothing);
  BOOST_TEST(alone.failures.empty());
  BOOST_TEST(alone.log_hash == shared.log_hash);
}

BOOST_AUTO_TEST_CASE(every_scenario_of_the_library_holds) {
  for (const std::string& name : names()) {
    const Scenario scenario = scenario_named(name);
    BOOST_TEST(scenario.purpose.size() > 20U, name);
    const Outcome outcome = run(draw(scenario, 11), {.seed = 11, .keep_log = false});
    BOOST_TEST(outcome.violation == "", name << ": " << outcome.violation);
    BOOST_TEST(outcome.height >= scenario.run.heights, name);
  }
}

BOOST_AUTO_TEST_CASE(a_drawn_scenario_survives_its_own_text) {
  for (const std::string& name : names()) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Scenario drawn = draw(scenario_named(name), seed);
      const auto again = parse_scenario(to_toml(drawn), name + ".toml");
      WITAN_REQUIRE_OK(again);
      BOOST_CHECK(again->rules == drawn.rules);
      BOOST_CHECK(again->events == drawn.events);
      BOOST_CHECK(again->liars == drawn.liars);
      BOOST_CHECK(again->chain == drawn.chain);
      BOOST_CHECK(again->link == drawn.link);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_first_line_says_the_purpose) {
  const Error error = error_of("[chain]\nvalidators = 4\n");
  BOOST_TEST(error.field == "x.toml:1:1");
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_line_and_column) {
  BOOST_TEST(error_of("# A purpose\n[chain]\nvalidatos = 4\n").field == "x.toml:3:1");
  BOOST_TEST(error_of("# A purpose\n[chain]\nvalidators = 0\n").field == "x.toml:3:1");
  BOOST_TEST(error_of("# A purpose\n[run]\nsafety = 20\n").field == "x.toml:3:1");
  BOOST_TEST(
      error_of("# A purpose\n[[event]]\nat = \"1s\"\nnode = \"n9\"\ndo = \"kill\"\n").field ==
      "x.toml:4:1");
  BOOST_TEST(error_of("# A purpose\n[[event]]\nnode = \"n0\"\ndo = \"explode\"\n").field ==
             "x.toml:4:1");
  BOOST_TEST(error_of("# A purpose\n[swarm]\nkinds = [\"earthquake\"]\n").field == "x.toml:3:1");
  const Error rule = error_of("# A purpose\n[faults]\nrules = [\"on link n0 do drop\"]\n");
  BOOST_TEST(static_cast<int>(rule.code) == static_cast<int>(ErrorCode::bad_rule));
  BOOST_TEST(rule.field == "x.toml:3:1");
  BOOST_TEST(rule.text.find("rule 1, column") != std::string::npos, rule.text);
  BOOST_TEST(error_of("# A purpose\n[weather]\nrain = 1\n").text.find("unknown table") !=
             std::string::npos);
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::sim
