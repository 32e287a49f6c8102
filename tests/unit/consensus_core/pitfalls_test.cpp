// Known failures of other implementations (consensus.md 2.6), one test each, named by number.
#include "actors/consensus/core/liveness.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/consensus_core/script.hpp"

using namespace witan;
using namespace witan::consensus;
using witan::consensus::test::Script;

BOOST_AUTO_TEST_SUITE(consensus_pitfalls)

BOOST_AUTO_TEST_CASE(p01_a_certificate_that_came_early_is_used_later) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    polka 0 A 0 1 2  => -                    | 0 propose
    prop 0 A -1 0    => pv 0 A; pc 0 A; lock 0 A | 0 precommit lock=A@0 valid=A@0
  )");
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    prop 1 A 0 1     => -
    polka 0 A 0 1 2  => -
    pv 1 nil 2       => enter 1; t propose 1; pv 1 A pol 0
  )");
}

BOOST_AUTO_TEST_CASE(p02_a_skipped_to_round_has_its_own_timers) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    t propose 0    => pv 0 nil
    pv 0 A 0 2 3   => t prevote 0
    pc 0 nil 0 2 3 => t precommit 0
    pv 2 nil 0 2   => enter 2; t propose 2
    t propose 2    => pv 2 nil
    pv 2 A 3       => t prevote 2
    pc 2 nil 0 2 3 => t precommit 2
  )");
}

BOOST_AUTO_TEST_CASE(p03_precommit_any_does_not_hide_polka_nil) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    pv 0 nil 0 2 3 => -
    pc 0 nil 0 2 3 => t precommit 0
    t propose 0    => pv 0 nil; pc 0 nil; failed 0 | 0 precommit
  )");
}

BOOST_AUTO_TEST_CASE(p04_a_polka_serves_only_its_own_value) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    pc 1 nil 0 1     => enter 1; t propose 1
    polka 0 B 0 1 2  => -
    prop 1 A 0 1     => -                    | 1 propose
    polka 1 B 0 1 2  => -                    | 1 propose
    t propose 1      => pv 1 nil; t prevote 1 | 1 prevote
  )");
}

BOOST_AUTO_TEST_CASE(p05_an_invalid_reproposal_is_answered_at_once) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    pc 1 nil 0 1     => enter 1; t propose 1
    prop 1 !A 0 1    => -                    | 1 propose
    polka 0 A 0 1 2  => pv 1 nil             | 1 prevote
  )");
}

BOOST_AUTO_TEST_CASE(p06_a_proposal_without_its_polka_leaves_the_timer_alive) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    pc 1 nil 0 1     => enter 1; t propose 1
    prop 1 A 0 1     => -                    | 1 propose
    t propose 1      => pv 1 nil             | 1 prevote
  )");
}

BOOST_AUTO_TEST_CASE(p07_thresholds_do_not_disarm_timers) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 B 0 2 3   => t prevote 0            # a polka for a block never seen
    pc 0 nil 0 2 3 => t precommit 0
    t prevote 0    => pc 0 nil               | 0 precommit
    t precommit 0  => enter 1; t propose 1; get 1 | 1 propose
  )");
}

BOOST_AUTO_TEST_CASE(p08_restored_votes_are_never_contradicted) {
  Script s(1);
  s.run(R"(
    own pv 0 A      => -
    own pc 0 A lock 0 A => -
    start 1         => enter 0; t propose 0  | 0 propose lock=A@0 valid=A@0
    t propose 0     => -                     | 0 prevote lock=A@0 valid=A@0
    pv 0 nil 0 2 3  => -                     | 0 precommit lock=A@0 valid=A@0
    pc 0 nil 0 2 3  => t precommit 0; failed 0
  )");
  s.run("t precommit 0 => enter 1; prop 1 A 0 | 1 propose lock=A@0 valid=A@0");
}

