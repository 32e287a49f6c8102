#include <algorithm>
#include <set>

#include "config/genesis.hpp"
#include "config/genesis_params.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/int_math.hpp"

namespace witan {

namespace {

using namespace genesis_detail;

tl::unexpected<Error> refuse(std::string field, std::string text) {
  return fail(ErrorCode::genesis, std::move(field), std::move(text));
}

bool is_chain_name(std::string_view name) {
  return !name.empty() && name.size() <= 50 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Printable ASCII: names are shown in terminals and logs.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status check_params(const GenesisParams& params) {
  if (params.block_bytes_max < block_bytes_min || params.block_bytes_max > block_bytes_max) {
    return refuse("params.block_bytes_max", "is outside " + std::to_string(block_bytes_min) + ".." +
                                                std::to_string(block_bytes_max));
  }
  if (params.evidence_max_age_blocks < 1 ||
      params.evidence_max_age_blocks > evidence_age_blocks_max) {
    return refuse("params.evidence_max_age_blocks",
                  "is outside 1.." + std::to_string(evidence_age_blocks_max));
  }
  for (const DurationParam& p : duration_params) {
    const std::int64_t ns = (params.*p.member).ns;
    const std::string field = "params." + std::string(p.name);
    if (ns < 0 || ns % 1'000'000 != 0)
      return refuse(field, "is not a whole number of milliseconds");
    const auto ms = static_cast<std::uint64_t>(ns / 1'000'000);
    if (ms < p.min_ms || ms > p.max_ms) {
      return refuse(field,
                    "is outside " + std::to_string(p.min_ms) + ".." + std::to_string(p.max_ms));
    }
  }
  if (params.timeout_max < params.timeout_propose || params.timeout_max < params.timeout_vote) {
    return refuse("params.timeout_max_ms", "is below timeout_propose_ms or timeout_vote_ms");
  }
  return {};
}

Status check_validator(const GenesisValidator& v, const std::string& path) {
  if (!is_name(v.name)) {
    return refuse(path + ".name",
                  "is 1 to " + std::to_string(name_bytes_max) + " printable characters");
  }
  if (v.stake == 0) return refuse(path + ".stake", "is 0: it would have no voting power");
  if (v.score_milli > score_milli_max) return refuse(path + ".score_milli", "is above 1000");
  if (v.tier < tier_min || v.tier > tier_max) {
    return refuse(path + ".tier", "is outside 3..5: lower tiers may not validate");
  }
  if (!is_valid(v.key)) return refuse(path + ".key", "is not a key on the curve");
  const Hash32 message = pop_hash(KeyRole::consensus, v.key.view(), v.key);
  if (!verify(v.key, message.view(), v.proof_of_possession)) {
    return refuse(path + ".proof_of_possession", "does not verify: `witan keys prove` makes one");
  }
  return {};
}

Status check_validators(const std::vector<GenesisValidator>& validators) {
  if (validators.empty()) return refuse("validators", "is empty: nobody could decide a block");
  if (validators.size() > validators_max) {
    return refuse("validators", "has more than " + std::to_string(validators_max));
  }
  std::set<PublicKey> keys;
  std::set<std::string> names;
  for (std::size_t i = 0; i < validators.size(); ++i) {
    const std::string path = "validators[" + std::to_string(i) + "]";
    WITAN_TRY_VOID(check_validator(validators[i], path));
    if (!keys.insert(validators[i].key).second) return refuse(path + ".key", "is given twice");
    if (!names.insert(validators[i].name).second) return refuse(path + ".name", "is given twice");
  }
  return {};
}

Status check_accounts(const std::vector<GenesisAccount>& accounts) {
  if (accounts.size() > genesis_accounts_max) {
    return refuse("accounts", "has more than " + std::to_string(genesis_accounts_max));
  }
  std::set<AccountId> ids;
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const std::string path = "accounts[" + std::to_string(i) + "].address";
    if (!is_valid(accounts[i].id)) return refuse(path, "is not a key on the curve");
    if (!ids.insert(accounts[i].id).second) return refuse(path, "is given twice");
  }
  return {};
}

// Everything that will ever be counted together fits 64 bits.
Status check_supply(const Genesis& genesis) {
  std::uint64_t total = 0;
  const auto add = [&](std::uint64_t amount) {
    const auto sum = checked_add(total, amount);
    total = sum.value_or(total);
    return sum.has_value();
  };
  for (std::size_t i = 0; i < genesis.validators.size(); ++i) {
    if (!add(genesis.validators[i].stake)) {
      return refuse("validators[" + std::to_string(i) + "].stake", "the total exceeds 64 bits");
    }
  }
  for (std::size_t i = 0; i < genesis.accounts.size(); ++i) {
    if (!add(genesis.accounts[i].balance)) {
      return refuse("accounts[" + std::to_string(i) + "].balance", "the total exceeds 64 bits");
    }
  }
  return {};
}

}  // namespace

Status check_genesis(const Genesis& genesis) {
  if (!is_chain_name(genesis.chain_name)) {
    return refuse("chain_name", "is 1 to 50 characters of a-z, 0-9 and '-'");
  }
  if (static_cast<std::size_t>(genesis.type) >= chain_types.size())
    return refuse("type", "is unknown");
  if (genesis.time.ns < 0) return refuse("time", "is before 1970");
  if (genesis.initial_height < Height{1} || genesis.initial_height > Height{initial_height_max}) {
    return refuse("initial_height", "is outside 1.." + std::to_string(initial_height_max));
  }
  WITAN_TRY_VOID(check_params(genesis.params));
  WITAN_TRY_VOID(check_validators(genesis.validators));
  WITAN_TRY_VOID(check_accounts(genesis.accounts));
  return check_supply(genesis);
}

Signature prove_possession(const SecretKey& key) {
  const PublicKey id = key.public_key();
  return key.sign(pop_hash(KeyRole::consensus, id.view(), id).view());
}

}  // namespace witan
