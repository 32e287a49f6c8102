#include "actors/api/core/event_log.hpp"

#include <vector>

#include "tests/support/property.hpp"

namespace witan {
BOOST_AUTO_TEST_SUITE(event_log_test)

BOOST_AUTO_TEST_CASE(events_are_numbered_within_their_height) {
  EventLog log(100, 1 << 20);
  BOOST_CHECK_EQUAL(log.append(5, "a", "{}").to_string(), "5-0");
  BOOST_CHECK_EQUAL(log.append(5, "b", "{}").to_string(), "5-1");
  BOOST_CHECK_EQUAL(log.append(6, "c", "{}").to_string(), "6-0");
  BOOST_CHECK_EQUAL(log.append(4, "late", "{}").to_string(), "6-1");
  BOOST_CHECK_EQUAL(log.append(0, "no height", "{}").to_string(), "6-2");
  BOOST_CHECK_EQUAL(log.next().to_string(), "6-3");
}

BOOST_AUTO_TEST_CASE(a_cursor_reads_back_its_text_and_refuses_other_text) {
  for (const char* text : {"0-0", "7-3", "18446744073709551615-4294967295"})
    BOOST_CHECK_EQUAL(EventCursor::parse(text)->to_string(), text);
  BOOST_CHECK_EQUAL(EventCursor::parse("7")->to_string(), "7-0");
  for (const char* text : {"", "-", "7-", "-3", "7-3-1", " 7-3", "7-3 ", "+7", "x", "7-4294967296",
                           "18446744073709551616"})
    WITAN_CHECK_ERROR(EventCursor::parse(text), ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(a_dropped_event_is_an_error_that_names_the_oldest_one_kept) {
  EventLog log(2, 1 << 20);
  for (int i = 0; i < 4; ++i) log.append(1, "e", std::to_string(i));
  for (const EventCursor gone : {EventCursor{0, 0}, EventCursor{1, 0}, EventCursor{1, 1}}) {
    const auto r = log.first_from(gone);
    WITAN_CHECK_ERROR(r, ErrorCode::pruned);
    BOOST_CHECK_EQUAL(r.error().field, "1-2");
  }
  BOOST_CHECK_EQUAL((*log.first_from({1, 2}))->json, "2");
  BOOST_CHECK((*log.first_from({1, 4})) == nullptr);
  BOOST_CHECK((*log.first_from({9, 0})) == nullptr);
}

BOOST_AUTO_TEST_CASE(before_anything_was_dropped_any_cursor_reads_from_the_start) {
  EventLog log(10, 1 << 20);
  BOOST_CHECK(*log.first_from({0, 0}) == nullptr);
  log.append(7, "e", "first");
  BOOST_CHECK_EQUAL((*log.first_from({0, 0}))->json, "first");
}

WITAN_PROPERTY(bounds_hold_and_a_reader_sees_every_event_in_order_or_an_error,
               [](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& steps) {
                 EventLog log(16, 4096);
                 EventCursor reader;
                 std::uint64_t written = 0;
                 std::uint64_t expected = 0;
                 for (const auto& [height, reads] : steps) {
                   log.append(height, "e", std::to_string(written++));
                   RC_ASSERT(log.size() <= 16U);
                   RC_ASSERT(log.bytes() <= 4096U);
                   for (int i = 0; i < reads % 4; ++i) {
                     const auto got = log.first_from(reader);
                     if (!got) {
                       RC_ASSERT(written - expected > log.size());
                       reader = *log.oldest();
                       expected = written - log.size();
                     } else if (*got != nullptr) {
                       RC_ASSERT((*got)->json == std::to_string(expected++));
                       reader = {(*got)->at.height, (*got)->at.index + 1};
                     } else {
                       RC_ASSERT(expected == written);
                     }
                   }
                 }
               });

BOOST_AUTO_TEST_CASE(an_event_larger_than_the_log_is_not_kept_and_is_not_silent) {
  EventLog log(10, 512);
  log.append(1, "big", std::string(1000, 'x'));
  BOOST_CHECK_EQUAL(log.size(), 0U);
  BOOST_CHECK_EQUAL(log.bytes(), 0U);
  WITAN_CHECK_ERROR(log.first_from({1, 0}), ErrorCode::pruned);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
