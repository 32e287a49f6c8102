// Many runs on several threads, counted by size and by lie; and the smallest part of a failing
// scenario that still fails.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/campaign/world.hpp"

namespace witan::campaign {

struct Count {
  std::size_t runs = 0;
  std::size_t failed = 0;
  std::size_t decisions = 0;
  std::size_t events = 0;
  std::size_t equivocations = 0;
  std::size_t disagreed = 0;
  int rounds_most = 0;
  std::uint64_t guilty_least_permille = 1000;  // of runs with a disagreement
  void add(const Outcome& outcome);
};

struct Failure {
  Scenario scenario;
  std::string violation;
};

struct Summary {
  Count all;
  std::map<std::string, Count> by_size;  // "n=4", "n=4 unequal", "n=4 f+1"
  std::map<std::string, Count> by_lie;   // runs in which some validator told it
  std::map<std::string, Count> by_fault;
  std::vector<Failure> failures;  // by seed
  std::uint64_t log_hash = 0;     // over the hashes of all event logs, by seed
};

// Seeds first .. first + count - 1. `progress` is called with the number of runs done, from any
// thread, one call at a time.
[[nodiscard]] Summary run_all(std::uint64_t first, std::uint64_t count, unsigned jobs,
                              const std::function<void(std::size_t)>& progress);

// Leaves out liars, faults and heights one after the other while the run still fails. `removed`:
// what was left out.
struct Shrunk {
  Scenario scenario;
  std::vector<std::string> removed;
  std::string violation;
};
[[nodiscard]] Shrunk shrink(const Scenario& scenario,
                            const std::function<Outcome(const Scenario&)>& run_one);

[[nodiscard]] std::string to_text(const Summary& summary);
[[nodiscard]] std::string reproduction(const Shrunk& shrunk);

}  // namespace witan::campaign
