#include "actors/consensus/core/state_dump.hpp"

#include "messages/base/hex.hpp"

namespace witan::consensus {
namespace {

std::string text(const ValueId& value) { return value ? to_hex(*value).substr(0, 8) : "nil"; }

std::string text(const std::optional<RoundValue>& v) {
  return v ? text(ValueId(v->second)) + "@" + std::to_string(v->first.get()) : "none";
}

std::string text(const std::vector<ValuePower>& powers) {
  std::string out;
  for (const ValuePower& p : powers) out += " " + text(p.value) + ":" + std::to_string(p.power);
  return out;
}

std::string text(bool b) { return b ? "true" : "false"; }
std::string text(Round r) { return std::to_string(r.get()); }

}  // namespace

std::string to_text(const StateDump& d) {
  const RoundState& s = d.state;
  std::string out = "height " + std::to_string(s.height.get()) + " round " + text(s.round) +
                    " step " + std::string(name_of(s.step)) + "\n";
  out += "locked " + text(s.locked) + " valid " + text(s.valid) + " decision " + text(s.decision) +
         "\n";
  out += "self " + (d.self ? std::to_string(*d.self) : "none") + " replaying " + text(d.replaying) +
         " awaiting_value " + text(d.awaiting_value) + " timer_generation " +
         std::to_string(d.timer_generation) + "\n";
  for (const RoundDump& r : d.rounds)
    out += "round " + text(r.round) + " prevotes " + std::to_string(r.prevote_power) +
           text(r.prevotes) + " precommits " + std::to_string(r.precommit_power) +
           text(r.precommits) + "\n";
  for (const auto& [round, p] : d.proposals)
    out += "proposal round " + text(round) + " value " + text(ValueId(p.value)) + " pol_round " +
           text(p.pol_round) + " valid " + text(p.valid) + (p.timely ? "\n" : " untimely\n");
  out += "votes_held " + std::to_string(d.votes_held) + " proofs_held " +
         std::to_string(d.proofs_held) + "\n";
  return out;
}

}  // namespace witan::consensus
