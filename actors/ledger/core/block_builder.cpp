#include "actors/ledger/core/block_builder.hpp"

namespace witan::ledger {
namespace {
// Header, part of the certificate that does not grow, lists and pointers of the encoding.
constexpr std::uint64_t block_frame_bytes = 4096;
// Signature, index, pol_round and pointers.
constexpr std::uint64_t commit_signature_bytes = 112;
}  // namespace

std::uint64_t tx_bytes_budget(std::uint32_t block_bytes_max, std::size_t validators,
                              std::size_t evidence_bytes) {
  const std::uint64_t used =
      block_frame_bytes + commit_signature_bytes * validators + evidence_bytes;
  return used >= block_bytes_max ? 0 : block_bytes_max - used;
}

std::uint64_t tx_bytes_wanted(std::uint64_t budget, Round round) {
  const auto halvings = std::min<std::int32_t>(round.get(), 63);
  return std::min(budget, std::max(budget >> halvings, tx_block_bytes(tx_bytes_max)));
}

Result<BuiltBlock> build(Execution execution, std::span<const Candidate> candidates,
                         BuildLimits limits, const AccountId& proposer) {
  BuiltBlock out;
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const std::uint64_t cost = tx_block_bytes(candidates[i].bytes);
    if (bytes + cost > limits.tx_bytes_max || out.accepted.size() >= limits.count_max) break;
    WITAN_TRY(Verdict verdict, execution.apply(candidates[i].tx));
    if (!verdict.invalid) {
      bytes += cost;
      out.accepted.push_back(i);
    } else if (verdict.invalid->code != ErrorCode::too_large) {
      out.rejected.push_back({i, std::move(*verdict.invalid)});
    }
  }
  WITAN_TRY(out.result, execution.finish(proposer));
  return out;
}

}  // namespace witan::ledger
