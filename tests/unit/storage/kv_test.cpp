#include "storage/kv.hpp"

#include <set>

#include "storage/keys.hpp"
#include "tests/unit/storage/scratch.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(kv_test)

namespace {
std::string text_of(ByteView b) { return std::string(as_text(b)); }

std::vector<std::string> keys_in(const KvStore& kv, const KeyRange& range, Direction direction) {
  std::vector<std::string> out;
  const Status status = kv.scan(range, direction, [&](ByteView key, ByteView) {
    out.push_back(text_of(key));
    return true;
  });
  WITAN_REQUIRE_OK(status);
  return out;
}

void fill(KvStore& kv) {
  WriteBatch batch;
  for (const char* key : {"a", "b1", "b2", "b3", "c"}) batch.put(as_bytes(key), as_bytes("v"));
  WITAN_REQUIRE_OK(kv.write(batch, Durability::buffered));
}
using Names = std::vector<std::string>;
}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_applies_in_order_and_absent_keys_are_empty) {
  auto kv = open_memory();
  WITAN_REQUIRE_OK(kv);
  WriteBatch batch;
  batch.put(as_bytes("k"), as_bytes("one"));
  batch.put(as_bytes("gone"), as_bytes("x"));
  batch.erase(as_bytes("gone"));
  batch.put(as_bytes("k"), as_bytes("two"));
  BOOST_CHECK_EQUAL(batch.size(), 4U);
  WITAN_REQUIRE_OK((*kv)->write(batch, Durability::synced));
  const auto value = (*kv)->get(as_bytes("k"));
  WITAN_REQUIRE_OK(value);
  BOOST_REQUIRE(value->has_value());
  BOOST_CHECK_EQUAL(text_of(**value), "two");
  const auto gone = (*kv)->get(as_bytes("gone"));
  WITAN_REQUIRE_OK(gone);
  BOOST_CHECK(!gone->has_value());
}

BOOST_AUTO_TEST_CASE(scans_are_bounded_in_both_directions) {
  auto kv = open_memory();
  WITAN_REQUIRE_OK(kv);
  fill(**kv);
  const auto forward = Direction::forward;
  const auto backward = Direction::backward;
  BOOST_TEST((keys_in(**kv, KeyRange::all(), forward) == Names{"a", "b1", "b2", "b3", "c"}));
  BOOST_TEST((keys_in(**kv, KeyRange::all(), backward) == Names{"c", "b3", "b2", "b1", "a"}));
  const KeyRange b = KeyRange::prefix(as_bytes("b"));
  BOOST_TEST((keys_in(**kv, b, forward) == Names{"b1", "b2", "b3"}));
  BOOST_TEST((keys_in(**kv, b, backward) == Names{"b3", "b2", "b1"}));
  const KeyRange some = KeyRange::between(as_bytes("b2"), as_bytes("c"));
  BOOST_TEST((keys_in(**kv, some, forward) == Names{"b2", "b3"}));
  BOOST_TEST((keys_in(**kv, some, backward) == Names{"b3", "b2"}));
  const KeyRange above = KeyRange::between(as_bytes("d"), as_bytes("z"));
  BOOST_TEST(keys_in(**kv, above, forward).empty());
  BOOST_TEST(keys_in(**kv, above, backward).empty());
  const auto highest = (*kv)->first(b, backward);
  WITAN_REQUIRE_OK(highest);
  BOOST_REQUIRE(highest->has_value());
  BOOST_CHECK_EQUAL(text_of((*highest)->key), "b3");
}

BOOST_AUTO_TEST_CASE(a_prefix_of_ff_bytes_has_no_upper_bound_below_it) {
  const Bytes ff{0xff, 0xff};
  const KeyRange range = KeyRange::prefix(ff);
  BOOST_CHECK(range.end.empty());
  BOOST_CHECK(range.contains(Bytes{0xff, 0xff, 0xff}));
  BOOST_CHECK(!range.contains(Bytes{0xff, 0xfe}));
  const KeyRange carried = KeyRange::prefix(Bytes{0x01, 0xff});
  BOOST_TEST((carried.end == Bytes{0x02}));
}

