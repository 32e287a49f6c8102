// What makes rounds short: failed rounds, untimely proposals, certificates that take a laggard
// along, and timeouts that follow measured delays.
#include "actors/consensus/core/adaptive_timeouts.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/consensus_core/script.hpp"

using namespace witan;
using namespace witan::consensus;
using witan::consensus::test::Script;

namespace {

Instant at(std::int64_t ms) { return Instant{} + Duration::from_ms(ms); }

// One height of a healthy network: proposal, polka and decision after these times.
void height(AdaptiveTimeouts& t, std::int64_t propose, std::int64_t prevote,
            std::int64_t precommit) {
  t.height_started();
  t.round_entered(Round(0), at(1000));
  t.step_entered(Step::propose, at(1000));
  t.proposal_complete(Round(0), at(1000 + propose));
  t.step_entered(Step::prevote, at(1000 + propose));
  t.step_entered(Step::precommit, at(1000 + propose + prevote));
  t.polka();
  t.step_entered(Step::commit, at(1000 + propose + prevote + precommit));
  t.decided();
}

const TimeoutParams configured = TimeoutParams::from(GenesisParams{});

}  // namespace

BOOST_AUTO_TEST_SUITE(consensus_liveness)

// ---- failed rounds

BOOST_AUTO_TEST_CASE(a_round_whose_proposer_is_dead_is_not_waited_out) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    t propose 0      => pv 0 nil
    pv 0 nil 1 2 3   => pc 0 nil
    pc 0 nil 1 2     => -
    pc 0 nil 3       => t precommit 0; failed 0
    t precommit 0    => enter 1; t propose 1; get 1
  )");
}

BOOST_AUTO_TEST_CASE(a_round_fails_late_when_its_last_nil_comes_late) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    t propose 0      => pv 0 nil
    pv 0 nil 1 2 3   => pc 0 nil
    pc 0 A 0         => -
    pc 0 nil 1 2     => t precommit 0
    pc 0 nil 3       => failed 0
    pc 0 nil 0       => equiv 0 pc 0 A nil
  )");
}

// Every prevote was nil, but the precommits that came do not exclude a decision.
BOOST_AUTO_TEST_CASE(a_round_that_may_still_decide_is_waited_out) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    t propose 0      => pv 0 nil
    pv 0 nil 1 2 3   => pc 0 nil
    pc 0 A 0         => -
    pc 0 nil 1 2     => t precommit 0
  )");
}

// Somebody may have locked: its polka needs the time of the timeout to get around.
BOOST_AUTO_TEST_CASE(a_round_that_may_hide_a_lock_is_waited_out) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    t propose 0      => pv 0 nil
    pv 0 A 0         => -
    pv 0 nil 1 2     => t prevote 0
    t prevote 0      => pc 0 nil
    pc 0 nil 1 2 3   => t precommit 0
  )");
}

// An invalid proposal is answered at once; without a wait, rounds would spin at network speed.
BOOST_AUTO_TEST_CASE(a_round_without_a_propose_timeout_is_waited_out) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    prop 0 !A -1 0   => pv 0 nil
    pv 0 nil 1 2 3   => pc 0 nil
    pc 0 nil 1 2 3   => t precommit 0
  )");
}

BOOST_AUTO_TEST_CASE(a_failed_round_is_said_after_a_replay) {
  Script(1).run(R"(
    own pv 0 nil     => -
    own pc 0 nil     => -
    replay on        => -
    start 1          => -
    t propose 0      => -
    pv 0 nil 1 2 3   => -
    pc 0 nil 1 2 3   => -
    replay off       => enter 0; t precommit 0; failed 0
  )");
}

// ---- proposer-based time

BOOST_AUTO_TEST_CASE(p39_an_untimely_fresh_proposal_is_prevoted_nil) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    prop 0 ~A -1 0   => pv 0 nil             | 0 prevote
  )");
}

