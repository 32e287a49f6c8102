#include "storage/block_store.hpp"

#include <atomic>
#include <thread>

#include "storage/keys.hpp"
#include "tests/unit/storage/scratch.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(block_store_test)

namespace {

Hash32 id_of(std::uint64_t height) {
  Hash32 id;
  id.data[0] = static_cast<std::uint8_t>(height);
  id.data[1] = static_cast<std::uint8_t>(height >> 8U);
  id.data[31] = 0xb1;
  return id;
}
std::string text_of(ByteView b) { return std::string(as_text(b)); }

std::unique_ptr<BlockStore> open_ok(const std::shared_ptr<MemoryDisk>& disk) {
  auto kv = open_memory(disk, "blocks");
  WITAN_REQUIRE_OK(kv);
  auto store = BlockStore::open(std::move(*kv));
  WITAN_REQUIRE_OK(store);
  return std::move(*store);
}
Status put(BlockStore& store, std::uint64_t height) {
  const std::string n = std::to_string(height);
  return store.put(Height(height), id_of(height), as_bytes("block" + n), as_bytes("commit" + n),
                   as_bytes("receipts" + n), Durability::buffered);
}
void put_range(BlockStore& store, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t h = from; h <= to; ++h) WITAN_REQUIRE_OK(put(store, h));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_block_is_found_by_height_and_by_id) {
  auto store = open_ok(make_memory_disk());
  BOOST_CHECK(!store->first() && !store->last());
  WITAN_CHECK_ERROR(store->block_at(Height(1)), ErrorCode::not_found);
  put_range(*store, 5, 9);
  BOOST_CHECK_EQUAL(*store->first(), Height(5));
  BOOST_CHECK_EQUAL(*store->last(), Height(9));
  const auto block = store->block_by_id(id_of(7));
  WITAN_REQUIRE_OK(block);
  BOOST_CHECK_EQUAL(block->height, Height(7));
  BOOST_CHECK_EQUAL(block->id, id_of(7));
  BOOST_CHECK_EQUAL(text_of(block->block), "block7");
  BOOST_CHECK_EQUAL(text_of(*store->certificate_at(Height(7))), "commit7");
  BOOST_CHECK_EQUAL(text_of(*store->receipts_at(Height(7))), "receipts7");
  WITAN_CHECK_ERROR(store->block_by_id(id_of(70)), ErrorCode::not_found);
  WITAN_CHECK_ERROR(store->block_at(Height(10)), ErrorCode::not_found);
  WITAN_CHECK_ERROR(store->block_at(Height(4)), ErrorCode::pruned);
}

BOOST_AUTO_TEST_CASE(only_the_next_height_can_be_put) {
  auto store = open_ok(make_memory_disk());
  WITAN_CHECK_ERROR(put(*store, 0), ErrorCode::wrong_height);
  put_range(*store, 3, 4);
  for (const std::uint64_t height : {2U, 3U, 4U, 6U})
    WITAN_CHECK_ERROR(put(*store, height), ErrorCode::wrong_height);
  WITAN_REQUIRE_OK(put(*store, 5));
}

BOOST_AUTO_TEST_CASE(reopening_finds_the_same_range) {
  const auto disk = make_memory_disk();
  {
    auto store = open_ok(disk);
    put_range(*store, 1, 300);
    WITAN_REQUIRE_OK(store->prune_below(Height(20)));
    WITAN_REQUIRE_OK(store->sync());
  }
  auto store = open_ok(disk);
  BOOST_CHECK_EQUAL(*store->first(), Height(20));
  BOOST_CHECK_EQUAL(*store->last(), Height(300));
  put_range(*store, 301, 302);
}

