// Every rule of the specification (consensus.md 2.2), by number, as step tables.
#include "tests/support/boost_test.hpp"
#include "tests/unit/consensus_core/script.hpp"

using namespace witan;
using namespace witan::consensus;
using witan::consensus::test::Script;

BOOST_AUTO_TEST_SUITE(consensus_rules)

BOOST_AUTO_TEST_CASE(r01_new_round_as_proposer_asks_for_a_value) {
  Script(0).run("start 1 => enter 0; t propose 0; get 0 | 0 propose");
}

BOOST_AUTO_TEST_CASE(r01_new_round_as_follower_waits_for_the_proposal) {
  Script(1).run("start 1 => enter 0; t propose 0 | 0 propose");
}

BOOST_AUTO_TEST_CASE(r01_new_round_as_proposer_proposes_the_valid_value) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A                     | 0 prevote
    pv 0 A 0 1 2   => pc 0 A; lock 0 A           | 0 precommit lock=A@0 valid=A@0
    pc 0 nil 0 2 3 => t precommit 0
    t precommit 0  => enter 1; prop 1 A 0        | 1 propose lock=A@0 valid=A@0
    prop 1 A 0 1   => pv 1 A pol 0               | 1 prevote lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r02_the_value_is_proposed_once) {
  Script(0).run(R"(
    start 1     => enter 0; t propose 0; get 0
    value 1 A   => -               | 0 propose    # another round
    value 0 A   => prop 0 A -1     | 0 propose
    value 0 B   => -               | 0 propose
  )");
}

BOOST_AUTO_TEST_CASE(r02_a_late_value_is_not_proposed) {
  Script(0).run(R"(
    start 1     => enter 0; t propose 0; get 0
    t propose 0 => pv 0 nil        | 0 prevote
    value 0 A   => -               | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r03_a_fresh_valid_proposal_is_prevoted) {
  Script(1).run(R"(
    start 1       => enter 0; t propose 0
    prop 0 A -1 0 => pv 0 A        | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r03_a_lock_on_another_value_prevotes_nil) {
  Script(3).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 A 0 1 2   => pc 0 A; lock 0 A
    pc 0 nil 0 1 2 => t precommit 0
    t precommit 0  => enter 1; t propose 1
    prop 1 B -1 1  => pv 1 nil     | 1 prevote lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r03_a_lock_on_the_same_value_prevotes_it) {
  Script(3).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 A 0 1 2   => pc 0 A; lock 0 A
    pc 0 nil 0 1 2 => t precommit 0
    t precommit 0  => enter 1; t propose 1
    prop 1 A -1 1  => pv 1 A pol 0 | 1 prevote lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r04_an_invalid_proposal_prevotes_nil) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 !A -1 0 => pv 0 nil     | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r05_a_newer_polka_overrides_the_lock) {
  Script(3).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 A 0 1 2   => pc 0 A; lock 0 A
    pc 1 nil 0 1   => enter 1; t propose 1
    pv 1 B 0 1 2   => -                    | 1 propose lock=A@0 valid=A@0
    pc 2 nil 0 1   => enter 2; t propose 2
    prop 2 B 1 2   => pv 2 B pol 1         | 2 prevote lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r05_an_older_polka_does_not_override_the_lock) {
  Script(0).run(R"(
    start 1         => enter 0; t propose 0; get 0
    pv 0 B 1 2 3    => -
    pc 1 nil 1 2    => enter 1; t propose 1
    prop 1 A -1 1   => pv 1 A
    pv 1 A 1 2 3    => pc 1 A; lock 1 A
    pc 2 nil 1 2    => enter 2; t propose 2
    prop 2 B 0 2    => pv 2 nil            | 2 prevote lock=A@1 valid=A@1
  )");
}

BOOST_AUTO_TEST_CASE(r05_waits_for_the_polka_and_takes_it_from_a_certificate) {
  Script(3).run(R"(
    start 1        => enter 0; t propose 0
    pc 1 nil 0 1   => enter 1; t propose 1
    prop 1 A 0 1   => -                    | 1 propose
    polka 0 A 0 1 2 => pv 1 A pol 0        | 1 prevote
  )");
}

// Who unlocked by a newer polka says so in every later prevote of that block, also when the
// proposal does not: else its old precommit would make the prevote amnesia.
BOOST_AUTO_TEST_CASE(amnesia_is_not_a_relock_followed_by_a_fresh_proposal) {
  Script s(3);
  s.run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 A 0 1 2   => pc 0 A; lock 0 A
    pc 1 nil 0 1   => enter 1; t propose 1
    prop 1 B -1 1  => pv 1 nil
    pv 1 B 0 1 2   => pc 1 B; lock 1 B     | 1 precommit lock=B@1 valid=B@1
    pc 2 nil 0 1   => enter 2; t propose 2
    prop 2 B -1 2  => pv 2 B pol 1         | 2 prevote lock=B@1 valid=B@1
  )");
  const Vote precommit{VoteType::precommit, Height(1), Round(0), test::block('A'), Round(), 3};
  Vote prevote{VoteType::prevote, Height(1), Round(2), test::block('B'), Round(1), 3};
  BOOST_CHECK(!is_amnesia(precommit, prevote));
  prevote.pol_round = Round();  // what the proposal alone would have said
  BOOST_CHECK(is_amnesia(precommit, prevote));
}