// The clock of one validator decides no more than its own first prevote.
BOOST_AUTO_TEST_CASE(p39_an_untimely_value_with_a_polka_is_locked_and_decided) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    prop 0 ~A -1 0   => pv 0 nil
    pv 0 A 0 2 3     => pc 0 A; lock 0 A     | 0 precommit lock=A@0 valid=A@0
    pc 0 A 0 2 3     => decide 0 A
  )");
}

BOOST_AUTO_TEST_CASE(p39_an_untimely_value_is_prevoted_when_it_comes_with_its_polka) {
  Script(3).run(R"(
    start 1          => enter 0; t propose 0
    polka 0 A 0 1 2  => -
    pc 1 nil 0 1     => enter 1; t propose 1
    prop 1 ~A 0 1    => pv 1 A pol 0
  )");
}

BOOST_AUTO_TEST_CASE(p39_a_proposal_does_not_become_timely_by_coming_again) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    pc 1 nil 0 2     => enter 1; t propose 1; get 1
    pc 2 nil 0 2     => enter 2; t propose 2
    prop 3 ~A -1 3   => -
    prop 3 A -1 3    => -
    pc 3 nil 0 2     => enter 3; t propose 3; pv 3 nil
  )");
}

// ---- round certificates

BOOST_AUTO_TEST_CASE(a_round_entered_by_a_timeout_is_certified_by_precommits) {
  Script s(1);
  s.run(R"(
    start 1          => enter 0; t propose 0
    t propose 0      => pv 0 nil
    pc 0 nil 0 2 3   => t precommit 0
  )");
  BOOST_CHECK(!s.core.round_certificate());  // nothing entitles to round 0
  s.run("t precommit 0 => enter 1; t propose 1; get 1");
  const auto c = s.core.round_certificate();
  BOOST_REQUIRE(c.has_value());
  BOOST_CHECK(c->kind == RoundCertificate::Kind::precommit);
  BOOST_CHECK_EQUAL(c->round, Round(0));
  BOOST_CHECK_EQUAL(c->votes.size(), 3U);

  // Vote by vote it takes a laggard to round 0's end; the first vote of round 1 takes it further.
  Script laggard(3);
  laggard.run("start 1 => enter 0; t propose 0");
  std::size_t effects = 0;
  for (const SignedVote& v : c->votes)
    effects += laggard.core.apply(VoteReceived{v.vote, v.signature}).size();
  BOOST_CHECK_EQUAL(effects, 1U);  // its precommit timer runs
}

BOOST_AUTO_TEST_CASE(a_round_skipped_to_is_certified_by_one_third) {
  Script s(1);
  s.run(R"(
    start 1          => enter 0; t propose 0
    pv 7 A 0         => -
    pc 7 A 0         => -
    pc 7 nil 2       => enter 7; t propose 7
  )");
  const auto c = s.core.round_certificate();
  BOOST_REQUIRE(c.has_value());
  BOOST_CHECK(c->kind == RoundCertificate::Kind::skip);
  BOOST_CHECK_EQUAL(c->votes.size(), 2U);  // one vote of each
  Script laggard(3);
  laggard.run("start 1 => enter 0; t propose 0");
  for (const SignedVote& v : c->votes) (void)laggard.core.apply(VoteReceived{v.vote, v.signature});
  BOOST_CHECK_EQUAL(laggard.core.state().round, Round(7));
}

BOOST_AUTO_TEST_CASE(a_round_entered_by_a_certificate_has_no_round_certificate) {
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n polka 40 A 0 2 3 => enter 40; t propose 40");
  BOOST_REQUIRE(s.core.round_certificate().has_value());  // its members voted in round 40
  Script far(1);
  far.run(
      "start 1 => enter 0; t propose 0\n pv 900 A 0 => -\n pv 500 A 2 => enter 500; t propose 500");
  BOOST_CHECK(!far.core.round_certificate());  // one vote of round 500, one of a later one
}

