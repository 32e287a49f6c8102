// The whole state of the consensus core as a value: for `dump`, crash reports and golden tests.
#pragma once
#include <string>
#include <vector>

#include "actors/consensus/core/proposal_keeper.hpp"
#include "actors/consensus/core/round_machine.hpp"
#include "actors/consensus/core/round_tally.hpp"

namespace witan::consensus {

struct RoundDump {
  Round round;
  std::uint64_t prevote_power = 0, precommit_power = 0;  // of distinct validators
  std::vector<ValuePower> prevotes, precommits;
  bool operator==(const RoundDump&) const = default;
};

struct StateDump {
  RoundState state;
  std::optional<ValidatorIndex> self;
  bool replaying = false;
  bool awaiting_value = false;
  std::uint64_t timer_generation = 0;  // last one given out
  std::vector<RoundDump> rounds;       // rounds with votes, ascending
  std::vector<std::pair<Round, StoredProposal>> proposals;
  std::size_t votes_held = 0;   // far rounds included
  std::size_t proofs_held = 0;  // certificates kept for their own sake
  bool operator==(const StateDump&) const = default;
};

// One fact per line, stable order; hashes are cut to 8 hex digits.
[[nodiscard]] std::string to_text(const StateDump& dump);

}  // namespace witan::consensus
