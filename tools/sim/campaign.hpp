// Many seeds over many scenarios on several threads, and the smallest part of a failing run that
// still fails.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/sim/world.hpp"

namespace witan::sim {

struct Failure {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string violation;
};

struct Count {
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::uint64_t heights = 0;
  std::uint64_t hops = 0;
  std::uint64_t restarts = 0;
  Duration virtual_time{};
};

struct Summary {
  Count all;
  std::map<std::string, Count> by_scenario;
  std::vector<Failure> failures;  // by seed
  std::uint64_t log_hash = 0;     // over the hashes of all runs, by seed
};

// Seeds first, first + 1, ...; a seed runs scenario number seed modulo their count.
struct CampaignPlan {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  unsigned jobs = 1;
  bool stop_at_failure = false;
};
// `progress` is called with the number of runs done and failed, one call at a time.
[[nodiscard]] Summary run_campaign(
    const std::vector<Scenario>& scenarios, const CampaignPlan& plan,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress);

// Leaves out parts one after the other, and shortens the safety phase, while the run still violates
// the same rule (the word before the colon).
struct Shrunk {
  Scenario scenario;
  std::string violation;
  std::vector<std::string> removed;
  std::uint32_t runs = 0;
};
// REQUIRES: `scenario` is drawn and fails with `seed`.
[[nodiscard]] Shrunk shrink(const Scenario& scenario, std::uint64_t seed,
                            const std::string& violation, std::uint32_t runs_max = 200);

}  // namespace witan::sim
