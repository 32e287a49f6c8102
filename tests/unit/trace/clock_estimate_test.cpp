#include "actors/peers/clock_estimate.hpp"

#include "tests/support/property.hpp"

namespace witan::peers::test {
BOOST_AUTO_TEST_SUITE(clock_estimate_test)

BOOST_AUTO_TEST_CASE(equal_delays_give_the_offset_itself) {
  ClockEstimator e;
  const auto got = e.add(UnixTime{1000}, UnixTime{1600}, UnixTime{1650}, UnixTime{1250});
  BOOST_REQUIRE(got);
  BOOST_CHECK_EQUAL(got->offset.ns, 500);
  BOOST_CHECK_EQUAL(got->error.ns, 101);
}

BOOST_AUTO_TEST_CASE(the_fastest_of_the_last_samples_counts) {
  ClockEstimator e;
  (void)e.add(UnixTime{1000}, UnixTime{1060}, UnixTime{1060}, UnixTime{1100});
  const auto got = e.add(UnixTime{2000}, UnixTime{2900}, UnixTime{2900}, UnixTime{3000});
  BOOST_CHECK_EQUAL(got->offset.ns, 10);
}

BOOST_AUTO_TEST_CASE(times_that_contradict_each_other_are_ignored) {
  ClockEstimator e;
  BOOST_CHECK(!e.add(UnixTime{1000}, UnixTime{10}, UnixTime{2000}, UnixTime{1100}));  // too long
  BOOST_CHECK(!e.add(UnixTime{1000}, UnixTime{10}, UnixTime{9}, UnixTime{1100}));
  BOOST_CHECK(!e.add(UnixTime{1000}, UnixTime{0}, UnixTime{0}, UnixTime{1100}));
}

WITAN_PROPERTY(any_times_of_a_peer_are_harmless, [](std::int64_t t1, std::int64_t t2) {
  ClockEstimator e;
  const auto got = e.add(UnixTime{1'000'000}, UnixTime{t1}, UnixTime{t2}, UnixTime{1'000'500});
  if (got) RC_ASSERT(got->error.ns >= 0);
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::peers::test
