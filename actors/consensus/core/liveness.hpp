// How long to wait: pure functions of parameters, step and round. Safety never depends on them;
// liveness needs them to grow with the round, up to a cap above the network's real delay.
#pragma once
#include "messages/base/time.hpp"
#include "messages/types/genesis.hpp"
#include "messages/types/height.hpp"

namespace witan::consensus {

struct TimeoutParams {
  Duration propose = Duration::from_ms(3000);
  Duration propose_delta = Duration::from_ms(500);
  Duration vote = Duration::from_ms(1000);  // prevote and precommit
  Duration vote_delta = Duration::from_ms(500);
  Duration max = Duration::from_s(10);
  static TimeoutParams from(const GenesisParams& p) {
    return {p.timeout_propose, p.timeout_propose_delta, p.timeout_vote, p.timeout_vote_delta,
            p.timeout_max};
  }
};

// min(base + round * delta, max), without overflow for any round; a nil round counts as 0.
// `step` is propose, prevote or precommit; others wait as long as a vote step.
[[nodiscard]] Duration timeout_duration(const TimeoutParams& params, Step step, Round round);

// When to repeat our last messages of a round if it has not ended: the sum of its three timeouts.
[[nodiscard]] Duration rebroadcast_interval(const TimeoutParams& params, Round round);

}  // namespace witan::consensus
