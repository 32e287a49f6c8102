// What one run of the campaign is made of. A scenario is a pure function of its seed (and the
// profile); a failing one can be made smaller by leaving liars, faults or heights out, and what was
// left out is named on the command line, so that every run can be repeated.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/types/validator_set.hpp"

namespace witan::campaign {

// How a Byzantine validator behaves; what exactly it does is said in liars.cpp.
enum class Lie : std::uint8_t {
  equivocating_proposer,
  equivocating_voter,
  silent,
  withholding,
  stale_lock,
  amnesia,
  invalid_block,
  far_rounds,
  garbage_certificates,
  delaying,
  replaying,
  split_brain,
  amnesia_fork,
};
inline constexpr std::size_t lies_count = 13;
[[nodiscard]] std::string_view name_of(Lie lie);

// What the network and the machines do until the schedule turns fair.
enum Fault : std::uint8_t {
  loss = 1,
  delay = 2,
  reorder = 4,
  duplicate = 8,
  partition = 16,
  crash = 32,      // correct validators die and come back
  lost_logs = 64,  // of them, most come back with their sign-state only
};
inline constexpr std::size_t faults_count = 7;
inline constexpr std::uint8_t faults_all = 127;
[[nodiscard]] std::string faults_text(std::uint8_t faults);

struct Liar {
  ValidatorIndex validator = 0;
  Lie lie = Lie::silent;
};

struct Scenario {
  std::uint64_t seed = 0;
  bool over = false;  // f+1 liars: agreement may break, and then the guilty must be named
  std::vector<std::uint64_t> powers;
  std::vector<Liar> liars;
  std::uint8_t faults = 0;
  int heights = 2;  // to be decided after the schedule turned fair

  [[nodiscard]] bool is_liar(ValidatorIndex v) const;
  [[nodiscard]] std::uint64_t power_of_liars() const;
  [[nodiscard]] std::uint64_t power_total() const;
};

// Every seventh seed is an `over` scenario.
[[nodiscard]] Scenario scenario_of(std::uint64_t seed);
// Parts of a scenario that one may leave out, one at a time: "liar:3", "loss", "heights".
[[nodiscard]] std::vector<std::string> parts_of(const Scenario& scenario);
// False if there is no such part. A liar left out becomes a correct validator.
[[nodiscard]] bool leave_out(Scenario& scenario, const std::string& part);
// One line: n, powers, liars, faults.
[[nodiscard]] std::string describe(const Scenario& scenario);

}  // namespace witan::campaign
