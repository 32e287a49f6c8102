// genesis.json <-> Genesis. The genesis hash is the chain id, so what is read is strict: unknown
// and repeated keys are refused, every range is checked, every validator proves that it holds its
// key.
//
//   {
//     "chain_name": "my-net",                     [a-z0-9-]{1,50}
//     "type": "development",                      development | staging | live
//     "time": "2026-01-02T03:04:05.678Z",         UTC, up to nanoseconds
//     "initial_height": 1,
//     "params": { "block_bytes_max": 2097152, "fee_min": "1", "timeout_propose_ms": 3000, ... },
//     "validators": [ { "name", "key", "proof_of_possession", "stake", "score_milli", "tier",
//                       "timetoke_hours", "consensus_success" } ],
//     "accounts": [ { "address": "wit1...", "balance": "1000" } ]
//   }
// 64-bit amounts are decimal strings or numbers (written as strings: JSON readers lose digits above
// 2^53). Keys and accounts are 64 hex digits or "wit1..." addresses. `params` and each of its keys
// may be left out; so may `initial_height`, `accounts` and a validator's standing. Durations are
// whole milliseconds.
//
// Errors: code `genesis` (exit 66); field = path of the value ("validators[2].stake") or
// "line:column" of a syntax error.
// Thread rule: pure functions but for load_genesis, which reads the file.
#pragma once
#include <string>
#include <string_view>

#include "crypto/keys.hpp"
#include "messages/base/result.hpp"
#include "messages/types/genesis.hpp"

namespace witan {

inline constexpr std::size_t genesis_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t genesis_accounts_max = 100'000;

[[nodiscard]] Result<Genesis> parse_genesis(std::string_view json);
[[nodiscard]] Result<Genesis> load_genesis(const std::string& path);

// Canonical text: fixed key order, every key present, two-space indent, final newline.
// parse_genesis(write_genesis(g)) == g for every g that check_genesis accepts.
[[nodiscard]] std::string write_genesis(const Genesis& genesis);

// Ranges, duplicates, total supply (balances and stakes fit 64 bits), proofs of possession.
[[nodiscard]] Status check_genesis(const Genesis& genesis);

// What a validator puts into a genesis to show that it holds its key.
[[nodiscard]] Signature prove_possession(const SecretKey& key);

}  // namespace witan
