// Corners that only a fault beyond the bound, a restart or a far round reaches.
#include "tests/support/boost_test.hpp"
#include "tests/unit/consensus_core/script.hpp"

using namespace witan;
using namespace witan::consensus;
using witan::consensus::test::Script;

BOOST_AUTO_TEST_SUITE(consensus_corners)

BOOST_AUTO_TEST_CASE(a_polka_of_the_locks_own_round_overrides_it) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    prop 0 A -1 0    => pv 0 A
    pv 0 A 0 1 2     => pc 0 A; lock 0 A
    polka 0 B 0 1 2  => equiv 0 pv 0 A B; equiv 1 pv 0 A B; equiv 2 pv 0 A B
    pc 1 nil 0 1     => enter 1; t propose 1
    prop 1 B 0 1     => pv 1 B pol 0         | 1 prevote lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(a_proposal_cannot_lean_on_a_polka_of_its_own_round) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    prop 0 A 0 0     => -
    pv 0 A 0 2 3     => -                    | 0 propose
  )");
}

BOOST_AUTO_TEST_CASE(far_precommits_count_once_their_round_is_reached) {
  Script(2).run(R"(
    start 1          => enter 0; t propose 0
    pc 100 A 0       => -
    pc 100 A 1       => enter 100; t propose 100
    pc 100 A 3       => t precommit 100
    prop 100 A -1 0  => decide 100 A
  )");
}

BOOST_AUTO_TEST_CASE(a_lower_far_round_does_not_displace_a_higher_one) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n pc 500 A 3 => -\n pc 600 A 3 => -\n pc 400 A 3 => -");
  for (const int held : {500, 600})
    BOOST_CHECK(!s.core.wants(test::vote(VoteType::precommit, 1, held, test::block('A'), 3).vote));
  BOOST_CHECK_EQUAL(s.core.dump().votes_held, 2U);
}

BOOST_AUTO_TEST_CASE(a_proposer_has_two_far_rounds) {
  Script s(1, std::vector<std::uint64_t>(10, 1));
  s.run("start 1 => enter 0; t propose 0");
  for (int round = 27; round < 1000; ++round)
    if (round % 10 >= 7) {  // three liars, one below f+1
      const auto proposer = static_cast<ValidatorIndex>(round % 10);
      BOOST_REQUIRE(s.core
                        .apply(ProposalComplete{Height(1), Round(round), Round::nil(),
                                                test::block('A'), proposer, true})
                        .empty());
    }
  BOOST_CHECK_EQUAL(s.core.dump().proposals.size(), 6U);
}

BOOST_AUTO_TEST_CASE(an_old_proposal_nobody_precommitted_is_not_kept) {
  Script s(3);
  s.run(
      "start 1 => enter 0; t propose 0\n pc 50 nil 0 1 => enter 50; t propose 50\n prop 0 A -1 0 "
      "=> -");
  BOOST_CHECK(s.core.dump().proposals.empty());
}

BOOST_AUTO_TEST_CASE(a_restored_lock_of_a_later_round_is_not_moved_back) {
  Script(1).run(R"(
    own pc 2 A lock 2 A => -
    start 1          => enter 0; t propose 0 | 0 propose lock=A@2 valid=A@2
    prop 0 B -1 0    => -
    pv 0 B 0 2 3     => -                    | 0 precommit lock=A@2 valid=A@2
  )");
}

BOOST_AUTO_TEST_CASE(a_restored_valid_value_is_not_proposed_in_earlier_rounds) {
  Script(0).run(R"(
    own pv 2 nil lock 1 A => -
    start 1          => enter 0; t propose 0
    pc 4 nil 1 2     => enter 4; prop 4 A 1
  )");
}

BOOST_AUTO_TEST_CASE(timers_of_an_earlier_round_are_not_revived_after_replay) {
  Script(3).run(R"(
    replay on        => -
    start 1          => -
    pc 0 nil 0 1 2   => -
    pc 1 nil 0 1     => -
    replay off       => enter 1; t propose 1
  )");
}

BOOST_AUTO_TEST_CASE(votes_of_an_earlier_round_are_not_cast_after_replay) {
  Script(3).run(R"(
    replay on        => -
    start 1          => -
    t propose 0      => -
    pc 1 nil 0 1     => -
    replay off       => enter 1; t propose 1
    t propose 1      => pv 1 nil
  )");
}

BOOST_AUTO_TEST_CASE(a_value_asked_for_in_another_round_is_not_proposed) {
  Script(0).run(R"(
    start 1          => enter 0; t propose 0; get 0
    pc 1 nil 1 2     => enter 1; t propose 1
    value 1 A        => -
    value 0 A        => -                    | 1 propose
  )");
}

// The driver and the mux never ask for these; the machine is safe without them.
BOOST_AUTO_TEST_CASE(the_round_machine_alone_ignores_what_fits_no_rule) {
  const auto ignores = [](const RoundState& s, RoundEvent event, int round) {
    const Transition t = consensus::apply(s, {event, Round(round), test::block('A'), {}, false});
    return !t.fired && !t.output && t.next == s;
  };
  RoundState s;
  s.height = Height(1);
  s.round = Round(2);
  const auto last = static_cast<int>(RoundEvent::timeout_precommit);
  for (const Step step : {Step::propose, Step::prevote, Step::precommit, Step::commit}) {
    s.step = step;
    for (int e = 0; e <= last; ++e) {
      const auto event = static_cast<RoundEvent>(e);
      const bool any_round = event == RoundEvent::proposal_and_precommit_value;
      const bool moves_on = event == RoundEvent::new_round || event == RoundEvent::skip_round;
      const bool over = step == Step::commit;  // R17
      if (over) BOOST_CHECK_MESSAGE(ignores(s, event, 2), "event " << e << " in commit");
      if (over || !any_round) BOOST_CHECK_MESSAGE(ignores(s, event, 1), "event " << e);
      if (over || (!any_round && !moves_on))
        BOOST_CHECK_MESSAGE(ignores(s, event, 3), "event " << e);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_vote_keeper_alone_ignores_other_heights) {
  VoteKeeper keeper;
  keeper.reset(Height(1), test::make_set({1, 1, 1, 1}));
  for (const ValidatorIndex v : {0U, 1U, 2U})
    for (const std::uint64_t height : {0U, 2U}) {
      const VoteReceived in = test::vote(VoteType::prevote, height, 0, test::block('A'), v);
      BOOST_CHECK(!keeper.add(SignedVote{in.vote, in.signature}));
    }
  BOOST_CHECK_EQUAL(keeper.vote_count(), 0U);
  BOOST_CHECK(!keeper.has_quorum_any(VoteType::prevote, Round(0)));
}

BOOST_AUTO_TEST_SUITE_END()
