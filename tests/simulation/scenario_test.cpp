// Scenario files: what they say, and what one with a mistake is answered.
#include "tests/simulation/library.hpp"

namespace witan::sim {
namespace {

Error error_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "x.toml");
  BOOST_REQUIRE(!scenario.has_value());
  return scenario.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scenario_test)

BOOST_AUTO_TEST_CASE(a_drawn_scenario_survives_its_own_text) {
  for (const std::string& name : scenario_names()) {
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::sim
