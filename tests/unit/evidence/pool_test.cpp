#include "actors/evidence/core/evidence_pool.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::evidence {
namespace {

EvidencePool::Item item(std::uint64_t height, ValidatorIndex validator = 0,
                        std::int32_t round = 0) {
  EvidencePool::Item out;
  out.key = {Height(height), Round(round), EvidenceKind::duplicate_prevote, validator};
  out.bytes = {1};
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence_pool_test)

BOOST_AUTO_TEST_CASE(an_offence_is_held_once) {
  EvidencePool pool;
  BOOST_CHECK(pool.add(item(5)).added == Added::added);
  BOOST_CHECK(pool.add(item(5)).added == Added::known);
  BOOST_CHECK(pool.add(item(5, 1)).added == Added::added);
  BOOST_CHECK(pool.add(item(5, 0, 1)).added == Added::added);
  BOOST_CHECK_EQUAL(pool.size(), 3u);
  BOOST_CHECK(pool.knows(item(5).key));
  BOOST_CHECK(!pool.knows(item(6).key));
}

BOOST_AUTO_TEST_CASE(what_was_committed_is_never_taken_again) {
  EvidencePool pool;
  (void)pool.add(item(5));
  BOOST_CHECK(pool.commit(item(5).key).has_value());
  BOOST_CHECK(pool.add(item(5)).added == Added::committed);
  BOOST_CHECK(!pool.commit(item(6).key).has_value());  // it was never pending here
  BOOST_CHECK(pool.add(item(6)).added == Added::committed);
  BOOST_CHECK_EQUAL(pool.size(), 0u);
  for (std::uint64_t h = 0; h <= committed_max; ++h) (void)pool.commit(item(100 + h).key);
  BOOST_CHECK(!pool.knows(item(5).key));  // forgotten: the ledger knows it
}

BOOST_AUTO_TEST_CASE(what_was_dropped_may_come_again) {
  EvidencePool pool;
  (void)pool.add(item(5));
  BOOST_CHECK(pool.drop(item(5).key).has_value());
  BOOST_CHECK(!pool.drop(item(5).key).has_value());
  BOOST_CHECK(pool.add(item(5)).added == Added::added);
}

BOOST_AUTO_TEST_CASE(one_validator_cannot_fill_the_pool) {
  EvidencePool pool;
  for (std::uint64_t h = 0; h < pending_per_validator_max; ++h)
    BOOST_CHECK(pool.add(item(100 + h)).added == Added::added);
  BOOST_CHECK(pool.add(item(500)).added == Added::full);
  const auto outcome = pool.add(item(50));  // an earlier height is worth more
  BOOST_CHECK(outcome.added == Added::added);
  BOOST_REQUIRE(outcome.evicted.has_value());
  BOOST_CHECK_EQUAL(outcome.evicted->key.height, Height(100 + pending_per_validator_max - 1));
  BOOST_CHECK_EQUAL(pool.size(), pending_per_validator_max);
  BOOST_CHECK(pool.add(item(700, 1)).added == Added::added);
}

BOOST_AUTO_TEST_CASE(the_whole_pool_is_bounded) {
  EvidencePool pool;
  for (std::size_t i = 0; i < pending_max; ++i)
    BOOST_CHECK(pool.add(item(1000 + i, static_cast<ValidatorIndex>(i % 100))).added ==
                Added::added);
  BOOST_CHECK(pool.add(item(1, 200)).added == Added::full);
  BOOST_CHECK(pool.add(item(1, 5)).evicted.has_value());
  BOOST_CHECK_EQUAL(pool.size(), pending_max);
}

BOOST_AUTO_TEST_CASE(the_lowest_heights_are_offered_first) {
  EvidencePool pool;
  for (const std::uint64_t h : {9, 3, 7, 5}) (void)pool.add(item(h));
  const auto best = pool.pending(2);
  BOOST_REQUIRE_EQUAL(best.size(), 2u);
  BOOST_CHECK_EQUAL(best[0]->key.height, Height(3));
  BOOST_CHECK_EQUAL(best[1]->key.height, Height(5));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::evidence
