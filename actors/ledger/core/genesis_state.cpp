#include "actors/ledger/core/genesis_state.hpp"

#include <algorithm>
#include <set>

#include "actors/ledger/core/account.hpp"
#include "messages/base/check.hpp"
#include "messages/base/int_math.hpp"

namespace witan::ledger {
namespace {

constexpr std::uint64_t hours_counted_max = 720;
constexpr std::uint32_t score_milli_max = 1000;

// Below 2^64 * 2000 * 721 < 2^85.
u128 raw_power(const GenesisValidator& v) {
  return static_cast<u128>(v.stake) * (v.score_milli + 1000U) *
         (std::min(v.timetoke_hours, hours_counted_max) + 1);
}

}  // namespace

Bytes encode(const ValidatorRecord& r) {
  return ByteWriter(80)
      .raw(r.key.view())
      .u64(r.stake)
      .u32(r.score_milli)
      .u8(r.tier)
      .u64(r.timetoke_hours)
      .u64(r.consensus_success)
      .u64(r.power)
      .take();
}

Result<ValidatorRecord> decode_validator(ByteView bytes) {
  ByteReader in(bytes);
  ValidatorRecord out;
  out.key = in.fixed<PublicKey>();
  out.stake = in.u64();
  out.score_milli = in.u32();
  out.tier = in.u8();
  out.timetoke_hours = in.u64();
  out.consensus_success = in.u64();
  out.power = in.u64();
  if (!in.done()) return fail(ErrorCode::corrupt, "validator", "not a validator record");
  return out;
}

Result<ValidatorSet> validator_set_of(const Genesis& genesis) {
  if (genesis.validators.size() > validators_max)
    return fail(ErrorCode::too_large, "validators", "more than 512 validators");
  u128 total = 0;
  for (const GenesisValidator& v : genesis.validators) {
    if (v.score_milli > score_milli_max)
      return fail(ErrorCode::out_of_range, "validators.score_milli", "a score is 0 to 1000");
    total += raw_power(v);  // 512 * 2^85 fits
  }
  unsigned shift = 0;
  while (total >> shift > power_total_max) ++shift;
  std::vector<Validator> set;
  set.reserve(genesis.validators.size());
  for (const GenesisValidator& v : genesis.validators)
    set.push_back(
        {v.key, static_cast<std::uint64_t>(raw_power(v) >> shift), v.tier, v.timetoke_hours});
  return ValidatorSet::make(std::move(set));
}

Result<StateWrites> genesis_state(const Genesis& genesis) {
  WITAN_TRY(const ValidatorSet set, validator_set_of(genesis));
  StateWrites out;
  out.reserve(genesis.accounts.size() + genesis.validators.size());
  std::set<AccountId> seen;
  std::uint64_t supply = 0;
  for (const GenesisAccount& a : genesis.accounts) {
    if (!seen.insert(a.id).second)
      return fail(ErrorCode::duplicate, "accounts.id", "an account appears twice");
    const auto sum = checked_add(supply, a.balance);
    if (!sum || *sum > supply_max)
      return fail(ErrorCode::out_of_range, "accounts.balance", "the supply is above 2^63 - 1");
    supply = *sum;
    out.push_back({Module::accounts, Hash32::from(a.id.view()), encode(Account{a.balance, 0})});
  }
  for (const GenesisValidator& v : genesis.validators) {
    const auto index = set.index_of(v.key);
    WITAN_CHECK(index.has_value());
    const ValidatorRecord record{v.key,
                                 v.stake,
                                 v.score_milli,
                                 v.tier,
                                 v.timetoke_hours,
                                 v.consensus_success,
                                 set.at(*index).power};
    out.push_back({Module::validators, Hash32::from(v.key.view()), encode(record)});
  }
  return out;
}

}  // namespace witan::ledger