BOOST_AUTO_TEST_CASE(p08_replay_rebuilds_the_state_and_repeats_nothing) {
  Script s(1);
  s.run(R"(
    own pv 0 A      => -
    own pc 0 A lock 0 A => -
    replay on       => -
    start 1         => -
    prop 0 A -1 0   => -                     | 0 prevote lock=A@0 valid=A@0
    pv 0 A 0 1 2    => -                     | 0 precommit lock=A@0 valid=A@0
    pc 0 nil 0 2 3  => -
    replay off      => enter 0; t precommit 0; lock 0 A
    t precommit 0   => enter 1; prop 1 A 0
  )");
}

BOOST_AUTO_TEST_CASE(p08_replay_asks_for_votes_that_were_never_recorded) {
  Script(1).run(R"(
    own pv 0 A      => -
    replay on       => -
    start 1         => -
    prop 0 A -1 0   => -
    pv 0 A 0 1 2    => -
    replay off      => enter 0; pc 0 A; lock 0 A | 0 precommit lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(p08_a_replayed_timer_of_an_earlier_process_acts) {
  Script(1).run(R"(
    replay on           => -
    start 1             => -
    t propose 0 stale   => -                 | 0 prevote
    replay off          => enter 0; pv 0 nil
  )");
}

BOOST_AUTO_TEST_CASE(p09_a_value_is_asked_for_and_proposed_once) {
  Script(0).run(R"(
    own prop 0 A   => -
    start 1        => enter 0; t propose 0   | 0 propose
    value 0 B      => -
  )");
  Script(0).run(R"(
    replay on      => -
    start 1        => -
    value 0 A      => -
    replay off     => enter 0; t propose 0; prop 0 A -1
    value 0 B      => -
  )");
  Script(0).run(R"(
    replay on      => -
    start 1        => -
    replay off     => enter 0; t propose 0; get 0
    value 0 A      => prop 0 A -1
  )");
}

BOOST_AUTO_TEST_CASE(p13_an_empty_validator_set_cannot_be_made) {
  WITAN_CHECK_ERROR(ValidatorSet::make({}), ErrorCode::missing);
}

BOOST_AUTO_TEST_CASE(p14_a_proposal_is_judged_by_the_proposer_of_its_own_round) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    pc 2 nil 0 1     => enter 2; t propose 2
    commit 1 A 0 1 2 => -
    prop 1 A -1 2    => -                    # proposer of the current round
    prop 1 A -1 1    => decide 1 A
  )");
}

BOOST_AUTO_TEST_CASE(p16_a_lock_and_a_decision_carry_their_certificate) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0");
  const BlockId a = test::block('A');
  (void)s.core.apply(ProposalComplete{Height(1), Round(0), Round::nil(), a, 0, true});
  std::vector<std::pair<VoteType, std::size_t>> pushed;
  for (const VoteType type : {VoteType::prevote, VoteType::precommit})
    for (const ValidatorIndex v : {0U, 2U, 3U})
      for (const Effect& e : s.core.apply(test::vote(type, 1, 0, a, v))) {
        if (const auto* lock = std::get_if<NewLock>(&e))
          pushed.emplace_back(lock->certificate.type, lock->certificate.signatures.size());
        if (const auto* decide = std::get_if<Decide>(&e))
          pushed.emplace_back(decide->certificate.type, decide->certificate.signatures.size());
      }
  BOOST_REQUIRE_EQUAL(pushed.size(), 2U);
  BOOST_CHECK(pushed[0] == std::pair(VoteType::prevote, std::size_t{3}));
  BOOST_CHECK(pushed[1] == std::pair(VoteType::precommit, std::size_t{3}));
}

BOOST_AUTO_TEST_CASE(p17_a_later_value_of_an_equivocating_proposer_can_be_decided) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    prop 0 B -1 0  => propequiv 0 0 A B
    pv 0 B 0 2 3   => pc 0 B; lock 0 B       | 0 precommit lock=B@0 valid=B@0
    pc 0 B 0 2 3   => decide 0 B
  )");
}

