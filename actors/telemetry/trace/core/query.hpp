// What to look for in a trace: filters from text, and the hops they match. Pure.
//
// Errors of the parsers: malformed, out_of_range; `field` is the option, the text says at which
// position and why. Nothing is half-applied: a filter is built whole or not at all.
#pragma once
#include <optional>

#include "actors/telemetry/trace/core/trace_set.hpp"

namespace witan::trace {

struct Filter {
  std::optional<std::pair<std::uint64_t, std::uint64_t>> heights;  // first, last
  std::optional<std::uint64_t> transaction;                        // first eight bytes of its id
  std::optional<std::pair<std::uint64_t, std::uint64_t>> trace;    // id
  std::optional<std::uint32_t> validator;                          // index
  std::optional<std::pair<std::int64_t, std::int64_t>> times;      // Unix ns
  std::string actor;  // glob over sender and receiver: "consensus", "node0 peers/*"; empty: any
  std::string type;   // glob over the type's name
  std::string node;   // glob over the node's label
  std::optional<std::uint8_t> outcome;
};

// `*` any characters, `?` one. Linear in the text for each `*`.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

[[nodiscard]] bool matches(const TraceSet& set, const Filter& filter, std::uint32_t hop);
[[nodiscard]] Selection select(const TraceSet& set, const Filter& filter);

// "42" or "40-45".
[[nodiscard]] Result<std::pair<std::uint64_t, std::uint64_t>> parse_heights(
    const std::string& field, std::string_view text);
// At least 16 hex digits of a transaction id; what follows them is checked to be hex.
[[nodiscard]] Result<std::uint64_t> parse_transaction(const std::string& field,
                                                      std::string_view text);
// 32 hex digits.
[[nodiscard]] Result<std::pair<std::uint64_t, std::uint64_t>> parse_trace(const std::string& field,
                                                                          std::string_view text);
// "2026-11-22T01:02:03Z", with up to nine digits of a fraction.
[[nodiscard]] Result<std::int64_t> parse_time(const std::string& field, std::string_view text);
[[nodiscard]] Result<std::uint8_t> parse_outcome(const std::string& field, std::string_view text);
// "HEIGHT/ROUND/prevote|precommit/VALIDATOR": the trace of that vote.
[[nodiscard]] Result<std::pair<std::uint64_t, std::uint64_t>> parse_vote(const std::string& field,
                                                                         std::string_view text);

}  // namespace witan::trace
