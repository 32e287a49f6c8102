// Kills each kind of actor that a node has, many times: in each run one actor of one node dies
// once, in the middle of its work, and the chain must end as it does in the run of the same seed in
// which nobody dies: the same transfers executed, the same accounts. Others may die after it: what
// a restart left behind is what the next one finds.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/sim/world.hpp"

namespace witan::sim {

struct KillPlan {
  std::uint64_t first = 1;    // seed
  std::uint64_t times = 100;  // of each kind of actor
  std::uint64_t deaths = 1;   // in each run: the actor, then others, drawn (with_kills)
  unsigned jobs = 1;
  std::string only{};  // glob of kinds; empty: all
};

struct KillRow {
  std::uint64_t runs = 0;
  std::uint64_t killed = 0;  // runs in which the actor died
  std::uint64_t same = 0;    // of these: the chain is as without
  // Virtual time, ascending, of each death: until an actor stood there again, until the node stored
  // its next block.
  std::vector<Duration> back;
  std::vector<Duration> block;
};

struct KillSummary {
  std::map<std::string, KillRow> by_actor;
  std::vector<std::string> failures;  // "ACTOR seed S: why"
  std::uint64_t runs = 0;
  std::uint64_t log_hash = 0;
};

// REQUIRES: the scenario says how many transfers there are (chain.transfers). `progress` is called
// with the number of runs done and of all, one call at a time.
[[nodiscard]] KillSummary run_kills(
    const Scenario& scenario, const KillPlan& plan,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress);

// The scenario of one run: the first of `actors` dies at a moment and on a node that the seed
// decides. The others are on the same node: from a moment within a second of the one before, each
// dies at one of its next 40 messages, if it gets so many. `early`: the first dies at one of its
// first messages, because some hear nothing later on.
[[nodiscard]] Scenario with_kills(const Scenario& scenario, const std::vector<std::string>& actors,
                                  std::uint64_t seed, bool early = false);

// Of ascending times; 0 when there are none.
[[nodiscard]] Duration percentile(const std::vector<Duration>& times, unsigned percent);

}  // namespace witan::sim
