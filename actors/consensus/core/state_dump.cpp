#include "actors/consensus/core/state_dump.hpp"

#include <fmt/format.h>

#include "messages/base/hex.hpp"

namespace witan::consensus {
namespace {

std::string text(const ValueId& value) { return value ? to_hex(*value).substr(0, 8) : "nil"; }

std::string text(const std::optional<RoundValue>& v) {
  return v ? fmt::format("{}@{}", text(v->second), v->first.get()) : "none";
}

std::string text(const std::vector<ValuePower>& powers) {
  std::string out;
  for (const ValuePower& p : powers) out += fmt::format(" {}:{}", text(p.value), p.power);
  return out;
}

}  // namespace

std::string to_text(const StateDump& d) {
  std::string out = fmt::format("height {} round {} step {}\n", d.state.height.get(),
                                d.state.round.get(), name_of(d.state.step));
  out += fmt::format("locked {} valid {} decision {}\n", text(d.state.locked), text(d.state.valid),
                     text(d.state.decision));
  out += fmt::format("self {} replaying {} awaiting_value {} timer_generation {}\n",
                     d.self ? std::to_string(*d.self) : "none", d.replaying, d.awaiting_value,
                     d.timer_generation);
  for (const RoundDump& r : d.rounds)
    out += fmt::format("round {} prevotes {}{} precommits {}{}\n", r.round.get(), r.prevote_power,
                       text(r.prevotes), r.precommit_power, text(r.precommits));
  for (const auto& [round, p] : d.proposals)
    out += fmt::format("proposal round {} value {} pol_round {} valid {}\n", round.get(),
                       text(p.value), p.pol_round.get(), p.valid);
  out += fmt::format("votes_held {} proofs_held {}\n", d.votes_held, d.proofs_held);
  return out;
}

}  // namespace witan::consensus
