// Who proposes in (height, round): decisions.md D3.
//
// Order: tier (higher first), timetoke hours in buckets of 24 (higher first), then
// H(entropy || height || id) / power (lower first), then id. Round r takes position r mod n. So
// every validator proposes within n rounds, and among validators of equal standing the place in the
// order is drawn anew for every height, in favour of power. Pure; integers only.
#pragma once
#include <array>
#include <vector>

#include "messages/types/validator_set.hpp"

namespace witan {

// Big-endian limbs: number[0] is the most significant.
using U256 = std::array<std::uint64_t, 4>;
// REQUIRES: divisor > 0.
[[nodiscard]] U256 divide(const U256& number, std::uint64_t divisor);

// `entropy` is Header.vrf_entropy of the epoch.
[[nodiscard]] std::vector<ValidatorIndex> proposer_order(const ValidatorSet& validators,
                                                         const Hash32& entropy, Height height);

// REQUIRES: order is not empty, round is not nil.
[[nodiscard]] inline ValidatorIndex proposer_at(const std::vector<ValidatorIndex>& order,
                                                Round round) {
  return order[static_cast<std::size_t>(round.get()) % order.size()];
}

}  // namespace witan
