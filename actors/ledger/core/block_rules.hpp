// Rules a proposed block must satisfy, apart from its transactions (executor.hpp). Checked in three
// steps, cheap first: header fields, lists against their roots, state roots after execution.
// Signatures, the last commit certificate and the proposal are verified by others.
// Errors: invalid_block, field "header.<name>" or "block.<list>". Pure functions.
#pragma once
#include <span>

#include "messages/base/result.hpp"
#include "messages/types/block.hpp"
#include "messages/types/genesis.hpp"

namespace witan::ledger {

// What the chain so far prescribes for the next block.
struct ExpectedHeader {
  Hash32 chain_id;
  Height height;
  UnixTime prev_time;     // of the previous block; of genesis for the first block
  BlockId prev_block_id;  // zero for the first block
  std::uint64_t epoch = 0;
  PublicKey proposer;  // by proposer_order for (height, header.origin_round)
  Hash32 validators_hash;
  Hash32 next_validators_hash;
  std::uint64_t cfg_version = 0;
  std::uint64_t rules_version = 0;
  Hash32 vrf_entropy;
  Hash32 proof_root;
};

// The same on every node at every time: no clock is asked. Whether a proposal is timely is for each
// validator's first prevote alone (actors/consensus, P39).
[[nodiscard]] Status check_header(const Header& header, const ExpectedHeader& expected);

// Lists against the roots of the header. `last_commit_hash` is commit_hash(block.last_commit), or
// zero for the first block; `tx_bytes` the sum of tx_block_bytes.
struct BlockLists {
  std::span<const Hash32> tx_ids;
  std::span<const Hash32> evidence_hashes;
  Hash32 last_commit_hash;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_bytes_max = 0;
};
[[nodiscard]] Status check_lists(const Header& header, const BlockLists& lists);

// After execution.
[[nodiscard]] Status check_state(const Header& header, const ModuleRoots& roots);

}  // namespace witan::ledger
