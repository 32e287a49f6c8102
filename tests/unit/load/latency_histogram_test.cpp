#include "tools/load/latency_histogram.hpp"

#include <vector>

#include "messages/base/random.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::loadgen {

BOOST_AUTO_TEST_SUITE(latency_histogram_test)

BOOST_AUTO_TEST_CASE(every_value_lies_in_its_bucket_and_buckets_are_adjacent) {
  std::size_t previous = LatencyHistogram::index_of(0);
  for (std::uint64_t v = 1; v < 1'000'000; ++v) {
    const std::size_t at = LatencyHistogram::index_of(v);
    BOOST_REQUIRE(at == previous || at == previous + 1);
    BOOST_REQUIRE(v <= LatencyHistogram::highest_of(at));
    if (at == previous + 1) BOOST_REQUIRE_EQUAL(LatencyHistogram::highest_of(previous) + 1, v);
    previous = at;
  }
}

BOOST_AUTO_TEST_CASE(percentiles_are_within_one_percent_of_the_sorted_values) {
  Random random(7);
  LatencyHistogram h;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(random.below(std::uint64_t{1} << (1 + random.below(31))));
    h.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const std::uint64_t permille : {1U, 10U, 250U, 500U, 900U, 990U, 999U, 1000U}) {
    const std::size_t rank = (values.size() * permille + 999) / 1000;
    const std::uint64_t exact = values[rank - 1];
    BOOST_CHECK_GE(h.percentile(permille), exact);
    BOOST_CHECK_LE(h.percentile(permille), exact + exact / 100 + 1);
  }
  BOOST_CHECK_EQUAL(h.max(), values.back());
  BOOST_CHECK_EQUAL(h.percentile(1000), values.back());
}

BOOST_AUTO_TEST_CASE(an_empty_histogram_gives_zeros_and_repeats_count) {
  LatencyHistogram h;
  BOOST_CHECK_EQUAL(h.percentile(500), 0);
  h.record(10, 3);
  h.record(5'000'000'000, 1);
  BOOST_CHECK_EQUAL(h.count(), 4);
  BOOST_CHECK_EQUAL(h.percentile(500), 10);
  BOOST_CHECK_EQUAL(h.max(), 5'000'000'000);
  LatencyHistogram sum;
  sum.add(h);
  sum.add(h);
  BOOST_CHECK_EQUAL(sum.count(), 8);
  BOOST_CHECK_EQUAL(sum.percentile(750), 10);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::loadgen
