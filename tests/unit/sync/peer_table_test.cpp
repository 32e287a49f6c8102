#include "actors/sync/core/peer_table.hpp"

#include "tests/support/boost_test.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(peer_table_test)

namespace {
Instant at_ms(std::int64_t ms) { return Instant{} + Duration::from_ms(ms); }
PeerTable table() { return PeerTable(Params{}, Random(1)); }
}  // namespace

BOOST_AUTO_TEST_CASE(only_a_peer_that_claims_the_height_is_chosen) {
  PeerTable peers = table();
  peers.set_claim(1, {10, 5});
  BOOST_CHECK(!peers.choose(4, at_ms(0)));
  BOOST_CHECK(!peers.choose(11, at_ms(0)));
  const auto choice = peers.choose(10, at_ms(0));
  BOOST_REQUIRE(choice.has_value());
  BOOST_CHECK_EQUAL(choice->peer, 1u);
  BOOST_CHECK_EQUAL(choice->tip, 10u);
}

BOOST_AUTO_TEST_CASE(a_peer_is_asked_only_so_much_at_once) {
  PeerTable peers = table();
  peers.set_claim(1, {10, 1});
  for (std::uint32_t i = 0; i < Params{}.requests_per_peer; ++i) peers.request_sent(1);
  BOOST_CHECK(!peers.choose(1, at_ms(0)));
  peers.request_over(1);
  BOOST_CHECK(peers.choose(1, at_ms(0)).has_value());
}

BOOST_AUTO_TEST_CASE(p41_a_denied_claim_is_lost_and_a_status_brings_it_back) {
  PeerTable peers = table();
  peers.set_claim(1, {1'000'000, 1});
  peers.denied(1, 500, at_ms(0));
  BOOST_CHECK_EQUAL(peers.highest_claim(), 499u);
  peers.set_claim(1, {600, 1});
  BOOST_CHECK_EQUAL(peers.highest_claim(), 600u);
  BOOST_CHECK(!peers.choose(500, at_ms(0)));  // still excluded
  BOOST_CHECK(peers.choose(500, at_ms(250)).has_value());
}

BOOST_AUTO_TEST_CASE(p41_a_newer_status_is_not_undone_by_an_older_denial) {
  PeerTable peers = table();
  peers.set_claim(1, {1000, 700});  // pruned in the meantime
  peers.denied(1, 500, at_ms(0));
  BOOST_CHECK_EQUAL(peers.highest_claim(), 1000u);
}

BOOST_AUTO_TEST_CASE(p41_a_claim_that_is_never_served_stops_being_credible) {
  PeerTable peers = table();
  peers.set_claim(1, {std::uint64_t{1} << 60, 1});
  peers.set_claim(2, {20, 1});
  BOOST_CHECK_EQUAL(peers.credible_tip(at_ms(0)), std::uint64_t{1} << 60);
  for (std::uint32_t i = 0; i < Params{}.failures_to_doubt; ++i) peers.timed_out(1, at_ms(0));
  BOOST_CHECK_EQUAL(peers.credible_tip(at_ms(0)), 20u);
  peers.served(1, Duration::from_ms(5), at_ms(1));
  BOOST_CHECK_EQUAL(peers.credible_tip(at_ms(1)), std::uint64_t{1} << 60);
}

BOOST_AUTO_TEST_CASE(p41_having_served_once_earns_patience_not_credit_for_ever) {
  PeerTable peers = table();
  peers.set_claim(1, {1000, 1});
  peers.served(1, Duration::from_ms(5), at_ms(0));
  for (int i = 0; i < 5; ++i) peers.timed_out(1, at_ms(1));
  BOOST_CHECK_EQUAL(peers.credible_tip(at_ms(9'999)), 1000u);
  BOOST_CHECK_EQUAL(peers.credible_tip(at_ms(10'000)), 0u);
}

BOOST_AUTO_TEST_CASE(p41_a_lower_status_is_taken_without_offence) {
  PeerTable peers = table();
  peers.set_claim(1, {100, 1});
  peers.set_claim(1, {50, 1});
  BOOST_CHECK_EQUAL(peers.highest_claim(), 50u);
  BOOST_CHECK(!peers.is_banned(1));
  BOOST_CHECK(peers.choose(50, at_ms(0)).has_value());
}

BOOST_AUTO_TEST_CASE(seen_ahead_raises_a_claim_only) {
  PeerTable peers = table();
  peers.raise_claim(1, 30);
  peers.raise_claim(1, 20);
  BOOST_CHECK_EQUAL(peers.highest_claim(), 30u);
}

BOOST_AUTO_TEST_CASE(exclusion_doubles_up_to_its_bound_and_always_ends) {
  PeerTable peers = table();
  peers.set_claim(1, {10, 1});
  std::int64_t expected[] = {250, 500, 1000, 2000, 4000, 8000, 16000, 16000, 16000};
  std::int64_t now = 0;
  for (const std::int64_t pause : expected) {
    peers.timed_out(1, at_ms(now));
    BOOST_CHECK(!peers.choose(1, at_ms(now + pause - 1)));
    BOOST_CHECK(peers.choose(1, at_ms(now + pause)).has_value());
    now += pause;
  }
  BOOST_CHECK_GT(peers.score_permille(1), 0u);
}

BOOST_AUTO_TEST_CASE(a_good_peer_gets_the_larger_share) {
  PeerTable peers = table();
  peers.set_claim(1, {10, 1});
  peers.set_claim(2, {10, 1});
  for (int i = 0; i < 20; ++i) {
    peers.served(1, Duration::from_ms(5), at_ms(0));
    peers.timed_out(2, at_ms(0));
  }
  std::size_t good = 0;
  for (int i = 0; i < 1000; ++i) good += peers.choose(5, at_ms(60'000))->peer == 1;
  BOOST_CHECK_GT(good, 850u);
  BOOST_CHECK_LT(good, 1000u);  // the other is still tried
}

BOOST_AUTO_TEST_CASE(a_slow_answer_earns_less_than_a_quick_one) {
  PeerTable peers = table();
  peers.set_claim(1, {10, 1});
  peers.set_claim(2, {10, 1});
  for (int i = 0; i < 30; ++i) {
    peers.served(1, Duration::from_ms(5), at_ms(0));
    peers.served(2, Duration::from_ms(1500), at_ms(0));
  }
  BOOST_CHECK_GT(peers.score_permille(1), 900u);
  BOOST_CHECK_LT(peers.score_permille(2), 550u);
}

BOOST_AUTO_TEST_CASE(a_banned_peer_is_neither_asked_nor_counted) {
  PeerTable peers = table();
  peers.set_claim(1, {10, 1});
  peers.ban(1);
  peers.set_claim(1, {20, 1});
  BOOST_CHECK(!peers.choose(5, at_ms(1'000'000)));
  BOOST_CHECK_EQUAL(peers.highest_claim(), 0u);
  BOOST_CHECK_EQUAL(peers.credible_tip(at_ms(1'000'000)), 0u);
}

BOOST_AUTO_TEST_CASE(the_table_is_bounded) {
  PeerTable peers = table();
  for (PeerId p = 1; p <= 5000; ++p) peers.set_claim(p, {10, 1});
  BOOST_CHECK_EQUAL(peers.size(), Params{}.peers_max);
  peers.set_claim(5001, {11, 1});  // leftovers of ended sessions do not keep new peers out
  BOOST_CHECK_EQUAL(peers.choose(11, at_ms(0)).value().peer, 5001u);
}

BOOST_AUTO_TEST_SUITE_END()