BOOST_AUTO_TEST_CASE(p17_junk_proposals_cannot_crowd_out_the_one_with_a_quorum) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    prop 0 B -1 0  => propequiv 0 0 A B
    prop 0 C -1 0  => propequiv 0 0 A C
    prop 0 D -1 0  => propequiv 0 0 A D
    prop 0 E -1 0  => -                      # the fifth is dropped
    pc 0 E 0 2 3   => t precommit 0
    prop 0 E -1 0  => propequiv 0 0 A E; decide 0 E
  )");
}

BOOST_AUTO_TEST_CASE(p18_a_certificate_counts_whole_though_its_member_equivocates) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pc 0 B 3       => -
    pc 0 C 3       => equiv 3 pc 0 B C
    pc 0 D 3       => equiv 3 pc 0 B D
    pc 0 E 3       => equiv 3 pc 0 B E
    pc 0 A 3       => -                      # a fifth vote is not counted
    pc 2 nil 0 2   => enter 2; t propose 2
    pc 0 A 0 2     => -
    commit 0 A 0 2 3 => decide 0 A           | 2 commit
  )");
}

BOOST_AUTO_TEST_CASE(p18_every_distinct_vote_counts_for_its_own_value) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 B 3       => -
    pv 0 A 0 1     => t prevote 0            # three senders, two of them for A
    pv 0 A 3       => equiv 3 pv 0 B A; pc 0 A; lock 0 A
  )");
}

BOOST_AUTO_TEST_CASE(p18_a_malformed_certificate_does_nothing) {
  Script s(1);
  s.run(R"(
    start 1            => enter 0; t propose 0
    prop 0 A -1 0      => pv 0 A
    commit 0 A 0 2     => -                  # no quorum
    commit 0 A 0 2 2   => -                  # a member twice
    commit 0 A 2 0 3   => -                  # not in order
    commit 0 A 0 2 9   => -                  | 0 prevote
  )");
  BOOST_CHECK_EQUAL(s.core.dump().votes_held, 0U);
}

BOOST_AUTO_TEST_CASE(p19_nil_rounds_are_no_rounds) {
  Script(1).run(R"(
    start 1           => enter 0; t propose 0
    pv -1 A 0 2 3     => -
    pc -1 A 0 2 3     => -
    prop -1 A -1 0    => -
    polka -1 A 0 2 3  => -
    commit -5 A 0 2 3 => -
    t propose -1      => -
    pv 1000001 A 0 2  => -                   | 0 propose
    prop 0 A -7 0     => pv 0 A              # any nil is "no polka"
  )");
}

BOOST_AUTO_TEST_CASE(p20_a_restarted_height_is_not_voted_in_again) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    start 1        => enter 0; t propose 0
    prop 0 B -1 0  => -                      | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(p21_validity_is_never_taken_back) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    prop 0 !A -1 0 => -
    pv 0 A 0 2 3   => pc 0 A; lock 0 A
  )");
}

BOOST_AUTO_TEST_CASE(p24_far_future_rounds_cost_two_slots_each) {
  Script s(1, std::vector<std::uint64_t>(10, 1));  // quorum 7, honest 4
  s.run("start 1 => enter 0; t propose 0");
  const BlockId a = test::block('A');
  for (int round = 1; round <= 1000; ++round)
    for (const ValidatorIndex liar : {7U, 8U, 9U})
      for (const VoteType type : {VoteType::prevote, VoteType::precommit})
        BOOST_REQUIRE(s.core.apply(test::vote(type, 1, round + liar, a, liar)).empty());
  // Three liars: 16 rounds of the window at most, and two far rounds, of two votes.
  BOOST_CHECK_LE(s.core.dump().votes_held,
                 3U * 2U * (rounds_kept_future + far_slots_per_validator));
  BOOST_CHECK_EQUAL(s.core.state().round, Round(0));
  for (int round = 20; round <= 1020; ++round)
    BOOST_REQUIRE(s.core
                      .apply(ProposalComplete{Height(1), Round(round), Round::nil(), a,
                                              s.core.proposer(Round(round)), true})
                      .empty() ||
                  s.core.state().round.get() > 0);
  BOOST_CHECK_LE(s.core.dump().proposals.size(), 4U * (33U + 2U * 10U));
}

