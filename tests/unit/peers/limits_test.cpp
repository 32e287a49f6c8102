// Rates, addresses.
#include "actors/peers/peers_actor.hpp"
#include "messages/base/hex.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::peers {

BOOST_AUTO_TEST_SUITE(limits_test)

BOOST_AUTO_TEST_CASE(a_bucket_gives_its_burst_then_its_rate) {
  TokenBucket bucket(100, 5);
  const Instant t0{3'600'000'000'000};
  for (int i = 0; i < 5; ++i) BOOST_CHECK(bucket.take(t0));
  BOOST_CHECK(!bucket.take(t0));
  BOOST_CHECK(!bucket.take(t0 + Duration::from_ms(9)));
  BOOST_CHECK(bucket.take(t0 + Duration::from_ms(10)));
  BOOST_CHECK(!bucket.take(t0 + Duration::from_ms(11)));
  int taken = 0;
  for (int i = 0; i < 50; ++i) taken += bucket.take(t0 + Duration::from_s(100)) ? 1 : 0;
  BOOST_CHECK_EQUAL(taken, 5);  // never more than the burst
}

// Asked every 3 us, a slow bucket still grows: time is used up only for what it gave.
BOOST_AUTO_TEST_CASE(frequent_callers_get_the_whole_rate) {
  TokenBucket bucket(100, 10);
  Instant now{1'000'000'000};
  int taken = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    taken += bucket.take(now) ? 1 : 0;
    now = now + Duration::from_us(3);
  }
  BOOST_CHECK_GE(taken, 10 + 298);
  BOOST_CHECK_LE(taken, 10 + 300);
}

BOOST_AUTO_TEST_CASE(a_clock_that_stands_or_steps_back_gives_nothing) {
  TokenBucket bucket(1000, 1);
  BOOST_CHECK(bucket.take(Instant{5'000'000'000}));
  BOOST_CHECK(!bucket.take(Instant{4'000'000'000}));
  BOOST_CHECK(!bucket.take(Instant{5'000'000'000}));
  TokenBucket none(0, 1);
  BOOST_CHECK(none.take(Instant{1}));
  BOOST_CHECK(!none.take(Instant{1'000'000'000'000}));
}

BOOST_AUTO_TEST_CASE(endpoints_are_parsed) {
  const auto good = [](const char* text, const Endpoint& expected) {
    const auto parsed = parse_endpoint(text, "f");
    WITAN_REQUIRE_OK(parsed);
    BOOST_CHECK(*parsed == expected);
  };
  good("127.0.0.1:26656", {"127.0.0.1", 26656});
  good("node.example:0", {"node.example", 0});
  good("[::1]:65535", {"::1", 65535});
  for (const char* bad : {"", ":", ":80", "host", "host:", "host:x", "host:80x", "host:-1",
                          "host:65536", "host:99999999999", "[::1:80", "[]:80", "[:80"}) {
    const auto parsed = parse_endpoint(bad, "the_field");
    BOOST_CHECK_MESSAGE(!parsed, bad);
    if (!parsed) {
      BOOST_CHECK_EQUAL(parsed.error().code, ErrorCode::malformed);
      BOOST_CHECK_EQUAL(parsed.error().field, "the_field");
    }
  }
}

BOOST_AUTO_TEST_CASE(peer_addresses_need_a_real_key) {
  const NodeId id = SecretKey::generate().node_id();
  const auto parsed = parse_peer_address(to_hex(id).append("@10.0.0.1:5"), "peer");
  WITAN_REQUIRE_OK(parsed);
  BOOST_CHECK(parsed->id == id);
  BOOST_CHECK_EQUAL(parsed->endpoint.port, 5);
  WITAN_CHECK_ERROR(parse_peer_address("10.0.0.1:5", "peer"), ErrorCode::malformed);
  WITAN_CHECK_ERROR(parse_peer_address(to_hex(id).append("@10.0.0.1"), "peer"),
                    ErrorCode::malformed);
  WITAN_CHECK_ERROR(parse_peer_address(std::string(66, '0').append("@h:5"), "peer"),
                    ErrorCode::bad_key);
  WITAN_CHECK_ERROR(parse_peer_address("02ab@h:5", "peer"), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::peers
