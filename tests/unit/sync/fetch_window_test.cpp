#include "actors/sync/core/fetch_window.hpp"

#include "tests/unit/sync/sync_support.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(fetch_window_test)

namespace {
Request request(std::uint64_t id, PeerId peer, Range range) {
  return {id, peer, range, at_ms(0), at_ms(2000)};
}
}  // namespace

BOOST_AUTO_TEST_CASE(missing_is_the_lowest_stretch_neither_held_nor_asked_for) {
  FetchWindow window(Params{}, 10);
  BOOST_CHECK((*window.missing(0, 1000) == Range{11, 74}));
  window.open(request(1, 1, {11, 20}));
  BOOST_CHECK(window.keep(23, 1, block_of(23)));
  BOOST_CHECK((*window.missing(0, 1000) == Range{21, 22}));
  window.open(request(2, 1, {21, 22}));
  BOOST_CHECK((*window.missing(0, 1000) == Range{24, 87}));
  BOOST_CHECK((*window.missing(0, 30) == Range{24, 30}));
  BOOST_CHECK(!window.missing(0, 23));
  BOOST_CHECK(!window.missing(0, 5));
}

BOOST_AUTO_TEST_CASE(the_window_ends_above_the_tip_whatever_is_claimed) {
  FetchWindow window(Params{}, 10);
  const std::uint64_t end = 10 + Params{}.window_blocks;
  BOOST_CHECK((*window.missing(end, ~std::uint64_t{0}) == Range{end, end}));
  BOOST_CHECK(!window.missing(end + 1, ~std::uint64_t{0}));
  BOOST_CHECK(!window.keep(end + 1, 1, block_of(end + 1)));
  BOOST_CHECK(window.keep(end, 1, block_of(end)));
}

BOOST_AUTO_TEST_CASE(p64_any_trim_leaves_missing_heights_visible) {
  FetchWindow window(Params{}, 0);
  window.open(request(1, 1, {1, 64}));
  window.open(request(2, 2, {65, 128}));
  window.advance(90);  // consensus was faster, into the middle of a request
  BOOST_CHECK((*window.missing(0, 200) == Range{129, 192}));
  window.drop_peer(2, false);
  BOOST_CHECK((*window.missing(0, 200) == Range{91, 154}));
  BOOST_CHECK(window.is_wanted({65, 128}));
  BOOST_CHECK(!window.is_wanted({1, 90}));
  window.advance(50);  // never back
  BOOST_CHECK_EQUAL(window.tip(), 90u);
}

BOOST_AUTO_TEST_CASE(p60_an_expired_request_covers_nothing_any_more) {
  FetchWindow window(Params{}, 0);
  window.open(request(1, 1, {1, 64}));
  BOOST_CHECK(window.expire(at_ms(1999)).empty());
  BOOST_CHECK_EQUAL(window.expire(at_ms(2000)).size(), 1u);
  BOOST_CHECK((*window.missing(0, 64) == Range{1, 64}));
  BOOST_CHECK_EQUAL(window.bytes_used(), 0u);
}

BOOST_AUTO_TEST_CASE(p42_a_late_answer_is_recognised_once_and_only_from_its_owner) {
  FetchWindow window(Params{}, 0);
  window.open(request(1, 1, {1, 64}));
  BOOST_CHECK_EQUAL(window.expire(at_ms(2000)).size(), 1u);
  BOOST_CHECK(!window.close(2, 1));
  const auto closed = window.close(1, 1);
  BOOST_REQUIRE(closed.has_value());
  BOOST_CHECK(closed->late);
  BOOST_CHECK(!window.close(1, 1));
}

BOOST_AUTO_TEST_CASE(memory_of_expired_requests_is_bounded) {
  FetchWindow window(Params{}, 0);
  for (std::uint64_t id = 0; id < 1000; ++id) {
    window.open(request(id, 1, {1, 64}));
    (void)window.expire(at_ms(2000));
  }
  BOOST_CHECK_EQUAL(window.remembered_requests(), 64u);
}

BOOST_AUTO_TEST_CASE(bytes_are_counted_when_kept_and_let_go) {
  FetchWindow window(Params{}, 0);
  BOOST_CHECK(window.keep(1, 1, block_of(1, 1000)));
  BOOST_CHECK(!window.keep(1, 2, block_of(1, 1000)));  // duplicate height
  BOOST_CHECK(window.keep(2, 1, block_of(2, 1000)));
  BOOST_CHECK_EQUAL(window.bytes_used(), 2 * item_bytes(1000, 3));
  window.drop(2);
  BOOST_CHECK_EQUAL(window.bytes_used(), item_bytes(1000, 3));
  window.advance(1);
  BOOST_CHECK_EQUAL(window.bytes_used(), 0u);
  BOOST_CHECK(!window.keep(1, 1, block_of(1)));  // at the tip
}

BOOST_AUTO_TEST_CASE(p60_a_window_full_above_a_hole_still_has_room_for_the_hole) {
  const Params params;
  FetchWindow window(params, 0);
  std::uint64_t height = 2;
  while (window.keep(height, 1, block_of(height, 1'000'000))) ++height;
  BOOST_CHECK_GT(height, 10u);
  BOOST_CHECK(!window.has_room(height));
  BOOST_CHECK(window.has_room(1));
  window.open(request(1, 2, {1, 1}));
  BOOST_CHECK(!window.has_room(1));  // once
  BOOST_REQUIRE(window.close(2, 1).has_value());
  BOOST_CHECK(window.keep(1, 2, block_of(1, block_bytes_max)));
  BOOST_CHECK_LE(window.bytes_used(), params.window_bytes + params.request_bytes);
}

BOOST_AUTO_TEST_CASE(a_lost_peer_leaves_its_blocks_but_not_its_name) {
  FetchWindow window(Params{}, 0);
  BOOST_CHECK(window.keep(1, 7, block_of(1)));
  window.drop_peer(7, false);
  BOOST_REQUIRE(window.held(1) != nullptr);
  BOOST_CHECK_EQUAL(window.held(1)->peer, 0u);
}

BOOST_AUTO_TEST_CASE(a_banned_peer_loses_its_unverified_blocks_only) {
  FetchWindow window(Params{}, 0);
  for (std::uint64_t h = 1; h <= 3; ++h) BOOST_CHECK(window.keep(h, 7, block_of(h)));
  BOOST_CHECK(window.keep(4, 8, block_of(4)));
  window.set_verified(1);
  window.drop_peer(7, true);
  BOOST_CHECK(window.held(1) != nullptr);
  BOOST_CHECK(window.held(2) == nullptr);
  BOOST_CHECK(window.held(3) == nullptr);
  BOOST_CHECK(window.held(4) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
