#include "config/genesis_time.hpp"

#include "tests/support/property.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(genesis_time_test)

BOOST_AUTO_TEST_CASE(known_times_both_ways) {
  const std::pair<std::string, std::int64_t> known[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2000-02-29T23:59:59Z", 951'868'799'000'000'000},
      {"2026-01-02T03:04:05.678Z", 1'767'323'045'678'000'000},
      {"2261-12-31T23:59:59.999999999Z", 9'214'646'399'999'999'999},
  };
  for (const auto& [text, ns] : known) {
    const auto time = parse_rfc3339(text, "time");
    WITAN_REQUIRE_OK(time);
    BOOST_CHECK_EQUAL(time->ns, ns);
    BOOST_CHECK_EQUAL(to_rfc3339(UnixTime{ns}), text);
  }
}

BOOST_AUTO_TEST_CASE(other_texts_are_refused) {
  for (const std::string text : {"",
                                 "Z",
                                 "2026-01-02",
                                 "2026-01-02T03:04:05",
                                 "2026-01-02T03:04:05+00:00",
                                 "2026-02-29T00:00:00Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-01-02T24:00:00Z",
                                 "2026-01-02T03:60:05Z",
                                 "2026-01-02T03:04:60Z",
                                 "1969-12-31T23:59:59Z",
                                 "2262-01-01T00:00:00Z",
                                 "2026-01-02 03:04:05Z",
                                 "2026-01-02T03:04:05.Z",
                                 "2026-01-02T03:04:05.1234567890Z",
                                 "2026-01-02T03:04:05.1x3Z",
                                 "2026-01-02T03:04:5Z",
                                 "+026-01-02T03:04:05Z",
                                 "2026-01-02T03:04:05ZZ"}) {
    BOOST_TEST_CONTEXT(text) { WITAN_CHECK_ERROR(parse_rfc3339(text, "time"), ErrorCode::genesis); }
  }
}

WITAN_PROPERTY(every_time_reads_as_it_was_written, [] {
  const UnixTime time{*rc::gen::inRange<std::int64_t>(0, 9'214'646'400'000'000'000)};
  const auto again = parse_rfc3339(to_rfc3339(time), "time");
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->ns == time.ns);
});

BOOST_AUTO_TEST_SUITE_END()
