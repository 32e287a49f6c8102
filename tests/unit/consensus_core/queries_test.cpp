// What the actor may ask the core: wants, certificates, votes, dump; and the timeout durations.
#include <limits>

#include "actors/consensus/core/liveness.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/consensus_core/script.hpp"

using namespace witan;
using namespace witan::consensus;
using witan::consensus::test::Script;

namespace {

bool wants(const Script& s, VoteType type, int round, char value, ValidatorIndex v,
           std::uint64_t h = 1) {
  const ValueId id = value == '-' ? std::nullopt : ValueId(test::block(value));
  return s.core.wants(test::vote(type, h, round, id, v).vote);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(consensus_queries)

BOOST_AUTO_TEST_CASE(only_votes_that_still_matter_are_wanted) {
  Script s(1);
  constexpr auto pv = VoteType::prevote;
  constexpr auto pc = VoteType::precommit;
  BOOST_CHECK(!wants(s, pv, 0, 'A', 0));  // no height yet
  s.run("start 1 => enter 0; t propose 0\n pv 0 A 0 2 => -");
  BOOST_CHECK(wants(s, pv, 0, 'A', 3));
  BOOST_CHECK(!wants(s, pv, 0, 'A', 2));     // duplicate
  BOOST_CHECK(wants(s, pv, 0, 'B', 2));      // evidence
  BOOST_CHECK(!wants(s, pv, 0, 'A', 3, 2));  // another height
  s.run("pv 0 A 3 => -");
  BOOST_CHECK(!wants(s, pv, 0, 'A', 1));  // surplus
  BOOST_CHECK(wants(s, pc, 0, 'A', 1));
  s.run("pc 2 nil 0 2 => enter 2; t propose 2");
  BOOST_CHECK(!wants(s, pc, 0, '-', 3));  // nil of a past round
  BOOST_CHECK(wants(s, pc, 0, 'A', 3));   // a decision of a past round
  BOOST_CHECK(wants(s, pc, 500, 'A', 3));
  s.run("pc 500 A 3 => -\n pc 600 A 3 => -");
  BOOST_CHECK(!wants(s, pc, 500, 'A', 3));
  BOOST_CHECK(wants(s, pv, 500, 'A', 3));
  BOOST_CHECK(!wants(s, pc, 400, 'A', 3));  // two higher rounds are held
  s.run("prop 0 A -1 0 => -\n pc 0 A 0 2 3 => decide 0 A");
  BOOST_CHECK(!wants(s, pc, 0, 'A', 1));  // decided
}

BOOST_AUTO_TEST_CASE(what_is_not_wanted_changes_nothing) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n pv 0 A 0 2 3 => -");
  const StateDump before = s.core.dump();
  s.run("pv 0 A 0 2 => -");
  BOOST_CHECK(s.core.dump() == before);
}

BOOST_AUTO_TEST_CASE(the_polka_of_the_lock_is_at_hand) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n prop 0 A -1 0 => pv 0 A");
  BOOST_CHECK(!s.core.polka_certificate());
  s.run("pv 0 A 3 0 2 => pc 0 A; lock 0 A\n pc 1 nil 0 2 => enter 1; prop 1 A 0");
  BOOST_REQUIRE(s.core.polka_certificate());
  BOOST_CHECK(*s.core.polka_certificate() ==
              test::certificate(VoteType::prevote, 1, 0, test::block('A'), {0, 2, 3}));
  s.run("start 2 => enter 0; t propose 0");
  BOOST_CHECK(!s.core.polka_certificate());
}

BOOST_AUTO_TEST_CASE(votes_come_back_as_they_were_signed) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0");
  VoteReceived v = test::vote(VoteType::prevote, 1, 0, test::block('A'), 3);
  v.vote.pol_round = Round(0);
  BOOST_CHECK(s.core.apply(v).empty());
  s.run("pv 0 nil 3 => equiv 3 pv 0 A nil\n pc 0 B 2 => -");
  const auto votes = s.core.votes(Round(0));
  BOOST_REQUIRE_EQUAL(votes.size(), 3U);
  BOOST_CHECK((votes[0] == SignedVote{v.vote, v.signature}));
  BOOST_CHECK(!votes[1].vote.value);
  BOOST_CHECK(votes[2].vote.type == VoteType::precommit);
  BOOST_CHECK(s.core.votes(Round(7)).empty());
}

BOOST_AUTO_TEST_CASE(a_commit_quorum_without_its_block_is_named) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n pc 0 A 0 2 3 => t precommit 0");
  BOOST_REQUIRE_EQUAL(s.core.commit_quorums().size(), 1U);
  BOOST_CHECK((s.core.commit_quorums()[0] == RoundValue{Round(0), test::block('A')}));
  BOOST_CHECK(s.core.certificate(VoteType::precommit, Round(0), test::block('A')));
  BOOST_CHECK(!s.core.certificate(VoteType::precommit, Round(0), test::block('B')));
}

BOOST_AUTO_TEST_CASE(the_dump_shows_the_whole_state_as_text) {
  Script s(1, {1, 2, 3, 4});
  s.run(
      "start 9 => enter 0; t propose 0\n prop 0 A -1 0 => pv 0 A\n pv 0 A 3 => -\n pv 0 nil 2 => t "
      "prevote 0");
  BOOST_CHECK_EQUAL(to_text(s.core.dump()),
                    "height 9 round 0 step prevote\n"
                    "locked none valid none decision none\n"
                    "self 1 replaying false awaiting_value false timer_generation 2\n"
                    "round 0 prevotes 7 00000000:4 nil:3 precommits 0\n"
                    "proposal round 0 value 00000000 pol_round -1 valid true\n"
                    "votes_held 2 proofs_held 0\n");
}

BOOST_AUTO_TEST_CASE(timeouts_grow_with_the_round_up_to_the_cap) {
  const TimeoutParams p = TimeoutParams::from(GenesisParams{});
  BOOST_CHECK_EQUAL(timeout_duration(p, Step::propose, Round(0)).ms(), 3000);
  BOOST_CHECK_EQUAL(timeout_duration(p, Step::propose, Round(4)).ms(), 5000);
  BOOST_CHECK_EQUAL(timeout_duration(p, Step::prevote, Round(2)).ms(), 2000);
  BOOST_CHECK_EQUAL(timeout_duration(p, Step::precommit, Round(2)).ms(), 2000);
  BOOST_CHECK_EQUAL(timeout_duration(p, Step::precommit, Round(round_max)).ms(), 10'000);
  BOOST_CHECK_EQUAL(timeout_duration(p, Step::precommit, Round::nil()).ms(), 1000);
  BOOST_CHECK_EQUAL(rebroadcast_interval(p, Round(1)).ms(), 3500 + 1500 + 1500);
  TimeoutParams huge = p;
  huge.vote_delta.ns = std::numeric_limits<std::int64_t>::max();
  BOOST_CHECK_EQUAL(timeout_duration(huge, Step::prevote, Round(7)).ms(), 10'000);
}

BOOST_AUTO_TEST_SUITE_END()
