// Taking committed heights back, and bringing the stores into step after a crash (S17). Never
// touches what a validator remembers of its signatures: a height that is taken back is executed
// again or fetched again, never signed again.
#pragma once
#include <functional>
#include <optional>

#include "storage/block_store.hpp"
#include "storage/state_store.hpp"

namespace witan::ledger {

struct RollbackReport {
  Height from;         // the state was here
  Height to;           // and is here now
  Hash32 state_root;   // after it
  Height blocks_last;  // last stored block now
  std::uint64_t blocks_dropped = 0;
};

// Takes the state back to `to`. The blocks above it stay and are executed again at the next start,
// unless `drop_blocks`: then they and their index entries go, and peers (or the validator's own
// log) give them back; evidence that they held is pending again. The state goes first, so that it
// is never ahead of the blocks.
// Errors: out_of_range, pruned (the text names the lowest height that can be reached),
// state_root_mismatch (the stored block does not belong to the state), io, no_space, corrupt.
[[nodiscard]] Result<RollbackReport> roll_back(BlockStore& blocks, StateStore& state,
                                               KvStore* index, Height to, bool drop_blocks);

// At a start: a state that is ahead of the blocks (power was lost between their logs) is taken back
// to the last block; where that is no longer possible and all blocks are there, `rebuild` replaces
// the store by an empty one and the blocks are executed again. Else nothing is done and opening the
// chain refuses. Evidence that the index calls committed above the last block is pending again.
// Errors: io, no_space, corrupt, those of rebuild.
[[nodiscard]] Status settle_stores(const BlockStore& blocks, StateStore& state, KvStore& index,
                                   Height initial_height, const std::function<Status()>& rebuild);

}  // namespace witan::ledger
