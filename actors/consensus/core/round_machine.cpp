#include "actors/consensus/core/round_machine.hpp"

namespace witan::consensus {
namespace {

using Kind = RoundOutput::Kind;

Transition unchanged(const RoundState& s) { return {s, std::nullopt, false}; }
Transition with(RoundState next, RoundOutput output) {
  return {std::move(next), std::move(output), true};
}

Transition prevote(RoundState s, ValueId value, Round pol_round) {
  s.step = Step::prevote;
  const Round round = s.round;
  if (!value) pol_round = Round::nil();
  return with(std::move(s), {Kind::prevote, round, value, pol_round, Step::prevote});
}

Transition precommit(RoundState s, ValueId value) {
  s.step = Step::precommit;
  const Round round = s.round;
  return with(std::move(s), {Kind::precommit, round, value, {}, Step::precommit});
}

Transition schedule(RoundState s, Step step) {
  const Round round = s.round;
  return with(std::move(s), {Kind::schedule_timeout, round, {}, {}, step});
}

Transition go_to(const RoundState& s, Round round) {
  return with(s, {Kind::new_round, round, {}, {}, Step::unstarted});
}

bool lock_allows(const RoundState& s, const BlockId& value) {
  return !s.locked || s.locked->second == value;
}

Transition enter(RoundState s, const RoundInput& in) {  // L10-L21
  s.round = in.round;
  s.step = Step::propose;
  s.prevote_timer = s.polka_seen = s.precommit_timer = false;
  if (!in.proposer) return schedule(std::move(s), Step::propose);  // L21
  if (!s.valid)
    return with(std::move(s), {Kind::get_value, in.round, {}, {}, Step::propose});  // L18
  const RoundValue valid = *s.valid;
  return with(std::move(s),
              {Kind::proposal, in.round, valid.second, valid.first, Step::propose});  // L16
}

Transition polka_current(RoundState s, const BlockId& value) {  // L36
  s.polka_seen = true;
  s.valid = RoundValue{s.round, value};  // L42
  if (s.step != Step::prevote) return {std::move(s), std::nullopt, true};
  s.locked = s.valid;  // L38
  return precommit(std::move(s), value);
}

// R3-R7: rules of the propose step.
Transition in_propose(const RoundState& s, const RoundInput& in) {
  switch (in.event) {
    case RoundEvent::propose_value:  // R2
      return with(s, {Kind::proposal, s.round, in.value, {}, Step::propose});
    case RoundEvent::proposal:  // L22
      return prevote(s, lock_allows(s, in.value) ? ValueId(in.value) : std::nullopt, {});
    case RoundEvent::proposal_and_polka_previous: {  // L28
      const bool ok = lock_allows(s, in.value) || s.locked->first <= in.pol_round;
      return prevote(s, ok ? ValueId(in.value) : std::nullopt, in.pol_round);
    }
    case RoundEvent::invalid_proposal:                     // L26
    case RoundEvent::invalid_proposal_and_polka_previous:  // L32
    case RoundEvent::timeout_propose:                      // L57
      return prevote(s, std::nullopt, {});
    default:
      return unchanged(s);
  }
}

// R8-R14: rules of the current round.
Transition in_round(const RoundState& s, const RoundInput& in) {
  RoundState next = s;
  switch (in.event) {
    case RoundEvent::polka_any:  // L34
      if (s.step != Step::prevote || s.prevote_timer) return unchanged(s);
      next.prevote_timer = true;
      return schedule(std::move(next), Step::prevote);
    case RoundEvent::polka_nil:        // L44
    case RoundEvent::timeout_prevote:  // L61
      return s.step == Step::prevote ? precommit(s, std::nullopt) : unchanged(s);
    case RoundEvent::proposal_and_polka_current:  // L36
      if (s.step < Step::prevote || s.polka_seen) return unchanged(s);
      return polka_current(s, in.value);
    case RoundEvent::precommit_any:  // L47
      if (s.precommit_timer) return unchanged(s);
      next.precommit_timer = true;
      return schedule(std::move(next), Step::precommit);
    case RoundEvent::timeout_precommit:  // L65
      return go_to(s, s.round.next());
    default:
      return s.step == Step::propose ? in_propose(s, in) : unchanged(s);
  }
}

}  // namespace

// vote path 8/10: the rule that the threshold enabled (threshold_mux names it) changes the round
Transition apply(const RoundState& s, const RoundInput& in) {
  if (s.step == Step::commit) return unchanged(s);  // R17
  switch (in.event) {
    case RoundEvent::new_round:
      return in.round > s.round ? enter(s, in) : unchanged(s);
    case RoundEvent::skip_round:  // L55
      return in.round > s.round ? go_to(s, in.round) : unchanged(s);
    case RoundEvent::proposal_and_precommit_value: {  // L49
      RoundState next = s;
      next.decision = RoundValue{in.round, in.value};
      next.step = Step::commit;
      return with(std::move(next), {Kind::decide, in.round, in.value, {}, Step::commit});
    }
    default:
      return in.round == s.round && !s.round.is_nil() ? in_round(s, in) : unchanged(s);  // R18
  }
}

}  // namespace witan::consensus
