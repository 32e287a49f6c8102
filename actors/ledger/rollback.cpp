#include "actors/ledger/rollback.hpp"

#include "crypto/sign_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "storage/keys.hpp"

namespace witan::ledger {
namespace {

// What the index calls committed above `to` waits for a block again; the evidence actor finds it.
Status release_evidence(KvStore& index, Height to) {
  WriteBatch batch;
  const KeyRange above =
      KeyRange::between(keys::at_height(keys::committed_evidence, to + 1),
                        Bytes{static_cast<std::uint8_t>(keys::committed_evidence + 1)});
  WITAN_TRY_VOID(index.scan(above, Direction::forward, [&](ByteView key, ByteView value) {
    batch.erase(key);
    // An entry that is damaged comes back with its block.
    if (const auto evidence = decode_evidence(value))
      batch.put(keys::of_pending_evidence(key_of(*evidence).height, evidence_hash(value)), value);
    return true;
  }));
  if (batch.empty()) return {};
  return index.write(batch, Durability::synced);
}

// The entries of the blocks above `to` go before the blocks do.
Status forget_index(const BlockStore& blocks, KvStore& index, Height to) {
  const Height last = blocks.last().value_or(Height(0));
  for (Height h = to + 1; h <= last; ++h) {
    WITAN_TRY(const StoredBlock stored, blocks.block_at(h));
    WITAN_TRY(const Block block, decode_block(stored.block));
    WriteBatch batch;
    for (const Bytes& tx : block.txs) batch.erase(keys::for_id(keys::transaction, tx_id(tx)));
    WITAN_TRY_VOID(index.write(batch, Durability::buffered));
  }
  WITAN_TRY_VOID(release_evidence(index, to));
  WITAN_TRY(const auto value, index.get(Bytes{keys::indexed_height}));
  if (!value || value->size() != 8 || Height(keys::read_u64_be(*value)) <= to) return index.sync();
  Bytes height;
  keys::append_u64_be(height, to.get());
  return index.put(Bytes{keys::indexed_height}, height, Durability::synced);
}

Status check_block(const BlockStore& blocks, const StateMeta& meta) {
  if (meta.height.get() == 0) return {};
  WITAN_TRY(const StoredBlock stored, blocks.block_at(meta.height));
  if (stored.id == meta.block_id) return {};
  return fail(ErrorCode::state_root_mismatch, "state.db",
              "its state of height " + std::to_string(meta.height.get()) +
                  " belongs to another block than the one stored");
}

}  // namespace

Result<RollbackReport> roll_back(BlockStore& blocks, StateStore& state, KvStore* index, Height to,
                                 bool drop_blocks) {
  const auto meta = state.latest();
  if (!meta) return fail(ErrorCode::out_of_range, "--to", "there is no state yet");
  RollbackReport out;
  out.from = meta->height;
  if (to > meta->height)
    return fail(ErrorCode::out_of_range, "--to",
                "the state is at " + std::to_string(meta->height.get()));
  const auto first = blocks.first();
  if (to.get() > 0 && (!first || to < *first))
    return fail(ErrorCode::pruned, "--to",
                first ? "the first stored block is " + std::to_string(first->get())
                      : std::string("there are no blocks"));
  if (drop_blocks && to.get() == 0)
    return fail(ErrorCode::out_of_range, "--to", "blocks are dropped down to the first at most");
  WITAN_TRY_VOID(state.roll_back(to));
  WITAN_TRY_VOID(check_block(blocks, *state.latest()));
  if (drop_blocks) {
    if (index != nullptr) WITAN_TRY_VOID(forget_index(blocks, *index, to));
    WITAN_TRY(out.blocks_dropped, blocks.drop_above(to));
  }
  out.to = to;
  out.state_root = state.latest()->state_root;
  out.blocks_last = blocks.last().value_or(Height(0));
  return out;
}

Status settle_stores(const BlockStore& blocks, StateStore& state, KvStore& index,
                     Height initial_height, const std::function<Status()>& rebuild) {
  const auto meta = state.latest();
  const Height last = blocks.last().value_or(Height(0));
  WITAN_TRY_VOID(release_evidence(index, last));
  if (!meta || meta->height <= last) return {};
  WITAN_TRY(const Height lowest, state.roll_back_min());
  if (last.get() > 0 && lowest <= last) return state.roll_back(last);
  const auto first = blocks.first();
  if (first && *first > initial_height) return {};
  return rebuild();
}

}  // namespace witan::ledger
