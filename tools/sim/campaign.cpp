#include "tools/sim/campaign.hpp"

#include <atomic>

#include "tools/sim/parallel.hpp"

namespace witan::sim {
namespace {

std::string rule_of(const std::string& violation) {
  return violation.substr(0, violation.find(':'));
}

void add(Count& count, const Outcome& outcome) {
  ++count.runs;
  count.failed += outcome.ok() ? 0 : 1;
  count.heights += outcome.height;
  count.hops += outcome.hops;
  count.restarts += outcome.restarts;
  count.virtual_time = count.virtual_time + outcome.virtual_time;
}

}  // namespace

Summary run_campaign(const std::vector<Scenario>& scenarios, const CampaignPlan& plan,
                     const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  std::vector<Outcome> outcomes(plan.seeds);
  std::vector<char> ran(plan.seeds);
  std::atomic<std::uint64_t> failed{0};
  std::atomic<bool> stop{false};
  const auto scenario_of = [&](std::uint64_t i) -> const Scenario& {
    return scenarios[(plan.first + i) % scenarios.size()];
  };
  const auto work = [&](std::uint64_t i) {
    const std::uint64_t seed = plan.first + i;
    outcomes[i] = run(draw(scenario_of(i), seed), {.seed = seed, .keep_log = false});
    ran[i] = 1;
    if (outcomes[i].ok()) return;
    ++failed;
    if (plan.stop_at_failure) stop = true;
  };
  in_parallel(
      plan.seeds, plan.jobs, 0, [&](std::uint64_t done) { progress(done, failed); }, work, &stop);
  Summary out;
  RunLog hash(nullptr, false);
  for (std::uint64_t i = 0; i < plan.seeds; ++i) {
    if (ran[i] == 0) continue;
    add(out.all, outcomes[i]);
    add(out.by_scenario[scenario_of(i).name], outcomes[i]);
    hash.mix(outcomes[i].log_hash);
    if (!outcomes[i].ok())
      out.failures.push_back({scenario_of(i).name, plan.first + i, outcomes[i].violation});
  }
  out.log_hash = hash.hash();
  return out;
}

Shrunk shrink(const Scenario& scenario, std::uint64_t seed, const std::string& violation,
              std::uint32_t runs_max) {
  Shrunk out{scenario, violation, {}, 0};
  const auto still_fails = [&](const Scenario& smaller) {
    if (out.runs >= runs_max) return false;
    ++out.runs;
    const Outcome outcome = run(smaller, {.seed = seed, .keep_log = false});
    if (rule_of(outcome.violation) != rule_of(violation)) return false;
    out.violation = outcome.violation;
    return true;
  };
  for (bool again = true; again;) {
    again = false;
    for (std::size_t part = parts_count(out.scenario); part-- > 0;) {
      const std::string what = part_text(out.scenario, part);
      const Scenario smaller = without_part(out.scenario, part);
      if (to_toml(smaller) == to_toml(out.scenario) || !still_fails(smaller)) continue;
      out.scenario = smaller;
      out.removed.push_back(what);
      again = true;
    }
    Scenario shorter = out.scenario;
    shorter.run.safety = Duration::from_ms(out.scenario.run.safety.ms() / 2);
    if (shorter.run.safety >= Duration::from_s(1) && still_fails(shorter)) {
      out.scenario = shorter;
      again = true;
    }
  }
  return out;
}

}  // namespace witan::sim
