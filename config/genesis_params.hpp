// Names and ranges of the genesis parameters, once for reader, writer and check.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "messages/types/block.hpp"
#include "messages/types/genesis.hpp"

namespace witan::genesis_detail {

struct DurationParam {
  std::string_view name;  // milliseconds
  Duration GenesisParams::*member;
  std::uint64_t min_ms;
  std::uint64_t max_ms;
};

inline constexpr std::uint64_t hour_ms = 3'600'000;
inline constexpr std::uint64_t year_ms = 366 * 24 * hour_ms;
inline constexpr std::array duration_params{
    DurationParam{"timeout_propose_ms", &GenesisParams::timeout_propose, 1, hour_ms},
    DurationParam{"timeout_propose_delta_ms", &GenesisParams::timeout_propose_delta, 0, hour_ms},
    DurationParam{"timeout_vote_ms", &GenesisParams::timeout_vote, 1, hour_ms},
    DurationParam{"timeout_vote_delta_ms", &GenesisParams::timeout_vote_delta, 0, hour_ms},
    DurationParam{"timeout_max_ms", &GenesisParams::timeout_max, 1, hour_ms},
    DurationParam{"block_time_ms", &GenesisParams::block_time, 0, hour_ms},
    DurationParam{"precision_ms", &GenesisParams::precision, 1, hour_ms},
    DurationParam{"message_delay_ms", &GenesisParams::message_delay, 1, hour_ms},
    DurationParam{"evidence_max_age_ms", &GenesisParams::evidence_max_age, 1000, year_ms},
};
// A block must hold at least one largest transaction and its header.
inline constexpr std::uint64_t block_bytes_min = 128 * 1024;
inline constexpr std::uint64_t evidence_age_blocks_max = std::uint64_t{1} << 40;
inline constexpr std::uint64_t initial_height_max = std::uint64_t{1} << 62;
inline constexpr std::uint32_t score_milli_max = 1000;
inline constexpr std::uint8_t tier_min = 3, tier_max = 5;
inline constexpr std::size_t name_bytes_max = 64;
inline constexpr std::array<std::string_view, 3> chain_types{"development", "staging", "live"};

}  // namespace witan::genesis_detail
