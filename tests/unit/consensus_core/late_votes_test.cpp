// Votes after the decision: which pairs make evidence, and what they may cost.
#include "actors/consensus/core/late_votes.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::consensus {
namespace {

using Late = LateVotes::Late;

// `value` 0: nil. The signature tells votes apart that say the same.
Late late(ValidatorIndex who, VoteType type, std::int32_t round, std::uint8_t value,
          std::uint32_t from, std::uint8_t signature = 1) {
  Late out;
  out.vote.vote = {type, Height(5), Round(round), {}, Round(), who};
  if (value != 0) {
    BlockId id;
    id.data.fill(value);
    out.vote.vote.value = id;
  }
  out.vote.signature.data.fill(signature);
  out.from = from;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(late_votes_test)

BOOST_AUTO_TEST_CASE(two_values_in_one_place_are_a_pair_in_whatever_order) {
  LateVotes votes;
  const Late first = late(3, VoteType::prevote, 0, 1, 7);
  BOOST_CHECK(votes.add(first).empty());
  BOOST_CHECK(votes.add(first).empty());
  BOOST_CHECK(votes.add(late(3, VoteType::precommit, 0, 2, 7)).empty());  // another step
  BOOST_CHECK(votes.add(late(3, VoteType::prevote, 1, 2, 8)).empty());    // another round
  BOOST_CHECK(votes.add(late(4, VoteType::prevote, 0, 2, 7)).empty());    // another validator
  const auto pair = votes.add(late(3, VoteType::prevote, 0, 0, 8));
  BOOST_REQUIRE_EQUAL(pair.size(), 1u);
  BOOST_CHECK(pair[0] == first);
}

BOOST_AUTO_TEST_CASE(a_prevote_that_forgets_a_late_precommit_is_a_pair) {
  for (const bool precommit_first : {true, false}) {
    LateVotes votes;
    const Late precommit = late(3, VoteType::precommit, 0, 1, 7);
    const Late prevote = late(3, VoteType::prevote, 1, 2, 8);
    BOOST_CHECK(votes.add(precommit_first ? precommit : prevote).empty());
    const auto pair = votes.add(precommit_first ? prevote : precommit);
    BOOST_REQUIRE_EQUAL(pair.size(), 1u);
    BOOST_CHECK(pair[0] == (precommit_first ? precommit : prevote));
  }
}

// A forged vote is held like a true one: it must not stand in the way of the true pair.
BOOST_AUTO_TEST_CASE(a_forged_vote_hides_no_pair) {
  LateVotes votes;
  const Late forged = late(3, VoteType::prevote, 0, 9, 66);
  const Late first = late(3, VoteType::prevote, 0, 1, 7);
  BOOST_CHECK(votes.add(forged).empty());
  BOOST_CHECK(votes.add(first) == std::vector<Late>{forged});
  BOOST_CHECK((votes.add(late(3, VoteType::prevote, 0, 2, 8)) == std::vector<Late>{forged, first}));
}

BOOST_AUTO_TEST_CASE(a_sender_has_few_places_and_a_validator_not_many) {
  LateVotes votes;
  std::uint8_t value = 0;
  const auto flood = [&](std::uint32_t from) {
    for (int i = 0; i < 10; ++i) (void)votes.add(late(3, VoteType::prevote, 0, ++value, from));
    return votes.add(late(3, VoteType::prevote, 0, 200, from)).size();
  };
  BOOST_CHECK_EQUAL(flood(66), 0u);
  const Late first = late(3, VoteType::precommit, 0, 1, 7);
  BOOST_CHECK(votes.add(first).empty());
  BOOST_CHECK(votes.add(late(3, VoteType::precommit, 0, 2, 8)) == std::vector<Late>{first});
  for (std::uint32_t from = 100; from < 200; ++from) (void)flood(from);
  BOOST_CHECK(votes.add(late(3, VoteType::precommit, 0, 3, 9)).empty());
  votes.clear();  // of the next height
  BOOST_CHECK(votes.add(first).empty());
  BOOST_CHECK(votes.add(late(3, VoteType::precommit, 0, 2, 8)) == std::vector<Late>{first});
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::consensus
