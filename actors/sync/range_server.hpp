// Serves ranges of decided blocks from the block store: contiguous from the first height asked for,
// as many as fit the bytes, the count and the peer's budget; none if the first is not there. An
// answer is always made, so that nobody waits for nothing.
//
// The budget is a token bucket of bytes per peer: a peer that asks too much gets empty answers.
// Thread rule: one owner; the store may be read by others at the same time.
#pragma once
#include <map>
#include <vector>

#include "actors/sync/core/types.hpp"
#include "messages/schema/chain.capnp.h"
#include "messages/wire/envelope.hpp"
#include "storage/block_store.hpp"

namespace witan::sync {

struct ServeLimits {
  std::uint64_t bytes_per_second = 32 * 1024 * 1024;
  std::uint64_t burst_bytes = 16 * 1024 * 1024;
  std::uint64_t request_cost = 8 * 1024;  // of any request, also one for nothing
};

class RangeServer {
 public:
  explicit RangeServer(const BlockStore& store, ServeLimits limits = {})
      : store_(store), limits_(limits) {}

  struct Served {
    Draft<schema::RangeResponse> response;
    std::size_t blocks = 0;
    Status read{};  // why reading stopped, if the store failed (not: pruned or not there yet)
  };
  // Inverted, empty and over-long requests are clamped, not punished.
  [[nodiscard]] Served serve(PeerId peer, schema::RangeRequest::Reader request, Instant now);
  // What can be served; tip 0 if nothing.
  [[nodiscard]] Claim own_claim() const;
  void forget(PeerId peer) { budgets_.erase(peer); }

 private:
  struct Budget {
    std::uint64_t bytes = 0;
    Instant filled{};
  };
  [[nodiscard]] std::uint64_t refill(PeerId peer, Instant now);
  [[nodiscard]] Status collect(Range range, std::size_t bytes_max, std::vector<SyncBlock>& out,
                               std::size_t& bytes) const;

  const BlockStore& store_;
  ServeLimits limits_;
  std::map<PeerId, Budget> budgets_;
};

// The blocks of an answer as plain types. Errors: malformed, out_of_range, too_large.
[[nodiscard]] Result<std::vector<SyncBlock>> read_blocks(schema::RangeResponse::Reader response);

}  // namespace witan::sync