BOOST_AUTO_TEST_CASE(p24_a_correct_validator_among_far_ones_is_followed) {
  Script(1).run(R"(
    start 1            => enter 0; t propose 0
    pv 900 A 3         => -
    pv 500 A 3         => -
    pv 40 nil 0        => enter 40; t propose 40  | 40 propose
    pv 41 nil 0        => -
    pv 41 nil 2        => enter 41; t propose 41; get 41 | 41 propose
  )");
}

BOOST_AUTO_TEST_CASE(p24_far_votes_count_once_their_round_is_reached) {
  Script s(2);
  s.run(R"(
    start 1            => enter 0; t propose 0
    pv 100 nil 0       => -
    pv 100 nil 1       => enter 100; t propose 100 | 100 propose
    t propose 100      => pv 100 nil
    pv 100 nil 2       => pc 100 nil               | 100 precommit
  )");
  BOOST_CHECK_EQUAL(s.core.votes(Round(100)).size(), 3U);
}

BOOST_AUTO_TEST_CASE(p24_a_far_certificate_is_followed_at_once) {
  Script(1).run(R"(
    start 1              => enter 0; t propose 0
    polka 5000 A 0 2 3   => enter 5000; t propose 5000
    prop 5000 A -1 0     => pv 5000 A; pc 5000 A; lock 5000 A
    commit 700000 A 0 2 3 => enter 700000; t propose 700000; t precommit 700000
    prop 700000 A -1 0   => decide 700000 A
  )");
}

BOOST_AUTO_TEST_CASE(p24_quorums_survive_when_their_round_leaves_the_window) {
  Script(3).run(R"(
    start 1             => enter 0; t propose 0
    pv 0 A 0 1 2        => -
    pc 0 B 0 1 2        => t precommit 0
    pc 50 nil 0 1       => enter 50; t propose 50
    prop 50 A 0 2       => pv 50 A pol 0
    prop 0 B -1 0       => decide 0 B
  )");
}

BOOST_AUTO_TEST_CASE(p24_certificates_of_rounds_outside_the_window_are_bounded) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0");
  for (int round = 5000; round < 5100; ++round)
    (void)s.core.apply(CertificateReceived{
        test::certificate(VoteType::prevote, 1, round, test::block('A'), {0, 2, 3})});
  for (int round = 0; round < 100; ++round)
    (void)s.core.apply(CertificateReceived{
        test::certificate(VoteType::prevote, 1, round, test::block('A'), {0, 2, 3})});
  BOOST_CHECK_EQUAL(s.core.dump().proofs_held, proofs_max);
  s.run("prop 5099 A 5098 3 => pv 5099 A pol 5098; pc 5099 A; lock 5099 A");  // the latest stay
}

BOOST_AUTO_TEST_CASE(p25_a_proposal_by_another_validator_is_ignored) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 B -1 2  => -
    prop 0 A -1 0  => pv 0 A
    prop 0 B -1 3  => -
    prop 0 C -1 77 => -                      | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(p26_a_known_or_surplus_vote_is_not_verified_again) {
  Script s(1);
  s.run(R"(
    start 1        => enter 0; t propose 0
    pv 0 A 0       => -
  )");
  const auto wants = [&](ValidatorIndex v, char value) {
    return s.core.wants(test::vote(VoteType::prevote, 1, 0, test::block(value), v).vote);
  };
  BOOST_CHECK(!wants(0, 'A'));  // known
  BOOST_CHECK(wants(0, 'B'));   // evidence
  BOOST_CHECK(wants(1, 'A'));
  s.run("pv 0 A 2 3 => -");
  BOOST_CHECK(!wants(1, 'A'));  // the quorum stands without it
}

BOOST_AUTO_TEST_CASE(p27_a_decision_is_certified_by_the_votes_that_made_it) {
  Script s(1);
  s.run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pc 0 B 3       => -
    pc 0 A 0 2     => t precommit 0
  )");
  const auto effects = s.core.apply(test::vote(VoteType::precommit, 1, 0, test::block('A'), 3));
  const auto* decide = std::get_if<Decide>(&effects.back());
  BOOST_REQUIRE(decide != nullptr);
  std::vector<ValidatorIndex> members;
  for (const auto& signature : decide->certificate.signatures) {
    members.push_back(signature.validator);
    BOOST_CHECK(signature.signature == test::signature_of(signature.validator));
  }
  BOOST_CHECK((members == std::vector<ValidatorIndex>{0, 2, 3}));
}

