// What the dashboard shows of the flight recorder: edges with their times, and single messages.
#include "actors/telemetry/trace/core/live.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::trace {
namespace {

HopRecord hop(std::uint32_t from, std::uint32_t to, std::int64_t sent, std::int64_t wait = 10,
              std::int64_t work = 5) {
  HopRecord out;
  out.from = from;
  out.to = to;
  out.sent = sent;
  out.started = sent + wait;
  out.finished = out.started + work;
  out.size = 100;
  out.depth = 1;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(live_test)

BOOST_AUTO_TEST_CASE(edges_count_what_was_handled_and_what_was_not) {
  std::vector<HopRecord> hops;
  for (std::int64_t i = 1; i <= 100; ++i) hops.push_back(hop(1, 2, i, i, 2 * i));
  hops.push_back(hop(2, 1, 5));
  hops[3].depth = 9;
  HopRecord shed = hop(1, 2, 7);
  shed.outcome = 4;
  hops.push_back(shed);
  HopRecord timer = hop(2, 2, 0, 1'000'000);
  timer.kind = kind_timer;
  hops.push_back(timer);
  const auto edges = live_edges(hops, 10);
  BOOST_REQUIRE_EQUAL(edges.size(), 3u);
  BOOST_CHECK_EQUAL(edges[0].messages, 101u);
  BOOST_CHECK_EQUAL(edges[0].bytes, 10'100u);
  BOOST_CHECK_EQUAL(edges[0].not_handled, 1u);
  BOOST_CHECK_EQUAL(edges[0].depth_max, 9u);
  BOOST_CHECK_EQUAL(edges[0].wait_p50, 50);
  BOOST_CHECK_EQUAL(edges[0].wait_p99, 99);
  BOOST_CHECK_EQUAL(edges[0].handle_p99, 198);
  BOOST_CHECK_EQUAL(edges[2].wait_p99, 0);  // how long a timer was set for is no delay
  BOOST_CHECK_EQUAL(live_edges(hops, 1).size(), 1u);
  BOOST_CHECK(live_edges({}, 10).empty());
}

BOOST_AUTO_TEST_CASE(messages_of_an_edge_are_the_newest_and_those_of_a_height_the_first) {
  std::vector<HopRecord> hops;
  for (const std::int64_t at : {30, 10, 20, 40}) {
    hops.push_back(hop(1, 2, at));
    hops.back().height = 7;
  }
  hops.push_back(hop(2, 1, 50));
  const auto newest = newest_of_edge(hops, 1, 2, 2);
  BOOST_REQUIRE_EQUAL(newest.size(), 2u);
  BOOST_CHECK_EQUAL(newest[0].sent, 40);
  BOOST_CHECK_EQUAL(newest[1].sent, 30);
  HopRecord timer = hop(1, 2, 0, 15);
  timer.kind = kind_timer;
  timer.height = 7;
  hops.push_back(timer);
  const auto first = first_of_height(hops, 7, 3);
  BOOST_REQUIRE_EQUAL(first.size(), 3u);
  BOOST_CHECK_EQUAL(first[0].sent, 10);
  BOOST_CHECK(first[1].kind == kind_timer);  // armed at 0, off at 15
  BOOST_CHECK_EQUAL(first[2].sent, 20);
  BOOST_CHECK(first_of_height(hops, 8, 3).empty());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::trace
