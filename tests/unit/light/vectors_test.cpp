// The model-based cases of ../shared/conformance, judged by the same operations as
// witan-conformance offers; the number of cases is asserted, so that none is lost silently.
#include <filesystem>
#include <fstream>

#include "tests/support/boost_test.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using nlohmann::json;

BOOST_AUTO_TEST_SUITE(vectors_test)

BOOST_AUTO_TEST_CASE(all_model_based_cases_have_their_verdict) {
  const auto path =
      std::filesystem::path(WITAN_SOURCE_DIR) / "../shared/conformance/light_client_mbt.json";
  if (!std::filesystem::exists(path)) {
    BOOST_TEST_MESSAGE("skipped: " << path << " is not there");
    return;
  }
  std::ifstream file(path);
  const json data = json::parse(file);
  OpTable table;
  register_light_ops(table);
  std::size_t steps = 0;
  for (const json& test : data.at("tests")) {
    json begin = {{"initial", test.at("initial")},
                  {"trusting_period_s", test.at("trusting_period_s")},
                  {"trust_level", data.at("trust_level")},
                  {"clock_drift_s", data.at("clock_drift_s")}};
    BOOST_REQUIRE(table.at("light_begin")(begin).at("ok") == true);
    for (const json& step : test.at("steps")) {
      const json reply = table.at("light_step")({{"step", step}});
      BOOST_CHECK_MESSAGE(reply.at("verdict") == step.at("verdict"),
                          test.at("name") << " step " << steps << ": " << reply);
      ++steps;
    }
  }
  BOOST_CHECK_EQUAL(data.at("tests").size(), 21U);
  BOOST_CHECK_EQUAL(steps, 51U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::conformance
