// The first state of a chain. Its hash is the chain id.
#pragma once
#include <string>
#include <vector>

#include "messages/base/time.hpp"
#include "messages/types/transaction.hpp"
#include "messages/types/validator_set.hpp"

namespace witan {

enum class ChainType : std::uint8_t { development = 0, staging = 1, live = 2 };

// An initial validator with its standing (decisions.md D3): without one, nobody could ever
// validate.
struct GenesisValidator {
  std::string name;
  PublicKey key;
  Signature proof_of_possession;  // by key, over pop_bytes
  std::uint64_t stake = 0;
  std::uint32_t score_milli = 0;  // reputation score * 1000, 0..1000
  std::uint8_t tier = 0;          // 3..5 may validate
  std::uint64_t timetoke_hours = 0;
  std::uint64_t consensus_success = 0;
  bool operator==(const GenesisValidator&) const = default;
};

struct GenesisAccount {
  AccountId id;
  std::uint64_t balance = 0;
  bool operator==(const GenesisAccount&) const = default;
};

struct GenesisParams {
  std::uint32_t block_bytes_max = 2 * 1024 * 1024;
  std::uint64_t fee_min = 1;
  Duration timeout_propose = Duration::from_ms(3000);
  Duration timeout_propose_delta = Duration::from_ms(500);
  Duration timeout_vote = Duration::from_ms(1000);  // prevote and precommit
  Duration timeout_vote_delta = Duration::from_ms(500);
  Duration timeout_max = Duration::from_s(10);
  Duration block_time = Duration::from_ms(0);   // 0 = as fast as decided
  Duration precision = Duration::from_ms(500);  // proposer-based time
  Duration message_delay = Duration::from_s(2);
  // Evidence older than both is not put into blocks (messages/types/evidence.hpp).
  std::uint64_t evidence_max_age_blocks = 100'000;
  Duration evidence_max_age = Duration::from_s(48 * 3600);
  bool operator==(const GenesisParams&) const = default;
};

struct Genesis {
  std::string chain_name;  // [a-z0-9-]{1,50}
  ChainType type = ChainType::development;
  UnixTime time;
  Height initial_height{1};
  GenesisParams params;
  std::vector<GenesisValidator> validators;
  std::vector<GenesisAccount> accounts;
  bool operator==(const Genesis&) const = default;
};

}  // namespace witan
