#include "actors/api/core/rate_limit.hpp"

#include "tests/support/boost_test.hpp"

namespace witan {
BOOST_AUTO_TEST_SUITE(rate_limit_test)

BOOST_AUTO_TEST_CASE(a_burst_is_admitted_then_the_rate_counts) {
  RateLimit limit(10, 5);
  const auto at = [](std::int64_t ms) { return Instant{ms * 1'000'000}; };
  for (int i = 0; i < 5; ++i) BOOST_CHECK(limit.admit("a", at(0)));
  BOOST_CHECK(!limit.admit("a", at(0)));
  BOOST_CHECK(!limit.admit("a", at(99)));
  BOOST_CHECK(limit.admit("a", at(100)));
  BOOST_CHECK(!limit.admit("a", at(100)));
  BOOST_CHECK(limit.admit("b", at(100)));
  int admitted = 0;
  for (int ms = 100; ms <= 1'000'100; ms += 10) admitted += limit.admit("a", at(ms)) ? 1 : 0;
  BOOST_CHECK_EQUAL(admitted, 10'000);
}

BOOST_AUTO_TEST_CASE(a_long_pause_fills_the_bucket_once_only) {
  RateLimit limit(1000, 3);
  BOOST_CHECK(limit.admit("a", {0}));
  int admitted = 0;
  for (int i = 0; i < 10; ++i) admitted += limit.admit("a", {INT64_MAX}) ? 1 : 0;
  BOOST_CHECK_EQUAL(admitted, 3);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_the_address_used_longest_ago_goes) {
  RateLimit limit(1, 1, 8);
  BOOST_CHECK(limit.admit("old", {0}));
  for (int i = 0; i < 7; ++i) BOOST_CHECK(limit.admit("n" + std::to_string(i), {0}));
  BOOST_CHECK(!limit.admit("old", {0}));  // used again: no longer the oldest
  for (int i = 0; i < 7; ++i) BOOST_CHECK(limit.admit("m" + std::to_string(i), {0}));
  BOOST_CHECK(!limit.admit("old", {0}));
  BOOST_CHECK_EQUAL(limit.addresses(), 8U);
  for (int i = 0; i < 1000; ++i) (void)limit.admit("x" + std::to_string(i), {0});
  BOOST_CHECK_EQUAL(limit.addresses(), 8U);
}

BOOST_AUTO_TEST_CASE(zero_means_unlimited) {
  RateLimit limit(0, 0);
  for (int i = 0; i < 1000; ++i) BOOST_CHECK(limit.admit("a", {0}));
  BOOST_CHECK_EQUAL(limit.addresses(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
