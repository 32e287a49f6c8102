#include "actors/consensus/core/liveness.hpp"

#include <algorithm>

#include "messages/base/int_math.hpp"

namespace witan::consensus {

Duration timeout_duration(const TimeoutParams& params, Step step, Round round) {
  const bool propose = step == Step::propose;
  const Duration base = propose ? params.propose : params.vote;
  const Duration delta = propose ? params.propose_delta : params.vote_delta;
  const std::int64_t rounds = std::max(round.get(), 0);
  const auto growth = checked_mul<std::int64_t>(delta.ns, rounds);
  const auto sum = growth ? checked_add<std::int64_t>(base.ns, *growth) : std::nullopt;
  return sum ? std::min(Duration{*sum}, params.max) : params.max;
}

Duration rebroadcast_interval(const TimeoutParams& params, Round round) {
  return timeout_duration(params, Step::propose, round) +
         timeout_duration(params, Step::prevote, round) +
         timeout_duration(params, Step::precommit, round);
}

}  // namespace witan::consensus
