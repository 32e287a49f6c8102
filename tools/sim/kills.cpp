#include "tools/sim/kills.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "messages/base/check.hpp"
#include "tools/sim/parallel.hpp"

namespace witan::sim {
namespace {

constexpr std::uint64_t burst_messages = 40;  // not only the first message of a burst

Outcome run_quietly(const Scenario& scenario, std::uint64_t seed) {
  return run(scenario, {.seed = seed, .log_file = nullptr, .keep_log = false});
}

// Empty when the chain is as without.
std::string difference(const Outcome& with, const Outcome& without) {
  if (!with.ok()) return with.violation;
  if (with.accounts != without.accounts)
    return "the accounts differ from those of the run in which nobody dies";
  return {};
}

void add(KillRow& row, const Outcome& outcome, bool same) {
  ++row.runs;
  if (outcome.recoveries.empty()) return;
  ++row.killed;
  row.same += same ? 1 : 0;
  for (const Recovery& r : outcome.recoveries) {
    if (r.back) row.back.push_back(*r.back);
    if (r.block) row.block.push_back(*r.block);
  }
}

// `actor`, then others until there are `deaths` of them.
std::vector<std::string> victims(const std::string& actor, const std::set<std::string>& all,
                                 std::uint64_t deaths, std::uint64_t seed) {
  Random random = Random(seed).fork("after " + actor);
  std::vector<std::string> out{actor};
  while (out.size() < deaths)
    out.push_back(*std::next(all.begin(), static_cast<std::ptrdiff_t>(random.below(all.size()))));
  return out;
}

}  // namespace

Scenario with_kills(const Scenario& scenario, const std::vector<std::string>& actors,
                    std::uint64_t seed, bool early) {
  Random random = Random(seed).fork("kill " + actors.at(0));
  const auto span =
      static_cast<std::uint64_t>(std::max<std::int64_t>(scenario.run.safety.ms() - 2000, 1));
  const std::string node = node_name(static_cast<std::uint32_t>(random.below(scenario.nodes())));
  std::uint64_t ms = 1000 + random.below(span);
  Scenario out = scenario;
  for (std::size_t i = 0; i < actors.size(); ++i) {
    std::string when = fmt::format("from {}ms nth 1", ms);
    if (i > 0) when = fmt::format("from {}ms nth {}", ms, 1 + random.below(burst_messages));
    if (early && i == 0) when = fmt::format("nth {}", 1 + random.below(3));
    const std::string text = fmt::format("on {} at {} {} do kill", actors[i], node, when);
    auto rule = faults::parse_rule(text);
    WITAN_CHECK(rule.has_value(), text);
    out.rules.push_back(std::move(*rule));
    ms += random.below(1000);
  }
  return out;
}

KillSummary run_kills(const Scenario& scenario, const KillPlan& plan,
                      const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  WITAN_CHECK(scenario.chain.transfers != 0);
  std::vector<Outcome> without(plan.times);
  std::uint64_t all = plan.times;
  const auto report = [&](std::uint64_t done) {
    if (progress) progress(done, all);
  };
  std::uint64_t done = in_parallel(plan.times, plan.jobs, 0, report, [&](std::uint64_t i) {
    without[i] = run_quietly(scenario, plan.first + i);
  });
  KillSummary out;
  std::vector<std::string> actors;
  for (const std::string& actor : without.empty() ? std::set<std::string>() : without[0].actors)
    if (plan.only.empty() || faults::glob_matches(plan.only, actor)) actors.push_back(actor);
  all += plan.times * actors.size();
  std::vector<Outcome> with(plan.times * actors.size());
  std::vector<std::vector<std::string>> who(with.size());
  done += in_parallel(with.size(), plan.jobs, done, report, [&](std::uint64_t i) {
    const std::uint64_t seed = plan.first + i % plan.times;
    who[i] = victims(actors[i / plan.times], without[0].actors, plan.deaths, seed);
    with[i] = run_quietly(with_kills(scenario, who[i], seed), seed);
    if (with[i].ok() && with[i].recoveries.empty())
      with[i] = run_quietly(with_kills(scenario, who[i], seed, true), seed);
  });
  RunLog hash(nullptr, false);
  for (std::uint64_t i = 0; i < plan.times; ++i) {
    hash.mix(without[i].log_hash);
    if (!without[i].ok())
      out.failures.push_back(
          fmt::format("no actor, seed {}: {}", plan.first + i, without[i].violation));
  }
  for (std::uint64_t i = 0; i < with.size(); ++i) {
    const std::string& actor = actors[i / plan.times];
    const std::string why = difference(with[i], without[i % plan.times]);
    add(out.by_actor[actor], with[i], why.empty());
    hash.mix(with[i].log_hash);
    if (!why.empty())
      out.failures.push_back(fmt::format("{}, seed {}: {}", fmt::join(who[i], " then "),
                                         plan.first + i % plan.times, why));
  }
  for (auto& [actor, row] : out.by_actor) {
    std::sort(row.back.begin(), row.back.end());
    std::sort(row.block.begin(), row.block.end());
  }
  out.runs = done;
  out.log_hash = hash.hash();
  return out;
}

Duration percentile(const std::vector<Duration>& times, unsigned percent) {
  if (times.empty()) return {};
  return times[std::min(times.size() - 1, times.size() * percent / 100)];
}

}  // namespace witan::sim