BOOST_AUTO_TEST_CASE(p29_a_timer_of_another_generation_is_stale) {
  Script(1).run(R"(
    start 1           => enter 0; t propose 0
    t propose 0 stale => -                   | 0 propose
    start 1           => enter 0; t propose 0
    t propose 0       => pv 0 nil
    t propose 0       => -                   # fired already
  )");
}

BOOST_AUTO_TEST_CASE(p30_whatever_comes_last_enables_the_rule) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    pc 1 nil 0 1     => enter 1; t propose 1
    prop 1 A 0 1     => -
    pv 0 A 0 1       => -
    pv 0 A 2         => pv 1 A pol 0         # the last prevote of the polka
  )");
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    pc 1 nil 0 1     => enter 1; t propose 1
    pv 0 A 0 1 2     => -
    prop 1 A 0 1     => pv 1 A pol 0         # the proposal
  )");
}

BOOST_AUTO_TEST_CASE(p31_a_polka_for_an_unknown_block_waits_for_the_block) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    t propose 0    => pv 0 nil
    pv 0 A 0 2 3   => t prevote 0            | 0 prevote
    prop 0 A -1 0  => pc 0 A; lock 0 A       | 0 precommit lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(p33_a_third_or_one_certificate_of_a_higher_round_is_followed) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    pv 5 nil 0       => -
    pc 5 nil 2       => enter 5; t propose 5; get 5   # two of four, a prevote and a precommit
    polka 9 A 0 2 3  => enter 9; t propose 9; get 9
  )");
}

BOOST_AUTO_TEST_CASE(p34_indices_outside_the_set_are_ignored_everywhere) {
  Script s(1);
  s.run(R"(
    start 1            => enter 0; t propose 0
    pv 0 A 4 4000000   => -
    pv 900 A 4 5 6     => -
    polka 0 A 0 1 4    => -
  )");
  BOOST_CHECK(!s.core.wants(test::vote(VoteType::prevote, 1, 0, test::block('A'), 4).vote));
  BOOST_CHECK(!s.core.wants(test::vote(VoteType::prevote, 1, 900, test::block('A'), 4).vote));
}

BOOST_AUTO_TEST_CASE(p57_timeouts_pass_any_delay_below_the_cap) {
  const TimeoutParams tiny{.propose = Duration::from_ms(1),
                           .propose_delta = Duration::from_ms(1),
                           .vote = Duration::from_ms(1),
                           .vote_delta = Duration::from_ms(1),
                           .max = Duration::from_ms(500)};
  for (const Step step : {Step::propose, Step::prevote, Step::precommit}) {
    for (int r = 1; r < 400; ++r)
      BOOST_REQUIRE(timeout_duration(tiny, step, Round(r)) >
                    timeout_duration(tiny, step, Round(r - 1)));
    BOOST_CHECK(timeout_duration(tiny, step, Round(round_max)) == tiny.max);
  }
}

BOOST_AUTO_TEST_CASE(p58_a_synced_decision_ends_the_height_in_any_step) {
  const std::string after = R"(
    commit 0 B 0 2 3 => t precommit 0
    prop 0 B -1 0    => decide 0 B
    pv 0 A 0 2 3     => -
    t propose 0      => -                    | 0 commit
  )";
  for (const std::string before :
       {"start 1 => enter 0; t propose 0\n",
        "start 1 => enter 0; t propose 0\n t propose 0 => pv 0 nil\n",
        "start 1 => enter 0; t propose 0\n t propose 0 => pv 0 nil\n pv 0 nil 0 2 3 => pc 0 nil\n"})
    Script(1).run(before + after);
}

BOOST_AUTO_TEST_SUITE_END()
