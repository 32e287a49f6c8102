// The record of open requests by itself: bounds, late news, numbers given again.
#include "actors/mempool/core/submissions.hpp"

#include "tests/support/boost_test.hpp"

using namespace witan;
using namespace witan::mempool;

namespace {
TxId id(std::uint8_t n) {
  TxId out;
  out.data[0] = n;
  return out;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(submissions_test)

BOOST_AUTO_TEST_CASE(more_than_the_bound_are_refused_until_one_is_released) {
  Submissions s(2, 10, 1);
  BOOST_CHECK(s.open(true, false, {}) == 0U);
  BOOST_CHECK(s.open(true, false, {}) == 1U);
  BOOST_CHECK(!s.open(true, false, {}));
  s.close_admission(0);
  BOOST_CHECK((s.take_finished() == std::vector<std::uint32_t>{0}));
  s.release(0);
  BOOST_CHECK(s.open(true, false, {}) == 0U);
}

BOOST_AUTO_TEST_CASE(news_of_an_answered_request_reach_nobody) {
  Submissions s(2, 10, 1);
  const auto number = *s.open(true, true, Instant{5});
  WITAN_REQUIRE_OK(s.accept(number, id(1), 0));
  s.close_admission(number);
  BOOST_CHECK(s.take_finished().empty());
  s.expire(Instant{5});
  BOOST_CHECK_EQUAL(s.take_finished().size(), 1U);
  s.release(number);
  BOOST_REQUIRE(s.open(true, true, Instant{50}) == number);
  WITAN_REQUIRE_OK(s.accept(number, id(2), 0));
  s.close_admission(number);
  s.committed(id(1), {7, 0, ErrorCode::ok, 0});
  BOOST_CHECK(s.take_finished().empty());
  BOOST_CHECK_EQUAL(s.at(number).committed, 0U);
  s.committed(id(2), {8, 3, ErrorCode::ok, 4});
  BOOST_CHECK_EQUAL(s.take_finished().size(), 1U);
  BOOST_CHECK_EQUAL(s.at(number).height, 8U);
  BOOST_CHECK_EQUAL(s.awaited(), 0U);
}

BOOST_AUTO_TEST_CASE(a_commit_during_admission_does_not_finish_it) {
  Submissions s(2, 10, 1);
  const auto number = *s.open(false, true, Instant{5});
  WITAN_REQUIRE_OK(s.accept(number, id(1), 0));
  s.committed(id(1), {2, 0, ErrorCode::ok, 0});
  s.expire(Instant{9});
  BOOST_CHECK(s.take_finished().empty());
  s.reject(number, id(2), 1, {ErrorCode::bad_nonce, "nonce", "used"});
  s.close_admission(number);
  BOOST_CHECK_EQUAL(s.take_finished().size(), 1U);
  BOOST_CHECK_EQUAL(s.at(number).failures.size(), 1U);
}

BOOST_AUTO_TEST_CASE(only_the_first_failures_are_kept_but_all_are_counted) {
  Submissions s(1, 10, 1);
  const auto number = *s.open(false, false, {});
  for (std::uint32_t i = 0; i < 100; ++i)
    s.reject(number, id(1), i, {ErrorCode::duplicate, "id", ""});
  BOOST_CHECK_EQUAL(s.at(number).rejected, 100U);
  BOOST_CHECK_EQUAL(s.at(number).failures.size(), failures_kept_max);
}

BOOST_AUTO_TEST_CASE(everyone_who_waits_for_a_transaction_hears_of_it) {
  Submissions s(4, 10, 1);
  const auto first = *s.open(true, true, Instant{5});
  const auto batch = *s.open(false, true, Instant{5});
  WITAN_REQUIRE_OK(s.accept(first, id(1), 0));
  WITAN_REQUIRE_OK(s.accept(batch, id(1), 7));
  WITAN_REQUIRE_OK(s.accept(batch, id(2), 8));
  s.close_admission(first);
  s.close_admission(batch);
  s.committed(id(1), {3, 2, ErrorCode::insufficient_funds, 9});
  BOOST_CHECK((s.take_finished() == std::vector<std::uint32_t>{first}));
  BOOST_CHECK_EQUAL(s.at(first).height, 3U);
  BOOST_CHECK_EQUAL(s.at(first).fee, 9U);
  BOOST_CHECK_EQUAL(s.at(batch).committed, 1U);
  BOOST_REQUIRE_EQUAL(s.at(batch).failures.size(), 1U);
  BOOST_CHECK_EQUAL(s.at(batch).failures[0].position, 7U);
  s.dropped(id(2), ErrorCode::expired);
  BOOST_CHECK((s.take_finished() == std::vector<std::uint32_t>{batch}));
  BOOST_CHECK_EQUAL(s.awaited(), 0U);
}

BOOST_AUTO_TEST_CASE(a_request_waits_once_for_a_transaction_and_so_do_only_so_many_requests) {
  Submissions s(32, 10, 1);
  std::vector<std::uint32_t> waiting;
  for (std::size_t i = 0; i < waiters_per_tx_max; ++i) {
    waiting.push_back(*s.open(true, true, Instant{std::int64_t(i)}));
    WITAN_REQUIRE_OK(s.accept(waiting.back(), id(1), 0));
    s.close_admission(waiting.back());
  }
  const auto late = *s.open(false, true, Instant{99});
  WITAN_CHECK_ERROR(s.accept(late, id(1), 0), ErrorCode::busy);
  WITAN_REQUIRE_OK(s.accept(late, id(2), 1));
  WITAN_CHECK_ERROR(s.accept(late, id(2), 2), ErrorCode::duplicate);
  BOOST_CHECK_EQUAL(s.at(late).accepted, 1U);
  BOOST_CHECK_EQUAL(s.at(late).awaited, 1U);
  // Whoever was answered makes room, first and last of the list alike.
  s.expire(Instant{0});
  for (const std::uint32_t number : s.take_finished()) s.release(number);
  WITAN_REQUIRE_OK(s.accept(late, id(1), 0));
  s.close_admission(late);
  s.expire(Instant{std::int64_t(waiters_per_tx_max)});
  BOOST_CHECK_EQUAL(s.take_finished().size(), waiters_per_tx_max - 1);
  s.committed(id(1), {4, 0, ErrorCode::ok, 0});
  s.committed(id(2), {4, 1, ErrorCode::ok, 0});
  BOOST_CHECK((s.take_finished() == std::vector<std::uint32_t>{late}));
  BOOST_CHECK_EQUAL(s.at(late).committed, 2U);
}

BOOST_AUTO_TEST_CASE(what_is_refused_after_all_is_counted_as_rejected) {
  Submissions s(4, 10, 1);
  const auto one = *s.open(true, true, Instant{5});
  const auto two = *s.open(true, true, Instant{5});
  WITAN_REQUIRE_OK(s.accept(one, id(1), 0));
  WITAN_REQUIRE_OK(s.accept(two, id(1), 0));
  s.close_admission(two);
  s.refused(id(1), {ErrorCode::bad_signature, "signature", "does not verify"});
  BOOST_CHECK((s.take_finished() == std::vector<std::uint32_t>{two}));
  s.close_admission(one);
  BOOST_CHECK((s.take_finished() == std::vector<std::uint32_t>{one}));
  for (const auto number : {one, two}) {
    BOOST_CHECK_EQUAL(s.at(number).accepted, 0U);
    BOOST_CHECK_EQUAL(s.at(number).rejected, 1U);
    BOOST_REQUIRE_EQUAL(s.at(number).failures.size(), 1U);
    BOOST_CHECK(s.at(number).failures[0].code == ErrorCode::bad_signature);
  }
}

BOOST_AUTO_TEST_SUITE_END()
