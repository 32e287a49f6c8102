// Chooses a block's transactions: candidates in the given order, each executed as it is taken, so
// what is built is valid by construction and its result is ready.
#pragma once
#include "actors/ledger/core/executor.hpp"

namespace witan::ledger {

struct Candidate {
  ExecTx tx;
  std::uint32_t bytes = 0;  // of the canonical encoding
};

struct BuildLimits {
  std::uint64_t tx_bytes_max = 0;  // sum of tx_block_bytes; see tx_bytes_budget
  std::uint32_t count_max = 65'536;
};

struct BuiltBlock {
  std::vector<std::uint32_t> accepted;  // indices of candidates, in block order
  std::vector<InvalidTx> rejected;      // can never be valid now: the pool should drop them
  ExecutionResult result;
};

// Bytes a transaction takes inside an encoded block, its list entry included.
[[nodiscard]] constexpr std::uint64_t tx_block_bytes(std::uint64_t bytes) { return bytes + 8; }
// What an encoded block of block_bytes_max leaves for transactions beside the header, the last
// commit of `validators` signatures and the evidence.
[[nodiscard]] std::uint64_t tx_bytes_budget(std::uint32_t block_bytes_max, std::size_t validators,
                                            std::size_t evidence_bytes);

// What a proposer asks for in `round`: half as much with each failed round, down to one transaction
// of the largest kind. Timeouts stop growing at timeout_max, so a block that the network's links
// cannot carry by then would fail in every round.
[[nodiscard]] std::uint64_t tx_bytes_wanted(std::uint64_t budget, Round round);

// Stops at the first candidate that does not fit, so that the order of a sender's nonces is kept.
// Opaque candidates are passed over, and stay in the pool, while the window has no room.
// Errors: io, corrupt from the reader.
[[nodiscard]] Result<BuiltBlock> build(Execution execution, std::span<const Candidate> candidates,
                                       BuildLimits limits, const AccountId& proposer);

}  // namespace witan::ledger
