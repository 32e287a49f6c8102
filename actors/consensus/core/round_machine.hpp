// The round state machine: Algorithm 1 of arXiv 1807.04938 ("paper"), one transition per rule
// R1-R18 of the specification (consensus.md, section 2.2). A pure function of (state, input); it
// counts nothing.
//
// Preconditions about votes and proposals ("2f+1 prevotes for id(v)") are the input's meaning;
// those about the node's own state (step, lock, first time) are checked here. An input whose
// preconditions do not hold is no error: `fired` is false and the state is unchanged (R17, R18).
#pragma once
#include <optional>

#include "actors/consensus/core/input.hpp"

namespace witan::consensus {

struct RoundState {
  Height height;
  Round round;  // nil before the first round
  Step step = Step::unstarted;
  std::optional<RoundValue> locked;    // lockedValue and lockedRound
  std::optional<RoundValue> valid;     // validValue and validRound
  std::optional<RoundValue> decision;  // round of the commit quorum
  // "For the first time" guards of L34, L36 and L47; cleared with every round (P2).
  bool prevote_timer = false;
  bool polka_seen = false;
  bool precommit_timer = false;
  bool operator==(const RoundState&) const = default;
};

enum class RoundEvent : std::uint8_t {
  new_round,                    // enter `round`; `proposer`: we propose in it
  propose_value,                // getValue() returned `value`
  proposal,                     // proposal of `value` without polka
  invalid_proposal,             // the same, value not valid
  proposal_and_polka_previous,  // proposal of `value` and its polka in `pol_round`
  invalid_proposal_and_polka_previous,
  polka_any,                     // 2f+1 prevotes
  polka_nil,                     // 2f+1 prevotes for nil
  proposal_and_polka_current,    // valid proposal of `value` and its polka in this round
  precommit_any,                 // 2f+1 precommits
  proposal_and_precommit_value,  // valid proposal and 2f+1 precommits for `value` in `round`
  skip_round,                    // f+1 messages of `round`
  timeout_propose,
  timeout_prevote,
  timeout_precommit,
};

struct RoundInput {
  RoundEvent event = RoundEvent::new_round;
  Round round;
  BlockId value{};
  Round pol_round;
  bool proposer = false;
};

struct RoundOutput {
  enum class Kind : std::uint8_t {
    get_value,         // ask for a value and start the propose timer
    proposal,          // propose `value` with `pol_round`
    prevote,           // `value` or nil; `pol_round`: what justified it
    precommit,         // `value` or nil
    schedule_timeout,  // of `step`
    decide,            // `value` in `round`
    new_round,         // go to `round`: comes back as RoundEvent::new_round
  };
  Kind kind = Kind::new_round;
  Round round;
  ValueId value;
  Round pol_round;
  Step step = Step::unstarted;
};

struct Transition {
  RoundState next;
  std::optional<RoundOutput> output;
  bool fired = false;
};

[[nodiscard]] Transition apply(const RoundState& state, const RoundInput& input);

}  // namespace witan::consensus