BOOST_AUTO_TEST_CASE(an_iterator_sees_the_database_as_it_was) {
  auto kv = open_memory();
  WITAN_REQUIRE_OK(kv);
  fill(**kv);
  const auto it = (*kv)->iterate(KeyRange::all(), Direction::forward);
  WITAN_REQUIRE_OK((*kv)->put(as_bytes("b4"), as_bytes("late"), Durability::buffered));
  std::size_t count = 0;
  for (; it->valid(); it->next()) ++count;
  BOOST_CHECK_EQUAL(count, 5U);
  BOOST_CHECK(it->status().has_value());
}

BOOST_AUTO_TEST_CASE(a_memory_disk_keeps_databases_across_reopening) {
  auto disk = make_memory_disk();
  {
    auto kv = open_memory(disk, "state");
    WITAN_REQUIRE_OK(kv);
    fill(**kv);
  }
  auto kv = open_memory(disk, "state");
  WITAN_REQUIRE_OK(kv);
  BOOST_CHECK_EQUAL(keys_in(**kv, KeyRange::all(), Direction::forward).size(), 5U);
  auto other = open_memory(disk, "other");
  WITAN_REQUIRE_OK(other);
  BOOST_CHECK(keys_in(**other, KeyRange::all(), Direction::forward).empty());
}

BOOST_AUTO_TEST_CASE(a_database_on_disk_survives_and_refuses_a_second_opener) {
  const ScratchDir dir;
  {
    auto kv = open_leveldb(dir.path() / "x.db");
    WITAN_REQUIRE_OK(kv);
    fill(**kv);
    WITAN_REQUIRE_OK((*kv)->sync());
    WITAN_CHECK_ERROR(open_leveldb(dir.path() / "x.db"), ErrorCode::locked);
  }
  auto kv = open_leveldb(dir.path() / "x.db");
  WITAN_REQUIRE_OK(kv);
  BOOST_CHECK_EQUAL(keys_in(**kv, KeyRange::all(), Direction::forward).size(), 5U);
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_on_disk_is_reported_not_served) {
  const ScratchDir dir;
  const auto path = dir.path() / "x.db";
  {
    auto kv = open_leveldb(path);
    WITAN_REQUIRE_OK(kv);
    for (std::uint64_t n = 0; n < 2000; ++n)
      WITAN_REQUIRE_OK((*kv)->put(keys::numbered(keys::block, n), Bytes(100, 7), {}));
    (*kv)->compact(KeyRange::all());
    BOOST_CHECK_GT((*kv)->approximate_bytes(KeyRange::all()), 100'000U);
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".ldb") flip_bit(entry.path(), 2000);
  }
  auto kv = open_leveldb(path);
  WITAN_REQUIRE_OK(kv);
  WITAN_CHECK_ERROR((*kv)->get(keys::numbered(keys::block, 10)), ErrorCode::corrupt);
  WITAN_CHECK_ERROR(
      (*kv)->scan(KeyRange::all(), Direction::forward, [](ByteView, ByteView) { return true; }),
      ErrorCode::corrupt);
}

BOOST_AUTO_TEST_CASE(a_missing_database_is_not_created_when_not_asked) {
  const ScratchDir dir;
  KvOptions options;
  options.create_if_missing = false;
  BOOST_CHECK(!open_leveldb(dir.path() / "none.db", options).has_value());
}

BOOST_AUTO_TEST_CASE(heights_in_keys_sort_as_numbers_and_columns_do_not_collide) {
  BOOST_CHECK(keys::numbered('B', 255) < keys::numbered('B', 256));
  BOOST_CHECK(keys::numbered('B', UINT32_MAX) < keys::numbered('B', UINT64_MAX));
  BOOST_CHECK_EQUAL(
      keys::read_u64_be(ByteView(keys::numbered('B', 0x0102030405060708U)).subspan(1)),
      0x0102030405060708U);
  std::set<std::pair<keys::Database, std::uint8_t>> seen;
  for (const auto& column : keys::columns) {
    BOOST_CHECK_MESSAGE(seen.insert({column.database, column.prefix}).second, column.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
