// A block cut into parts and put together again, whatever the order and whatever a peer adds.
#include "actors/consensus/core/part_set.hpp"

#include <algorithm>

#include "tests/support/property.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::consensus {
namespace {

using test::any_bytes;

template <class T>
void shuffle(std::vector<T>& items, Random& r) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[r.below(i)]);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(part_set_test)

WITAN_PROPERTY(parts_in_any_order_with_duplicates_give_the_block, [](std::uint64_t seed) {
  Random r(seed);
  const Bytes block = any_bytes(r, 5 * std::size_t{part_size_bytes}, 1);
  CutBlock cut = cut_block(Height(3), Round(1), block);
  auto parts = cut.parts;
  parts.insert(parts.end(), cut.parts.begin(), cut.parts.end());
  shuffle(parts, r);
  PartSet set(cut.header);
  std::size_t taken = 0;
  for (const BlockPart& part : parts) {
    RC_ASSERT(check_part(part, cut.header.count).has_value());
    taken += set.add(part) ? 1U : 0U;
    RC_ASSERT(set.complete() == (taken == cut.header.count));
  }
  RC_ASSERT(taken == cut.header.count);
  RC_ASSERT(set.bytes() == block);
})

WITAN_PROPERTY(a_changed_part_is_not_proved, [](std::uint64_t seed) {
  Random r(seed);
  const CutBlock cut = cut_block(Height(3), Round(1), any_bytes(r, 3 * part_size_bytes, 1));
  BlockPart part = cut.parts[r.below(cut.parts.size())];
  switch (r.below(4)) {
    case 0:
      part.bytes[r.below(part.bytes.size())] ^= 1;
      break;
    case 1:
      part.bytes.push_back(0);
      break;
    case 2:
      part.parts_root.data[r.below(32)] ^= 1;
      break;
    default:
      part.proof.push_back(Hash32{});
  }
  RC_ASSERT(!check_part(part, cut.header.count));
})

BOOST_AUTO_TEST_CASE(sizes_at_the_edges_are_cut_exactly) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{part_size_bytes} - 1,
                                 std::size_t{part_size_bytes}, std::size_t{part_size_bytes} + 1,
                                 std::size_t{2} * part_size_bytes, std::size_t{block_bytes_max}}) {
    const CutBlock cut = cut_block(Height(1), Round(0), Bytes(size, 7));
    BOOST_CHECK_EQUAL(cut.header.total_bytes, size);
    BOOST_CHECK_EQUAL(cut.header.count, (size + part_size_bytes - 1) / part_size_bytes);
    BOOST_CHECK_EQUAL(cut.parts.size(), cut.header.count);
    std::size_t sum = 0;
    for (const BlockPart& part : cut.parts) sum += part.bytes.size();
    BOOST_CHECK_EQUAL(sum, size);
  }
}

BOOST_AUTO_TEST_CASE(p36_parts_that_do_not_fit_the_set_are_not_taken) {
  Random r(5);
  const CutBlock cut = cut_block(Height(1), Round(0), any_bytes(r, 150'000, 150'000));
  PartSet set(cut.header);
  BlockPart wrong_index = cut.parts[0];
  wrong_index.index = cut.header.count;
  BOOST_CHECK(!set.add(wrong_index));
  BlockPart wrong_root = cut.parts[0];
  wrong_root.parts_root = Hash32{};
  BOOST_CHECK(!set.add(wrong_root));
  BlockPart wrong_size = cut.parts[0];
  wrong_size.bytes.pop_back();
  BOOST_CHECK(!set.add(wrong_size));
  BlockPart last_as_first = cut.parts[2];
  last_as_first.index = 0;
  BOOST_CHECK(!set.add(last_as_first));
  BOOST_CHECK(!set.complete());
}

// RFC 6962: a path proves an index only under the right tree size. Leaf 10 of 12 has the path shape
// of leaf 6 of 8, so the proof of one passes for the other.
BOOST_AUTO_TEST_CASE(p35_a_proof_holds_at_another_index_under_another_count) {
  const CutBlock cut = cut_block(Height(1), Round(0), Bytes(12 * std::size_t{part_size_bytes}, 3));
  BlockPart moved = cut.parts[10];
  moved.index = 6;
  BOOST_CHECK(check_part(moved, 8).has_value());
  BOOST_CHECK(!check_part(moved, 12));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::consensus
