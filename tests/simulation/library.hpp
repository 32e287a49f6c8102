// What the tests of the simulator share: the library of scenarios.
#pragma once
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/file_system.hpp"
#include "tests/support/boost_test.hpp"
#include "tools/sim/campaign.hpp"

namespace witan::sim {

inline std::string scenarios_folder() {
  return std::string(WITAN_SOURCE_DIR) + "/tests/simulation/scenarios";
}

inline Scenario scenario_named(const std::string& name) {
  const std::string path = scenarios_folder() + "/" + name + ".toml";
  auto text = read_whole(posix_file_system(), path, 64 * 1024);
  WITAN_REQUIRE_OK(text);
  auto scenario = parse_scenario(as_text(*text), path);
  WITAN_REQUIRE_OK(scenario);
  return std::move(*scenario);
}

inline std::vector<std::string> scenario_names() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(scenarios_folder()))
    out.push_back(entry.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace witan::sim
