#include "tests/campaign/scenario.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "messages/base/random.hpp"

namespace witan::campaign {
namespace {

constexpr std::array<std::string_view, lies_count> lie_names{"equivocating_proposer",
                                                             "equivocating_voter",
                                                             "silent",
                                                             "withholding",
                                                             "stale_lock",
                                                             "amnesia",
                                                             "invalid_block",
                                                             "far_rounds",
                                                             "garbage_certificates",
                                                             "delaying",
                                                             "replaying",
                                                             "split_brain",
                                                             "amnesia_fork"};
constexpr std::array<std::string_view, faults_count> fault_names{
    "loss", "delay", "reorder", "duplicate", "partition", "crash", "lost_logs"};
// What can make correct validators disagree once there are too many of them.
constexpr std::array<Lie, 4> lies_that_fork{Lie::split_brain, Lie::split_brain, Lie::amnesia_fork,
                                            Lie::equivocating_voter};

// Liars in random order while their power stays below a third; until it is a third or more, but
// below two thirds, when `over`.
std::vector<ValidatorIndex> choose_liars(Random& random, const Scenario& s) {
  std::vector<ValidatorIndex> order(s.powers.size());
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<ValidatorIndex> out;
  std::uint64_t power = 0;
  const std::uint64_t total = s.power_total();
  for (const ValidatorIndex v : order) {
    const std::uint64_t with = power + s.powers[v];
    if (3 * with >= (s.over ? 2 : 1) * total) continue;
    power = with;
    out.push_back(v);
    if (3 * power >= total) break;
  }
  return out;
}

bool is_third(const Scenario& s, const std::vector<ValidatorIndex>& liars) {
  std::uint64_t power = 0;
  for (const ValidatorIndex v : liars) power += s.powers[v];
  return 3 * power >= s.power_total();
}

}  // namespace

std::string_view name_of(Lie lie) { return lie_names[static_cast<std::size_t>(lie)]; }

std::string faults_text(std::uint8_t faults) {
  std::string out;
  for (std::size_t i = 0; i < fault_names.size(); ++i)
    if ((faults >> i & 1U) != 0) out += (out.empty() ? "" : "+") + std::string(fault_names[i]);
  return out.empty() ? "none" : out;
}

bool Scenario::is_liar(ValidatorIndex v) const {
  return std::any_of(liars.begin(), liars.end(), [v](const Liar& l) { return l.validator == v; });
}

std::uint64_t Scenario::power_of_liars() const {
  std::uint64_t power = 0;
  for (const Liar& l : liars) power += powers[l.validator];
  return power;
}

std::uint64_t Scenario::power_total() const {
  return std::accumulate(powers.begin(), powers.end(), std::uint64_t{0});
}

Scenario scenario_of(std::uint64_t seed) {
  Random random = Random(seed).fork("scenario");
  Scenario s;
  s.seed = seed;
  s.over = seed % 7 == 6;
  constexpr std::array<std::size_t, 3> sizes{4, 7, 10};
  s.powers.assign(sizes[seed % 3], 1);
  if (random.chance_permille(400))
    for (std::uint64_t& power : s.powers) power = 1 + random.below(10);
  // One lie for all in half of the scenarios, so that it is told with the greatest weight.
  const auto draw = [&] {
    return s.over ? lies_that_fork[random.below(lies_that_fork.size())]
                  : static_cast<Lie>(random.below(lies_count));
  };
  const Lie common = draw();
  const bool mixed = random.chance_permille(500);
  std::vector<ValidatorIndex> liars = choose_liars(random, s);
  for (int tries = 0; liars.empty() || (s.over && !is_third(s, liars)); ++tries) {
    if (tries > 3) s.powers.assign(s.powers.size(), 1);  // one validator outweighs the others
    liars = choose_liars(random, s);
  }
  for (const ValidatorIndex v : liars) s.liars.push_back({v, mixed ? draw() : common});
  for (unsigned bit = 0; bit < faults_count; ++bit)
    if (random.chance_permille(600)) s.faults = static_cast<std::uint8_t>(s.faults | 1U << bit);
  if ((s.faults & Fault::crash) == 0)
    s.faults = static_cast<std::uint8_t>(s.faults & ~Fault::lost_logs);
  if (s.over)
    s.faults = static_cast<std::uint8_t>((s.faults | Fault::partition) &
                                         ~(Fault::crash | Fault::lost_logs));
  s.heights = static_cast<int>(1 + random.below(3));
  return s;
}

std::vector<std::string> parts_of(const Scenario& s) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < fault_names.size(); ++i)
    if ((s.faults >> i & 1U) != 0) out.emplace_back(fault_names[i]);
  for (const Liar& l : s.liars) out.push_back("liar:" + std::to_string(l.validator));
  if (s.heights > 1) out.emplace_back("heights");
  return out;
}

bool leave_out(Scenario& s, const std::string& part) {
  const std::vector<std::string> parts = parts_of(s);
  if (std::find(parts.begin(), parts.end(), part) == parts.end()) return false;
  if (part == "heights") s.heights = 1;
  std::erase_if(s.liars,
                [&](const Liar& l) { return part == "liar:" + std::to_string(l.validator); });
  for (std::size_t i = 0; i < fault_names.size(); ++i)
    if (part == fault_names[i]) s.faults = static_cast<std::uint8_t>(s.faults & ~(1U << i));
  return true;
}

std::string describe(const Scenario& s) {
  std::string out = "n=" + std::to_string(s.powers.size()) + " powers=";
  for (std::size_t i = 0; i < s.powers.size(); ++i)
    out += (i == 0 ? "" : ",") + std::to_string(s.powers[i]);
  out += s.over ? " liars(f+1)=" : " liars=";
  for (std::size_t i = 0; i < s.liars.size(); ++i)
    out += (i == 0 ? "" : ",") + std::to_string(s.liars[i].validator) + ":" +
           std::string(name_of(s.liars[i].lie));
  return out + " faults=" + faults_text(s.faults) + " heights=" + std::to_string(s.heights);
}

}  // namespace witan::campaign