// ---- a polka that others lack

BOOST_AUTO_TEST_CASE(a_polka_is_missed_when_somebody_precommits_something_else) {
  Script s(1);
  s.run(R"(
    start 1          => enter 0; t propose 0
    prop 0 A -1 0    => pv 0 A
    pv 0 A 0 2 3     => pc 0 A; lock 0 A
    pc 0 A 0 1       => -
  )");
  BOOST_CHECK(!s.core.polka_is_missed());
  s.run("pc 0 nil 2 => t precommit 0");
  BOOST_CHECK(s.core.polka_is_missed());
  s.run("t precommit 0 => enter 1; prop 1 A 0");
  BOOST_CHECK(!s.core.polka_is_missed());  // of the current round only
}

// Who precommitted nil and sees the polka afterwards did lack it: others may as well.
BOOST_AUTO_TEST_CASE(a_polka_that_came_late_is_missed) {
  Script s(1);
  s.run(R"(
    start 1          => enter 0; t propose 0
    prop 0 A -1 0    => pv 0 A
    pv 0 nil 0 2 3   => pc 0 nil
    pc 0 nil 1       => -
  )");
  BOOST_CHECK(!s.core.polka_is_missed());
  s.run("polka 0 A 0 2 3 => equiv 0 pv 0 nil A; equiv 2 pv 0 nil A; equiv 3 pv 0 nil A");
  BOOST_CHECK(s.core.polka_is_missed());
}

// ---- timeouts

BOOST_AUTO_TEST_CASE(bases_are_as_configured_until_enough_is_measured) {
  AdaptiveTimeouts t(configured, true);
  for (std::size_t i = 0; i + 1 < delay_samples_min; ++i) height(t, 20, 15, 10);
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 3000);
  BOOST_CHECK_EQUAL(t.timeout(Step::prevote, Round(0)).ms(), 1000);
  BOOST_CHECK_EQUAL(t.rebroadcast(0).ms(), 500);
  height(t, 20, 15, 10);
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 160);
  BOOST_CHECK_EQUAL(t.timeout(Step::prevote, Round(0)).ms(), 60);
  BOOST_CHECK_EQUAL(t.timeout(Step::precommit, Round(0)).ms(), 60);  // the slower of the two
  BOOST_CHECK_EQUAL(t.rebroadcast(0).ms(), 120);
}

BOOST_AUTO_TEST_CASE(later_rounds_use_the_configured_bases) {
  AdaptiveTimeouts t(configured, true);
  for (int i = 0; i < 100; ++i) height(t, 5, 5, 5);
  for (const int round : {1, 2, 9})
    for (const Step step : {Step::propose, Step::prevote, Step::precommit})
      BOOST_CHECK(t.timeout(step, Round(round)) ==
                  timeout_duration(configured, step, Round(round)));
}

BOOST_AUTO_TEST_CASE(bases_stay_between_the_floor_and_what_is_configured) {
  AdaptiveTimeouts fast(configured, true);
  for (int i = 0; i < 100; ++i) height(fast, 0, 0, 0);
  BOOST_CHECK(fast.timeout(Step::propose, Round(0)) == adaptive_floor);
  BOOST_CHECK(fast.timeout(Step::precommit, Round(0)) == adaptive_floor);
  BOOST_CHECK(fast.rebroadcast(0) == rebroadcast_floor);
  AdaptiveTimeouts slow(configured, true);
  for (int i = 0; i < 100; ++i) height(slow, 2000, 900, 5);
  BOOST_CHECK_EQUAL(slow.timeout(Step::propose, Round(0)).ms(), 3000);
  BOOST_CHECK_EQUAL(slow.timeout(Step::prevote, Round(0)).ms(), 1000);
  TimeoutParams tiny = configured;
  tiny.propose = tiny.vote = Duration::from_ms(10);  // below the floor: as configured
  AdaptiveTimeouts test_chain(tiny, true);
  for (int i = 0; i < 100; ++i) height(test_chain, 1, 1, 1);
  BOOST_CHECK_EQUAL(test_chain.timeout(Step::propose, Round(0)).ms(), 10);
}

