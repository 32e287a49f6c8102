#include "actors/consensus/core/proposer_order.hpp"

#include <algorithm>

#include "tests/support/property.hpp"
#include "tests/unit/ledger/ledger_model.hpp"

using namespace witan;
using namespace witan::test;

namespace {

ValidatorSet set_of(std::vector<Validator> validators) {
  for (std::size_t i = 0; i < validators.size(); ++i)
    validators[i].key = numbered<PublicKey>(i + 1);
  return ValidatorSet::make(std::move(validators)).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proposer_order_test)

BOOST_AUTO_TEST_CASE(equals_propose_round_0_within_ten_percent_of_their_share) {
  constexpr std::uint64_t heights = 10'000;
  for (const std::size_t n : {4U, 7U}) {
    const ValidatorSet set = set_of(std::vector<Validator>(n, Validator{{}, 10, 4, 100}));
    std::vector<std::uint64_t> count(n, 0);
    for (std::uint64_t h = 1; h <= heights; ++h)
      ++count[proposer_order(set, numbered<Hash32>(42), Height(h)).front()];
    for (const std::uint64_t c : count) {
      BOOST_CHECK_GE(c * n * 10, heights * 9);
      BOOST_CHECK_LE(c * n * 10, heights * 11);
    }
  }
}

BOOST_AUTO_TEST_CASE(tier_comes_before_hours_and_hours_count_in_days) {
  const ValidatorSet set = set_of({{{}, 10, 3, 1000}, {{}, 10, 4, 47}, {{}, 10, 4, 48}});
  bool other_first = false;
  for (std::uint64_t h = 1; h <= 50; ++h)
    BOOST_CHECK((proposer_order(set, {}, Height(h)) == std::vector<ValidatorIndex>{2, 1, 0}));
  const ValidatorSet same_day = set_of({{{}, 10, 4, 24}, {{}, 10, 4, 47}});
  for (std::uint64_t h = 1; h <= 50; ++h)
    other_first |= proposer_order(same_day, {}, Height(h)).front() == 0;
  BOOST_CHECK(other_first);
}

BOOST_AUTO_TEST_CASE(more_power_proposes_more_often) {
  const ValidatorSet set = set_of({{{}, 100, 4, 0}, {{}, 300, 4, 0}});
  std::size_t strong = 0;
  for (std::uint64_t h = 1; h <= 4000; ++h) strong += proposer_order(set, {}, Height(h)).front();
  // P(U1 / 3 < U2) = 5/6.
  BOOST_CHECK_GE(strong, 3200U);
  BOOST_CHECK_LE(strong, 3460U);
}

WITAN_PROPERTY(every_validator_has_one_place_and_rounds_wrap, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<Validator> validators(1 + random.below(20));
  for (Validator& v : validators)
    v = {{}, 1 + random.below(1000), static_cast<std::uint8_t>(random.below(6)), random.below(200)};
  const ValidatorSet set = set_of(validators);
  const auto order = proposer_order(set, numbered<Hash32>(random.next()), Height(random.next()));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (ValidatorIndex i = 0; i < set.size(); ++i) RC_ASSERT(sorted[i] == i);
  const auto n = static_cast<std::int32_t>(set.size());
  RC_ASSERT(proposer_at(order, Round(n)) == order.front());
});

BOOST_AUTO_TEST_CASE(division_is_exact_on_256_bits) {
  const U256 all{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  BOOST_CHECK(divide(all, 1) == all);
  BOOST_CHECK((divide(all, UINT64_MAX) == U256{1, 1, 1, 1}));
  BOOST_CHECK((divide({1, 0, 0, 0}, 2) == U256{0, std::uint64_t{1} << 63U, 0, 0}));
  BOOST_CHECK((divide({0, 0, 0, 7}, 8) == U256{}));
}

BOOST_AUTO_TEST_SUITE_END()