BOOST_AUTO_TEST_CASE(amnesia_of_others_is_found_in_either_order) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    pc 0 A 3       => -
    pv 1 A 3       => -
    pv 2 B 3       => amnesia 3 0 A 2 B
  )");
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    pv 2 B 3       => -
    pc 0 A 3       => amnesia 3 0 A 2 B
    pc 1 nil 3     => -
  )");
}

BOOST_AUTO_TEST_CASE(amnesia_needs_a_polka_older_than_the_precommit) {
  for (const std::int32_t pol : {-1, 0, 1, 2}) {
    Script s(1);
    s.run("start 1 => enter 0; t propose 0");
    const auto add = [&](VoteType type, int round, char block, Round pol_round) {
      const Vote vote{type, Height(1), Round(round), test::block(block), pol_round, 3};
      BOOST_CHECK(s.core.wants(vote));
      return s.core.apply(VoteReceived{vote, test::signature_of(3)});
    };
    (void)add(VoteType::precommit, 1, 'A', Round());
    const auto effects = add(VoteType::prevote, 3, 'B', Round(pol));
    const bool found = std::any_of(effects.begin(), effects.end(), [](const Effect& e) {
      return std::holds_alternative<AmnesiaFound>(e);
    });
    BOOST_CHECK_EQUAL(found, pol < 1);
  }
}

BOOST_AUTO_TEST_CASE(r06_an_invalid_value_with_a_polka_prevotes_nil) {
  Script(3).run(R"(
    start 1        => enter 0; t propose 0
    pc 1 nil 0 1   => enter 1; t propose 1
    pv 0 A 0 1 2   => -
    prop 1 !A 0 1  => pv 1 nil             | 1 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r07_the_propose_timeout_prevotes_nil) {
  Script(1).run(R"(
    start 1       => enter 0; t propose 0
    t propose 0   => pv 0 nil              | 0 prevote
    t propose 0   => -
    prop 0 A -1 0 => -                     | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r08_any_prevotes_start_the_timer_once) {
  Script(1).run(R"(
    start 1       => enter 0; t propose 0
    prop 0 A -1 0 => pv 0 A
    pv 0 A 0 1    => -
    pv 0 nil 2    => t prevote 0           | 0 prevote
    pv 0 B 3      => -                     | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r08_waits_for_the_prevote_step) {
  Script(1).run(R"(
    start 1       => enter 0; t propose 0
    pv 0 nil 0    => -
    pv 0 B 2 3    => -                     | 0 propose
    prop 0 A -1 0 => pv 0 A; t prevote 0   | 0 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r09_nil_prevotes_precommit_nil) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    t propose 0    => pv 0 nil
    pv 0 nil 0 2 3 => pc 0 nil             | 0 precommit
  )");
}

BOOST_AUTO_TEST_CASE(r10_the_prevote_timeout_precommits_nil) {
  Script(1).run(R"(
    start 1       => enter 0; t propose 0
    prop 0 A -1 0 => pv 0 A
    pv 0 A 0 1    => -
    pv 0 nil 2    => t prevote 0
    t prevote 0   => pc 0 nil              | 0 precommit
  )");
}

BOOST_AUTO_TEST_CASE(r11_a_polka_locks_and_precommits) {
  Script(1).run(R"(
    start 1       => enter 0; t propose 0
    prop 0 A -1 0 => pv 0 A
    pv 0 A 0 1 3  => pc 0 A; lock 0 A      | 0 precommit lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r11_counts_power_not_heads) {
  Script(1, {1, 1, 1, 7}).run(R"(
    start 1       => enter 0; t propose 0
    prop 0 A -1 0 => pv 0 A
    pv 0 A 0 1 2  => -
    pv 0 A 3      => pc 0 A; lock 0 A      | 0 precommit lock=A@0 valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r12_a_late_polka_updates_valid_without_lock_or_vote) {
  Script(3).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pv 0 nil 1 2   => -
    pv 0 A 3       => t prevote 0
    t prevote 0    => pc 0 nil             | 0 precommit
    polka 0 A 0 1 3 => equiv 1 pv 0 nil A  | 0 precommit valid=A@0
    pc 0 nil 0 1 3 => t precommit 0
    t precommit 0  => enter 1; t propose 1 | 1 propose valid=A@0
  )");
}

BOOST_AUTO_TEST_CASE(r13_any_precommits_start_the_timer_once_in_any_step) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    pc 0 nil 0 2   => -
    pc 0 A 3       => t precommit 0        | 0 propose
    pc 0 nil 1     => -
  )");
}

BOOST_AUTO_TEST_CASE(r14_the_precommit_timeout_starts_the_next_round) {
  Script(2).run(R"(
    start 1        => enter 0; t propose 0
    pc 0 nil 0 1 3 => t precommit 0
    t precommit 0  => enter 1; t propose 1 | 1 propose
  )");
}

BOOST_AUTO_TEST_CASE(r15_messages_of_a_third_skip_to_their_round) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    pv 3 A 0       => -
    pc 3 A 0       => -                    # the same sender counts once
    pv 2 A 2       => -                    # another round
    pc 3 nil 2     => enter 3; t propose 3 | 3 propose
  )");
}