BOOST_AUTO_TEST_CASE(one_slow_height_in_a_hundred_changes_nothing_and_two_do) {
  AdaptiveTimeouts t(configured, true);
  for (int i = 0; i < 99; ++i) height(t, 20, 20, 20);
  height(t, 300, 20, 20);
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 160);
  height(t, 300, 20, 20);
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 2400);
  for (int i = 0; i < 100; ++i) height(t, 20, 20, 20);  // forgotten after a hundred
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 160);
}

// A base that became too short would never be corrected if only punctual proposals were measured.
BOOST_AUTO_TEST_CASE(late_proposals_and_those_of_later_rounds_are_measured) {
  AdaptiveTimeouts t(configured, true);
  for (int i = 0; i < 98; ++i) height(t, 5, 5, 5);
  t.height_started();
  t.round_entered(Round(0), at(0));
  t.step_entered(Step::propose, at(0));
  t.step_entered(Step::prevote, at(50));  // timed out
  t.round_entered(Round(1), at(100));
  t.proposal_complete(Round(0), at(200));
  t.proposal_complete(Round(0), at(900));  // once a round
  t.proposal_complete(Round(1), at(250));
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 8 * 150);
}

BOOST_AUTO_TEST_CASE(a_dead_proposer_leaves_no_trace_in_the_bases) {
  AdaptiveTimeouts t(configured, true);
  for (int i = 0; i < 100; ++i) {
    height(t, 20, 20, 20);
    t.height_started();
    t.round_entered(Round(0), at(0));
    t.step_entered(Step::prevote, at(3000));
    t.step_entered(Step::precommit, at(3020));
    t.round_entered(Round(1), at(3040));
    t.step_entered(Step::propose, at(3040));
  }
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 160);
  BOOST_CHECK_EQUAL(t.timeout(Step::precommit, Round(0)).ms(), 80);
}

BOOST_AUTO_TEST_CASE(without_adaptation_the_configured_timeouts_stand) {
  AdaptiveTimeouts t(configured, false);
  for (int i = 0; i < 100; ++i) height(t, 5, 5, 5);
  BOOST_CHECK_EQUAL(t.timeout(Step::propose, Round(0)).ms(), 3000);
  BOOST_CHECK_EQUAL(t.timeout(Step::precommit, Round(0)).ms(), 1000);
}

BOOST_AUTO_TEST_CASE(rebroadcasts_become_rarer_up_to_once_a_second) {
  AdaptiveTimeouts t(configured, true);
  for (int i = 0; i < 100; ++i) height(t, 20, 20, 20);
  BOOST_CHECK_EQUAL(t.rebroadcast(0).ms(), 160);
  BOOST_CHECK_EQUAL(t.rebroadcast(1).ms(), 320);
  BOOST_CHECK_EQUAL(t.rebroadcast(2).ms(), 640);
  BOOST_CHECK_EQUAL(t.rebroadcast(3).ms(), 1000);
  BOOST_CHECK_EQUAL(t.rebroadcast(4'000'000'000U).ms(), 1000);
}

// Loss makes heights slow; what repairs it must not become slow with them.
BOOST_AUTO_TEST_CASE(slow_heights_do_not_make_rebroadcasts_rare) {
  AdaptiveTimeouts t(configured, true);
  for (int i = 0; i < 100; ++i) height(t, 20, i < 40 ? 3000 : 20, 20);
  BOOST_CHECK_EQUAL(t.rebroadcast(0).ms(), 160);
  for (int i = 0; i < 100; ++i) height(t, 20, 3000, 3000);
  BOOST_CHECK_EQUAL(t.rebroadcast(0).ms(), 500);
}

BOOST_AUTO_TEST_SUITE_END()
