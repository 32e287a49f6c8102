#include "tests/campaign/campaign.hpp"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

namespace witan::campaign {
namespace {

void put(Summary& summary, const Scenario& s, const Outcome& outcome) {
  summary.all.add(outcome);
  std::string size = "n=" + std::to_string(s.powers.size());
  if (std::adjacent_find(s.powers.begin(), s.powers.end(), std::not_equal_to<>()) != s.powers.end())
    size += " unequal";
  summary.by_size[size + (s.over ? " f+1" : "")].add(outcome);
  std::set<std::string> lies;
  for (const Liar& l : s.liars) lies.insert(std::string(name_of(l.lie)) + (s.over ? " f+1" : ""));
  for (const std::string& lie : lies) summary.by_lie[lie].add(outcome);
  for (unsigned bit = 0; bit < faults_count; ++bit)
    if ((s.faults >> bit & 1U) != 0)
      summary.by_fault[faults_text(static_cast<std::uint8_t>(1U << bit))].add(outcome);
  summary.log_hash = (summary.log_hash ^ outcome.log_hash) * 1099511628211ULL;
  if (!outcome.violation.empty()) summary.failures.push_back({s, outcome.violation});
}

void append(std::string& out, const std::string& name, const Count& c) {
  char line[160];
  std::snprintf(line, sizeof line, "%-30s %7zu %6zu %9zu %11zu %6d %9zu %9zu", name.c_str(), c.runs,
                c.failed, c.decisions, c.events, c.rounds_most, c.equivocations, c.disagreed);
  out += line;
  if (c.disagreed > 0)
    out += "  >= " + std::to_string(c.guilty_least_permille / 10) + " % of the power";
  out += "\n";
}

}  // namespace

void Count::add(const Outcome& o) {
  ++runs;
  failed += o.violation.empty() ? 0U : 1U;
  decisions += o.decisions;
  events += o.events;
  equivocations += o.equivocations;
  rounds_most = std::max(rounds_most, o.rounds_after_healing);
  if (!o.disagreed) return;
  ++disagreed;
  guilty_least_permille = std::min(guilty_least_permille, o.guilty_permille);
}

Summary run_all(std::uint64_t first, std::uint64_t count, unsigned jobs,
                const std::function<void(std::size_t)>& progress) {
  std::vector<Outcome> outcomes(count);
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  const auto work = [&] {
    for (std::uint64_t i = next++; i < count; i = next++) {
      outcomes[i] = run(scenario_of(first + i));
      const std::lock_guard lock(mutex);
      progress(++done);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(jobs, 1U); ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  Summary summary;
  for (std::uint64_t i = 0; i < count; ++i) put(summary, scenario_of(first + i), outcomes[i]);
  return summary;
}

Shrunk shrink(const Scenario& scenario, const std::function<Outcome(const Scenario&)>& run_one) {
  Shrunk best{scenario, {}, run_one(scenario).violation};
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (const std::string& part : parts_of(best.scenario)) {
      Scenario less = best.scenario;
      if (!leave_out(less, part)) continue;
      const std::string violation = run_one(less).violation;
      if (violation.empty()) continue;
      best.scenario = less;
      best.violation = violation;
      best.removed.push_back(part);
      smaller = true;
    }
  }
  return best;
}

std::string to_text(const Summary& s) {
  std::string out =
      "                                  runs failed decisions      events rounds  equivoc.  "
      "disagreed\n";
  append(out, "all", s.all);
  for (const auto* table : {&s.by_size, &s.by_lie, &s.by_fault}) {
    out += "\n";
    for (const auto& [name, c] : *table) append(out, name, c);
  }
  char hash[48];
  std::snprintf(hash, sizeof hash, "\nevent logs: %016" PRIx64 "\n", s.log_hash);
  return out + hash;
}

std::string reproduction(const Shrunk& shrunk) {
  std::string out =
      "witan-core-campaign --seed " + std::to_string(shrunk.scenario.seed) + " --print-log";
  for (const std::string& part : shrunk.removed) out += " --without " + part;
  return out;
}

}  // namespace witan::campaign
