// Blocks, their commit certificates and receipts, by height. A gap-free range of heights
// first..last: the next block put must have height last + 1 (any height if the store is empty),
// pruning removes from the low end. The bytes are opaque here; who reads them decodes and checks
// them.
//
// Threads: reads on any thread at any time; put, prune_below and sync on one thread.
// Errors: io, no_space, corrupt (LevelDB's checksums are verified on every read, and a range with a
// hole is refused), pruned (below the first height), not_found (above the last, or an unknown id).
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "messages/base/bytes.hpp"
#include "messages/types/height.hpp"
#include "storage/kv.hpp"

namespace witan {

struct StoredBlock {
  Height height;
  Hash32 id;
  Bytes block;
};

class BlockStore {
 public:
  // Takes over a database that holds nothing else.
  [[nodiscard]] static Result<std::unique_ptr<BlockStore>> open(std::unique_ptr<KvStore> kv);

  // Block, certificate, receipts and id index in one batch. Error wrong_height unless it is the
  // next height. After an io error the store refuses all later writes.
  [[nodiscard]] Status put(Height height, const Hash32& id, ByteView block, ByteView certificate,
                           ByteView receipts, Durability durability);
  // Removes all heights below `keep_from` (the last block always stays). Returns how many.
  // Not synced: a crash brings back some of the highest of them, never a hole.
  [[nodiscard]] Result<std::uint64_t> prune_below(Height keep_from);
  // Removes all heights above `keep`, from the highest down, durably. Returns how many. Nobody may
  // read meanwhile. Error out_of_range if `keep` is below the first height.
  [[nodiscard]] Result<std::uint64_t> drop_above(Height keep);
  // Everything put so far is durable.
  [[nodiscard]] Status sync() { return kv_->sync(); }

  // Both empty or both set.
  [[nodiscard]] std::optional<Height> first() const;
  [[nodiscard]] std::optional<Height> last() const;
  [[nodiscard]] Result<StoredBlock> block_at(Height height) const;
  [[nodiscard]] Result<StoredBlock> block_by_id(const Hash32& id) const;
  [[nodiscard]] Result<Height> height_of(const Hash32& id) const;
  [[nodiscard]] Result<Bytes> certificate_at(Height height) const;
  [[nodiscard]] Result<Bytes> receipts_at(Height height) const;
  [[nodiscard]] std::uint64_t approximate_bytes() const;

 private:
  explicit BlockStore(std::unique_ptr<KvStore> kv) : kv_(std::move(kv)) {}
  [[nodiscard]] Result<Bytes> value_at(std::uint8_t prefix, Height height) const;
  [[nodiscard]] Status load_range();
  [[nodiscard]] Status prune_chunk(std::uint64_t from, std::uint64_t to);
  [[nodiscard]] Status erase(WriteBatch& batch, std::uint64_t from, std::uint64_t to) const;

  static constexpr std::uint64_t none = 0;  // no block has height 0
  std::unique_ptr<KvStore> kv_;
  std::atomic<std::uint64_t> first_{none};
  std::atomic<std::uint64_t> last_{none};
};

}  // namespace witan
