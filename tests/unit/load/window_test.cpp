#include "tools/load/window.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::loadgen {

BOOST_AUTO_TEST_SUITE(window_test)

BOOST_AUTO_TEST_CASE(grows_while_the_rate_grows_then_keeps_the_smallest_that_was_as_good) {
  Window window(4, 64);
  window.on_rate(0);  // nothing committed yet
  BOOST_CHECK_EQUAL(window.size(), 4);
  window.on_rate(1000);
  BOOST_CHECK_EQUAL(window.size(), 8);
  window.on_rate(1800);
  BOOST_CHECK_EQUAL(window.size(), 16);
  window.on_rate(2100);
  BOOST_CHECK_EQUAL(window.size(), 8);
  BOOST_CHECK(window.settled());
  window.on_rate(9000);
  BOOST_CHECK_EQUAL(window.size(), 8);
}

BOOST_AUTO_TEST_CASE(never_exceeds_its_bound) {
  Window window(4, 10);
  window.on_rate(1);
  window.on_rate(2);
  BOOST_CHECK_EQUAL(window.size(), 10);
  window.on_rate(4);
  BOOST_CHECK(window.settled());
  BOOST_CHECK_EQUAL(window.size(), 10);
  BOOST_CHECK_EQUAL(Window(4, 2).size(), 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::loadgen
