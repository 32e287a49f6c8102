// Traces that begin with something everybody can name. Any node that knows the vote knows its
// trace: what a peer says of a trace is a label, never believed for more.
#pragma once
#include <cstdint>

#include "messages/types/height.hpp"

namespace witan {

struct TraceId {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  bool operator==(const TraceId&) const = default;
};

namespace detail {
constexpr TraceId named_trace(char what, std::uint8_t type, std::uint64_t height,
                              std::int32_t round, std::uint32_t validator) {
  return {static_cast<std::uint64_t>(static_cast<unsigned char>(what)) << 56 |
              std::uint64_t{type} << 48 |
              static_cast<std::uint64_t>(static_cast<std::uint16_t>(round)) << 32 | validator,
          height};
}
}  // namespace detail

// In hex: 76 'v' | type | round (2 bytes) | validator (4 bytes) | height (8 bytes).
constexpr TraceId vote_trace(VoteType type, std::uint64_t height, std::int32_t round,
                             std::uint32_t validator) {
  return detail::named_trace('v', static_cast<std::uint8_t>(type), height, round, validator);
}
// 70 'p' likewise: a proposal and the parts of its block.
constexpr TraceId proposal_trace(std::uint64_t height, std::int32_t round) {
  return detail::named_trace('p', 0, height, round, 0);
}

}  // namespace witan
