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
  s.accept(number, id(1), 0);
  s.close_admission(number);
  BOOST_CHECK(s.take_finished().empty());
  s.expire(Instant{5});
  BOOST_CHECK_EQUAL(s.take_finished().size(), 1U);
  s.release(number);
  BOOST_REQUIRE(s.open(true, true, Instant{50}) == number);
  s.accept(number, id(2), 0);
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
  s.accept(number, id(1), 0);
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

BOOST_AUTO_TEST_SUITE_END()
