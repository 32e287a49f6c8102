#include "tools/bench/floor.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::bench {

BOOST_AUTO_TEST_SUITE(floor_test)

// The table of the consensus specification §5.3, made with verify 26.4 us and sign 12.2 us.
BOOST_AUTO_TEST_CASE(heights_match_the_table_of_the_specification) {
  UnitCosts cost;
  cost.verify_us = 26.4;
  cost.sign_us = 12.2;
  struct Row {
    std::size_t n;
    double w_ms, heights;
  };
  for (const Row row : {Row{4, 0.95, 2100}, Row{7, 2.8, 715}, Row{10, 5.7, 350}, Row{13, 9.5, 210},
                        Row{16, 14.3, 140}}) {
    BOOST_CHECK_CLOSE(height_cpu_us(row.n, cost), row.w_ms * 1000, 4.0);
    BOOST_CHECK_CLOSE(heights_floor(row.n, 2, cost), row.heights, 4.0);
  }
}

BOOST_AUTO_TEST_CASE(quorums_are_more_than_two_thirds) {
  for (std::size_t n = 1; n < 200; ++n) {
    BOOST_CHECK_GT(3 * quorum_of(n), 2 * n);
    BOOST_CHECK_LE(3 * (quorum_of(n) - 1), 2 * n);
  }
}

BOOST_AUTO_TEST_CASE(transfers_are_bounded_by_verification_alone) {
  UnitCosts cost;
  cost.verify_us = 26.7;
  BOOST_CHECK_CLOSE(transfers_floor(4, 2, cost), 18'700, 1.0);
  BOOST_CHECK_CLOSE(transfers_floor(7, 2, cost), 10'700, 1.0);
}

BOOST_AUTO_TEST_CASE(costs_are_measured) {
  const UnitCosts cost = measure_unit_costs();
  BOOST_CHECK_GT(cost.verify_us, 1);
  BOOST_CHECK_GT(cost.sign_us, 1);
  BOOST_CHECK_LT(cost.verify_us, 10'000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::bench