BOOST_AUTO_TEST_CASE(r15_a_proposal_counts_as_its_senders_message) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 2 A -1 2  => -
    pv 2 A 0       => enter 2; t propose 2; pv 2 A | 2 prevote
  )");
}

BOOST_AUTO_TEST_CASE(r16_decides_in_the_current_round) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pc 0 A 0 2     => -
    pc 0 A 3       => decide 0 A           | 0 commit
  )");
}

BOOST_AUTO_TEST_CASE(r16_decides_in_a_past_round) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pc 2 nil 0 2   => enter 2; t propose 2
    pc 0 A 0 2 3   => decide 0 A           | 2 commit
  )");
}

BOOST_AUTO_TEST_CASE(r16_decides_when_the_proposal_comes_last) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    pc 3 A 0 2     => enter 3; t propose 3
    pc 3 A 3       => t precommit 3
    pc 4 nil 0 2   => enter 4; t propose 4
    prop 3 A -1 3  => decide 3 A           | 4 commit
  )");
}

BOOST_AUTO_TEST_CASE(r16_decides_in_a_future_round_from_a_certificate) {
  Script(1).run(R"(
    start 1          => enter 0; t propose 0
    prop 2 A -1 2    => -
    commit 2 A 0 2 3 => decide 2 A         | 0 commit
  )");
}

BOOST_AUTO_TEST_CASE(r16_an_invalid_proposal_is_never_decided_until_it_is_valid) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 !A -1 0 => pv 0 nil
    pc 0 A 0 2 3   => t precommit 0        | 0 prevote
    prop 0 A -1 0  => decide 0 A           | 0 commit
  )");
}

BOOST_AUTO_TEST_CASE(r17_after_the_decision_everything_is_ignored) {
  Script(1).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => pv 0 A
    pc 0 A 0 2 3   => decide 0 A
    pv 0 A 0 1 2   => -
    pv 0 B 0       => -
    commit 0 A 0 2 3 => -
    pc 9 nil 0 2 3 => -
    t propose 0    => -                    | 0 commit
    start 2        => enter 0; t propose 0 | 0 propose
  )");
}

BOOST_AUTO_TEST_CASE(r18_what_fits_no_rule_changes_nothing) {
  Script s(1);
  s.run(R"(
    pv 0 A 0 1 2      => -                    # before the first height
    t propose 0       => -
    start 5           => enter 0; t propose 0
    t prevote 0       => -                    # another step
    t propose 1       => -                    # another round
    @4 prop 0 A -1 0  => -
    @6 pv 0 A 0 2 3   => -
    @6 pc 1 A 0 2 3   => -
    @6 commit 0 A 0 2 3 => -
    @4 t propose 0    => -
    prop 0 A -1 3     => -                    # not the proposer
    pv 0 A 4 400      => -                    # not validators
    prop 0 A 0 0      => -                    # a polka round that is not earlier
    value 0 A         => -                    | 0 propose
  )");
  BOOST_CHECK_EQUAL(s.core.dump().votes_held, 0U);
}

BOOST_AUTO_TEST_CASE(a_follower_without_a_key_decides_and_says_nothing) {
  Script(std::nullopt).run(R"(
    start 1        => enter 0; t propose 0
    prop 0 A -1 0  => -                    | 0 prevote
    pv 0 A 0 1 2   => lock 0 A             | 0 precommit lock=A@0 valid=A@0
    pc 0 A 0 1 2   => decide 0 A
  )");
}

BOOST_AUTO_TEST_CASE(the_decision_carries_a_certificate_of_the_votes_held) {
  using namespace witan;
  using namespace witan::consensus;
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n pc 0 A 3 0 2 => t precommit 0");
  const auto effects =
      s.core.apply(ProposalComplete{Height(1), Round(0), Round::nil(), test::block('A'), 0, true});
  const auto* d = std::get_if<Decide>(&effects.back());
  BOOST_REQUIRE(d != nullptr);
  BOOST_CHECK(d->certificate ==
              test::certificate(VoteType::precommit, 1, 0, test::block('A'), {0, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_sign_request_carries_lock_and_valid_value) {
  using namespace witan;
  using namespace witan::consensus;
  Script s(1);
  s.run("start 1 => enter 0; t propose 0\n prop 0 A -1 0 => pv 0 A\n pv 0 A 0 3 => -");
  const auto effects = s.core.apply(test::vote(VoteType::prevote, 1, 0, test::block('A'), 1));
  BOOST_REQUIRE(!effects.empty());
  const auto* v = std::get_if<SignVote>(&effects.front());
  BOOST_REQUIRE(v != nullptr);
  BOOST_CHECK((v->locked == RoundValue{Round(0), test::block('A')}));
  BOOST_CHECK(v->valid == v->locked);
}

BOOST_AUTO_TEST_SUITE_END()
