#include "storage/block_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/keys.hpp"

namespace witan {
namespace {

constexpr std::uint64_t prune_batch_heights = 256;

Error corrupt(Height height, std::string_view text) {
  return {ErrorCode::corrupt, fmt::format("block store, height {}", height.get()),
          fmt::format("{}; restore from a backup or sync again", text)};
}

std::string describe_range(std::uint64_t first, std::uint64_t last) {
  return first == 0 ? std::string("the store is empty")
                    : fmt::format("stored: {}..{}", first, last);
}

// Lowest or highest height that has an entry under the prefix.
Result<std::optional<std::uint64_t>> edge(const KvStore& kv, std::uint8_t prefix,
                                          Direction direction) {
  const KeyRange range = KeyRange::prefix(ByteView(&prefix, 1));
  WITAN_TRY(const auto entry, kv.first(range, direction));
  if (!entry) return std::optional<std::uint64_t>{};
  if (entry->key.size() != 9) return fail(ErrorCode::corrupt, "block store", "key of a wrong size");
  return std::optional(keys::read_u64_be(ByteView(entry->key).subspan(1)));
}

}  // namespace

Result<std::unique_ptr<BlockStore>> BlockStore::open(std::unique_ptr<KvStore> kv) {
  auto store = std::unique_ptr<BlockStore>(new BlockStore(std::move(kv)));
  WITAN_TRY_VOID(store->load_range());
  return store;
}

// One batch per height and pruning from the low end keep the range free of holes; counting the
// certificates (small values) proves it for the database at hand.
Status BlockStore::load_range() {
  WITAN_TRY(const auto lowest, edge(*kv_, keys::block, Direction::forward));
  WITAN_TRY(const auto highest, edge(*kv_, keys::block, Direction::backward));
  std::uint64_t expected = lowest.value_or(none);
  bool hole = false;
  const KeyRange range = KeyRange::prefix(ByteView(&keys::commit_certificate, 1));
  WITAN_TRY_VOID(kv_->scan(range, Direction::forward, [&](ByteView key, ByteView) {
    hole = key.size() != 9 || keys::read_u64_be(key.subspan(1)) != expected;
    ++expected;
    return !hole;
  }));
  if (hole || (highest && expected != *highest + 1))
    return fail(corrupt(Height(expected), "the stored heights have a hole"));
  if (lowest && *lowest == 0) return fail(corrupt(Height(0), "there is no block of height 0"));
  first_.store(lowest.value_or(none));
  last_.store(highest.value_or(none));
  return {};
}

Status BlockStore::put(Height height, const Hash32& id, ByteView block, ByteView certificate,
                       ByteView receipts, Durability durability) {
  const std::uint64_t last = last_.load();
  if (height.get() == 0 || (last != none && height.get() != last + 1)) {
    return fail(ErrorCode::wrong_height, "block store",
                fmt::format("height {} is not the next one; {}", height.get(),
                            describe_range(first_.load(), last)));
  }
  Bytes value;
  value.reserve(Hash32::size_bytes + block.size());
  append(value, id.view());
  append(value, block);
  Bytes height_value;
  keys::append_u64_be(height_value, height.get());
  WriteBatch batch;
  batch.put(keys::at_height(keys::block, height), value);
  batch.put(keys::at_height(keys::commit_certificate, height), certificate);
  batch.put(keys::at_height(keys::receipts, height), receipts);
  batch.put(keys::for_id(keys::height_by_id, id), height_value);
  WITAN_TRY_VOID(kv_->write(batch, durability));
  if (first_.load() == none) first_.store(height.get());
  last_.store(height.get());
  return {};
}

Result<std::uint64_t> BlockStore::prune_below(Height keep_from) {
  const std::uint64_t start = first_.load();
  const std::uint64_t end = std::min(keep_from.get(), last_.load());
  if (start == none || end <= start) return std::uint64_t{0};
  for (std::uint64_t from = start; from < end;) {
    const std::uint64_t to = std::min(end, from + prune_batch_heights);
    WITAN_TRY_VOID(prune_chunk(from, to));
    from = to;
  }
  return end - start;
}

Status BlockStore::erase(WriteBatch& batch, std::uint64_t from, std::uint64_t to) const {
  for (std::uint64_t h = from; h < to; ++h) {
    WITAN_TRY(const Bytes value, value_at(keys::block, Height(h)));
    if (value.size() < Hash32::size_bytes) return fail(corrupt(Height(h), "block has no id"));
    batch.erase(keys::for_id(keys::height_by_id, Hash32::from(ByteView(value).first(32))));
    batch.erase(keys::numbered(keys::block, h));
    batch.erase(keys::numbered(keys::commit_certificate, h));
    batch.erase(keys::numbered(keys::receipts, h));
  }
  return {};
}

Status BlockStore::prune_chunk(std::uint64_t from, std::uint64_t to) {
  WriteBatch batch;
  WITAN_TRY_VOID(erase(batch, from, to));
  // Readers are told first: a height that is announced can be read.
  first_.store(to);
  return kv_->write(batch, Durability::buffered);
}

Result<std::uint64_t> BlockStore::drop_above(Height keep) {
  const std::uint64_t last = last_.load();
  if (last == none || keep.get() >= last) return std::uint64_t{0};
  if (keep.get() < first_.load())
    return fail(ErrorCode::out_of_range, "height", describe_range(first_.load(), last));
  for (std::uint64_t top = last; top > keep.get();) {
    const std::uint64_t from = std::max(keep.get(), top - std::min(top, prune_batch_heights));
    WriteBatch batch;
    WITAN_TRY_VOID(erase(batch, from + 1, top + 1));
    WITAN_TRY_VOID(kv_->write(batch, Durability::synced));
    last_.store(from);
    top = from;
  }
  return last - keep.get();
}

std::optional<Height> BlockStore::first() const {
  const std::uint64_t height = first_.load();
  return height == none ? std::nullopt : std::optional(Height(height));
}

std::optional<Height> BlockStore::last() const {
  const std::uint64_t height = last_.load();
  return height == none ? std::nullopt : std::optional(Height(height));
}

Result<Bytes> BlockStore::value_at(std::uint8_t prefix, Height height) const {
  auto value = kv_->get(keys::at_height(prefix, height));
  if (!value) return fail(std::move(value).error());
  if (value->has_value()) return std::move(**value);
  const std::uint64_t first = first_.load();
  const std::uint64_t last = last_.load();
  if (first != none && height.get() >= first && height.get() <= last)
    return fail(corrupt(height, "an entry is missing"));
  const bool below = first != none && height.get() < first;
  return fail(below ? ErrorCode::pruned : ErrorCode::not_found,
              fmt::format("height {}", height.get()), describe_range(first, last));
}

Result<StoredBlock> BlockStore::block_at(Height height) const {
  WITAN_TRY(const Bytes value, value_at(keys::block, height));
  if (value.size() < Hash32::size_bytes) return fail(corrupt(height, "block has no id"));
  const ByteView block = ByteView(value).subspan(Hash32::size_bytes);
  return StoredBlock{height, Hash32::from(ByteView(value).first(Hash32::size_bytes)),
                     Bytes(block.begin(), block.end())};
}

Result<Height> BlockStore::height_of(const Hash32& id) const {
  WITAN_TRY(const auto value, kv_->get(keys::for_id(keys::height_by_id, id)));
  if (!value) return fail(ErrorCode::not_found, "block id", "no stored block has it");
  if (value->size() != 8) return fail(ErrorCode::corrupt, "block id", "index entry is malformed");
  return Height(keys::read_u64_be(*value));
}

Result<StoredBlock> BlockStore::block_by_id(const Hash32& id) const {
  WITAN_TRY(const Height height, height_of(id));
  WITAN_TRY(StoredBlock found, block_at(height));
  if (found.id != id) return fail(corrupt(height, "the id index points to another block"));
  return found;
}

Result<Bytes> BlockStore::certificate_at(Height height) const {
  return value_at(keys::commit_certificate, height);
}
Result<Bytes> BlockStore::receipts_at(Height height) const {
  return value_at(keys::receipts, height);
}
std::uint64_t BlockStore::approximate_bytes() const {
  return kv_->approximate_bytes(KeyRange::all());
}

}  // namespace witan
