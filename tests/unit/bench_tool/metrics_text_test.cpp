#include "tools/bench/metrics_text.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::bench {
namespace {

constexpr const char* text =
    "# HELP witan_a of a\n"
    "# TYPE witan_a counter\n"
    "witan_a{chain_id=\"x\",kind=\"one two\"} 3\n"
    "witan_a{chain_id=\"x\",kind=\"}\"} 4.5 1700000000\n"
    "plain 7\n"
    "\n"
    "broken\n"
    "witan_h_bucket{le=\"0.001\"} 10\n"
    "witan_h_bucket{le=\"0.002\"} 30\n"
    "witan_h_bucket{le=\"+Inf\"} 40\n"
    "witan_h_sum 1.5e-2\n"
    "witan_h_count 40";

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_text_test)

BOOST_AUTO_TEST_CASE(values_are_summed_over_labels) {
  const MetricsText m = MetricsText::parse(text, "witan_");
  BOOST_CHECK_CLOSE(m.sum("a"), 7.5, 1e-9);
  BOOST_CHECK_CLOSE(m.sum("plain"), 7.0, 1e-9);
  BOOST_CHECK_CLOSE(m.sum("h_sum"), 0.015, 1e-9);
  BOOST_CHECK_EQUAL(m.sum("h_count"), 40);
  BOOST_CHECK_EQUAL(m.sum("absent"), 0);
  BOOST_CHECK_EQUAL(MetricsText::parse("", "witan_").sum("a"), 0);
}

BOOST_AUTO_TEST_CASE(quantiles_are_interpolated_inside_a_bucket) {
  Buckets b = MetricsText::parse(text, "witan_").buckets("h");
  BOOST_REQUIRE_EQUAL(b.size(), 3);
  BOOST_CHECK_CLOSE(quantile(b, 0.25), 0.001, 1e-6);
  BOOST_CHECK_CLOSE(quantile(b, 0.5), 0.0015, 1e-6);
  BOOST_CHECK_CLOSE(quantile(b, 0.99), 0.002, 1e-6);  // above the last finite bound
  BOOST_CHECK_EQUAL(quantile({}, 0.5), 0);
  add_buckets(b, b, -1);
  BOOST_CHECK_EQUAL(quantile(b, 0.5), 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::bench
