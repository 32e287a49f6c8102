#include "messages/types/validator_set.hpp"
#include "tests/support/boost_test.hpp"

using namespace witan;

namespace {
Validator validator(std::uint8_t id, std::uint64_t power) {
  Validator v;
  v.key.data[0] = id;
  v.power = power;
  return v;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(validator_set)

BOOST_AUTO_TEST_CASE(p13_an_empty_set_is_refused) {
  WITAN_CHECK_ERROR(ValidatorSet::make({}), ErrorCode::missing);
}

BOOST_AUTO_TEST_CASE(duplicate_keys_zero_power_and_overflow_are_refused) {
  WITAN_CHECK_ERROR(ValidatorSet::make({validator(1, 1), validator(1, 2)}), ErrorCode::duplicate);
  WITAN_CHECK_ERROR(ValidatorSet::make({validator(1, 0)}), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(ValidatorSet::make({validator(1, power_total_max), validator(2, 1)}),
                    ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(thresholds_are_strict) {
  const auto three = ValidatorSet::make({validator(1, 1), validator(2, 1), validator(3, 1)});
  WITAN_REQUIRE_OK(three);
  BOOST_CHECK(!three->is_quorum(2));
  BOOST_CHECK(three->is_quorum(3));
  BOOST_CHECK(!three->is_honest(1));
  BOOST_CHECK(three->is_honest(2));
}

BOOST_AUTO_TEST_CASE(order_is_by_key_and_lookup_finds_each) {
  const auto set = ValidatorSet::make({validator(9, 1), validator(3, 1)});
  WITAN_REQUIRE_OK(set);
  BOOST_CHECK_EQUAL(set->at(0).key.data[0], 3);
  BOOST_CHECK_EQUAL(*set->index_of(validator(9, 1).key), 1U);
  BOOST_CHECK(!set->index_of(validator(4, 1).key));
}

BOOST_AUTO_TEST_SUITE_END()
