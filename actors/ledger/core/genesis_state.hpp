// The state before the first block, from the genesis file. Pure; integers only.
#pragma once
#include "messages/types/genesis.hpp"
#include "messages/types/state_write.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::ledger {

// One record of the validators module; its key is the validator's id.
struct ValidatorRecord {
  PublicKey key;
  std::uint64_t stake = 0;
  std::uint32_t score_milli = 0;  // 0..1000
  std::uint8_t tier = 0;
  std::uint64_t timetoke_hours = 0;
  std::uint64_t consensus_success = 0;
  std::uint64_t power = 0;
  bool operator==(const ValidatorRecord&) const = default;
};
// Fixed layout in the order of the fields. Errors of decode: corrupt.
[[nodiscard]] Bytes encode(const ValidatorRecord& record);
[[nodiscard]] Result<ValidatorRecord> decode_validator(ByteView bytes);

// The supply must leave room for sums of two balances and all fees of a block.
inline constexpr std::uint64_t supply_max = (std::uint64_t{1} << 63U) - 1;

// power_i = (stake * (score_milli + 1000) * (min(hours, 720) + 1)) >> s with the least common s for
// which the total is at most power_total_max (decisions.md D3).
// Errors: out_of_range (a power is zero), missing, duplicate, too_large.
[[nodiscard]] Result<ValidatorSet> validator_set_of(const Genesis& genesis);

// Accounts and validator records to write at height 0. Errors: those above; duplicate and
// out_of_range (accounts).
[[nodiscard]] Result<StateWrites> genesis_state(const Genesis& genesis);

}  // namespace witan::ledger