BOOST_AUTO_TEST_CASE(p53_pruning_removes_every_trace_and_keeps_the_last_block) {
  auto store = open_ok(make_memory_disk());
  BOOST_CHECK_EQUAL(*store->prune_below(Height(9)), 0U);
  put_range(*store, 1, 1000);
  BOOST_CHECK_EQUAL(*store->prune_below(Height(600)), 599U);
  BOOST_CHECK_EQUAL(*store->prune_below(Height(600)), 0U);
  for (const std::uint64_t height : {1U, 256U, 599U}) {
    WITAN_CHECK_ERROR(store->block_at(Height(height)), ErrorCode::pruned);
    WITAN_CHECK_ERROR(store->certificate_at(Height(height)), ErrorCode::pruned);
    WITAN_CHECK_ERROR(store->receipts_at(Height(height)), ErrorCode::pruned);
    WITAN_CHECK_ERROR(store->height_of(id_of(height)), ErrorCode::not_found);
  }
  WITAN_REQUIRE_OK(store->block_at(Height(600)));
  BOOST_CHECK_EQUAL(*store->prune_below(Height(99'999)), 400U);
  BOOST_CHECK_EQUAL(*store->first(), Height(1000));
  WITAN_REQUIRE_OK(store->block_at(Height(1000)));
  WITAN_REQUIRE_OK(put(*store, 1001));
}

BOOST_AUTO_TEST_CASE(dropping_from_the_high_end_removes_every_trace_and_can_go_on) {
  const auto disk = make_memory_disk();
  {
    auto store = open_ok(disk);
    put_range(*store, 3, 700);
    WITAN_CHECK_ERROR(store->drop_above(Height(2)), ErrorCode::out_of_range);
    BOOST_CHECK_EQUAL(*store->drop_above(Height(700)), 0U);
    BOOST_CHECK_EQUAL(*store->drop_above(Height(10)), 690U);
    BOOST_CHECK_EQUAL(*store->last(), Height(10));
  }
  auto store = open_ok(disk);
  BOOST_CHECK_EQUAL(*store->first(), Height(3));
  BOOST_CHECK_EQUAL(*store->last(), Height(10));
  WITAN_CHECK_ERROR(store->block_at(Height(11)), ErrorCode::not_found);
  WITAN_CHECK_ERROR(store->height_of(id_of(11)), ErrorCode::not_found);
  put_range(*store, 11, 12);
  BOOST_CHECK_EQUAL(text_of(store->block_at(Height(12))->block), "block12");
}

BOOST_AUTO_TEST_CASE(a_hole_is_refused_at_opening_and_named_when_read) {
  for (const std::uint8_t prefix : {keys::block, keys::commit_certificate}) {
    for (const std::uint64_t height : {1U, 3U, 5U}) {
      const auto disk = make_memory_disk();
      put_range(*open_ok(disk), 1, 5);
      auto kv = open_memory(disk, "blocks");
      WITAN_REQUIRE_OK(kv);
      WriteBatch batch;
      batch.erase(keys::numbered(prefix, height));
      WITAN_REQUIRE_OK((*kv)->write(batch, Durability::synced));
      const auto store = BlockStore::open(std::move(*kv));
      if (prefix == keys::block && height == 3) {
        WITAN_REQUIRE_OK(store);
        WITAN_CHECK_ERROR((*store)->block_at(Height(3)), ErrorCode::corrupt);
      } else {
        WITAN_CHECK_ERROR(store, ErrorCode::corrupt);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_index_that_points_elsewhere_is_reported) {
  const auto disk = make_memory_disk();
  put_range(*open_ok(disk), 1, 3);
  auto kv = open_memory(disk, "blocks");
  WITAN_REQUIRE_OK(kv);
  Bytes two;
  keys::append_u64_be(two, 2);
  WITAN_REQUIRE_OK((*kv)->put(keys::for_id(keys::height_by_id, id_of(3)), two, {}));
  const auto store = BlockStore::open(std::move(*kv));
  WITAN_REQUIRE_OK(store);
  WITAN_CHECK_ERROR((*store)->block_by_id(id_of(3)), ErrorCode::corrupt);
}

BOOST_AUTO_TEST_CASE(readers_on_other_threads_see_whole_blocks) {
  auto store = open_ok(make_memory_disk());
  put_range(*store, 1, 1);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> reads{0};
  const auto read = [&] {
    while (!done.load()) {
      const Height last = *store->last();
      const auto block = store->block_at(last);
      const auto certificate = store->certificate_at(last);
      const std::string n = std::to_string(last.get());
      if (!block || !certificate || text_of(block->block) != "block" + n ||
          text_of(*certificate) != "commit" + n)
        ++wrong;
      ++reads;
    }
  };
  std::thread one(read);
  std::thread two(read);
  put_range(*store, 2, 2000);
  while (reads.load() < 100) std::this_thread::yield();
  done.store(true);
  one.join();
  two.join();
  BOOST_CHECK_EQUAL(wrong.load(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
