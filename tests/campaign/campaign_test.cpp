// The campaign in small, and proof that it would notice: its checkers are shown breaches, its
// shrinker failing scenarios, its accountability forks.
#include "tests/campaign/campaign.hpp"

#include <sstream>

#include "tests/support/boost_test.hpp"

using namespace witan;
using namespace witan::campaign;

namespace {

ValidatorSetPtr four() {
  std::vector<Validator> validators(4);
  for (std::size_t i = 0; i < 4; ++i) {
    validators[i].key.data[0] = static_cast<std::uint8_t>(i);
    validators[i].power = 1;
  }
  return std::make_shared<const ValidatorSet>(ValidatorSet::make(std::move(validators)).value());
}

Scenario one_liar() {
  Scenario s;
  s.powers = {1, 1, 1, 1};
  s.liars = {{3, Lie::silent}};
  return s;
}

SignedVote vote(VoteType type, int round, const ValueId& value, ValidatorIndex v, int pol = -1) {
  return Key(v).sign(Vote{type, Height(1), Round(round), value, Round(pol), v});
}

BlockId block(std::uint32_t number) { return block_of({Height(1), 0, number, true}); }

Certificate commit(int round, const BlockId& value, const std::vector<ValidatorIndex>& members) {
  Certificate c{VoteType::precommit, Height(1), Round(round), value, {}};
  for (const ValidatorIndex v : members)
    c.signatures.push_back({v, Round::nil(), vote(VoteType::precommit, round, value, v).signature});
  return c;
}

consensus::Decide decide(int round, const BlockId& value, const std::vector<ValidatorIndex>& who) {
  return {Height(1), Round(round), value, commit(round, value, who)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(campaign_of_the_core)

BOOST_AUTO_TEST_CASE(three_hundred_seeds_hold_every_invariant) {
  const Summary summary = run_all(0, 300, 2, [](std::size_t) {});
  for (const Failure& f : summary.failures)
    BOOST_ERROR("seed " << f.scenario.seed << ": " << f.violation << " [" << describe(f.scenario)
                        << "]");
  BOOST_CHECK_EQUAL(summary.all.runs, 300U);
  BOOST_CHECK_GT(summary.all.decisions, 3000U);
  BOOST_CHECK_GT(summary.all.equivocations, 100U);
  BOOST_CHECK_GT(summary.all.disagreed, 0U);  // f+1 liars do fork the chain, and were all named
  BOOST_CHECK_GE(summary.by_lie.size(), lies_count);
  BOOST_CHECK_EQUAL(summary.by_size.count("n=10"), 1U);
  BOOST_TEST_MESSAGE(to_text(summary));
}

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_events_to_the_byte) {
  for (const std::uint64_t seed : {1U, 2U, 6U, 20U}) {
    std::ostringstream first;
    std::ostringstream second;
    const Outcome a = run(scenario_of(seed), &first);
    const Outcome b = run(scenario_of(seed), &second);
    BOOST_CHECK_GT(first.str().size(), 10'000U);
    BOOST_CHECK(first.str() == second.str());
    BOOST_CHECK_EQUAL(a.log_hash, b.log_hash);
    BOOST_CHECK_EQUAL(a.log_hash, run(scenario_of(seed)).log_hash);
  }
  BOOST_CHECK_EQUAL(run_all(10, 8, 1, [](std::size_t) {}).log_hash,
                    run_all(10, 8, 4, [](std::size_t) {}).log_hash);
}

BOOST_AUTO_TEST_CASE(liars_stay_below_a_third_unless_it_is_over) {
  std::set<std::string> lies;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Scenario s = scenario_of(seed);
    BOOST_REQUIRE(!s.liars.empty());
    BOOST_CHECK_EQUAL(3 * s.power_of_liars() >= s.power_total(), s.over);
    BOOST_CHECK_LT(3 * s.power_of_liars(), 2 * s.power_total() + 30);
    for (const Liar& l : s.liars) lies.emplace(name_of(l.lie));
  }
  BOOST_CHECK_EQUAL(lies.size(), lies_count);
}

BOOST_AUTO_TEST_CASE(decisions_need_a_certificate_a_valid_block_and_agreement) {
  const Scenario s = one_liar();
  const auto fresh = [&] { return Monitor(s, four()); };
  fresh().decided(0, decide(0, block(1), {0, 1, 2}), Round(0));
  BOOST_CHECK_THROW(fresh().decided(0, decide(0, block(1), {0, 1}), Round(0)), Violation);
  consensus::Decide forged = decide(0, block(1), {0, 1, 2});
  forged.certificate.signatures[1].signature.data[0] ^= 1U;
  BOOST_CHECK_THROW(fresh().decided(0, forged, Round(0)), Violation);
  const BlockId invalid = block_of({Height(1), 0, 1, false});
  BOOST_CHECK_THROW(fresh().decided(0, decide(0, invalid, {0, 1, 2}), Round(0)), Violation);
  Monitor monitor = fresh();
  monitor.decided(0, decide(0, block(1), {0, 1, 2}), Round(0));
  BOOST_CHECK_THROW(monitor.decided(1, decide(1, block(2), {0, 1, 2}), Round(1)), Violation);
  BOOST_CHECK_THROW(monitor.decided(0, decide(0, block(1), {0, 1, 2}), Round(0)), Violation);
}

BOOST_AUTO_TEST_CASE(a_second_own_vote_or_proposal_is_noticed) {
  const Scenario s = one_liar();
  Monitor monitor(s, four());
  monitor.signed_vote(vote(VoteType::prevote, 0, block(1), 0));
  monitor.signed_vote(vote(VoteType::precommit, 0, std::nullopt, 0));
  BOOST_CHECK_THROW(monitor.signed_vote(vote(VoteType::prevote, 0, block(2), 0)), Violation);
  const auto propose = [&](std::uint32_t number) {
    monitor.signed_block(
        Key(0).sign(SignedBlock{Height(1), Round(0), Round(), block(number), 0, {}}));
  };
  propose(1);
  BOOST_CHECK_THROW(propose(2), Violation);
}

BOOST_AUTO_TEST_CASE(a_lock_that_moves_back_is_noticed) {
  const Scenario s = one_liar();
  Monitor monitor(s, four());
  consensus::ConsensusCore core;
  (void)core.apply(consensus::StartHeight{Height(1), four(), {0, 1, 2, 3}, 0});
  consensus::RoundState before = core.state();
  monitor.stepped(0, before, core);
  before.locked = before.valid = consensus::RoundValue{Round(0), block(1)};
  BOOST_CHECK_THROW(monitor.stepped(0, before, core), Violation);
  before = core.state();
  before.round = Round(1);
  BOOST_CHECK_THROW(monitor.stepped(0, before, core), Violation);
}

BOOST_AUTO_TEST_CASE(accusing_the_correct_is_noticed) {
  const Scenario s = one_liar();
  Monitor monitor(s, four());
  const auto pair = [](ValidatorIndex v) {
    return consensus::Equivocation{vote(VoteType::prevote, 0, block(1), v),
                                   vote(VoteType::prevote, 0, block(2), v)};
  };
  monitor.accused(0, pair(3));
  BOOST_CHECK_THROW(monitor.accused(0, pair(1)), Violation);
  consensus::Equivocation forged = pair(3);
  forged.second.signature.data[0] ^= 1U;
  BOOST_CHECK_THROW(monitor.accused(0, forged), Violation);
}

BOOST_AUTO_TEST_CASE(each_kind_of_guilt_is_found_and_nothing_else) {
  const auto guilty = [](const std::vector<Content>& heard) {
    Accountability a(four());
    for (const Content& c : heard) a.heard(c);
    return a.guilty();
  };
  using Set = std::set<ValidatorIndex>;
  const BlockId v = block(1);
  const BlockId w = block(2);
  const auto pv = [](int round, const ValueId& value, ValidatorIndex who, int pol = -1) {
    return Content(vote(VoteType::prevote, round, value, who, pol));
  };
  const auto pc = [](int round, const ValueId& value, ValidatorIndex who) {
    return Content(vote(VoteType::precommit, round, value, who));
  };
  const auto proposal = [](const BlockId& value) {
    return Content(Key(2).sign(SignedBlock{Height(1), Round(0), Round(), value, 2, {}}));
  };
  BOOST_CHECK(guilty({pv(0, v, 1), pv(0, v, 1), pc(0, v, 1), pv(1, v, 1)}).empty());
  BOOST_CHECK(guilty({pv(0, v, 1), pv(0, w, 1)}) == Set{1});             // E1
  BOOST_CHECK(guilty({pv(0, v, 1), pv(0, std::nullopt, 1)}) == Set{1});  // E1
  BOOST_CHECK(guilty({proposal(v), proposal(w)}) == Set{2});             // E2
  BOOST_CHECK(guilty({pc(0, v, 1), pv(1, w, 1)}) == Set{1});             // E3
  BOOST_CHECK(guilty({pc(0, std::nullopt, 1), pv(1, w, 1)}).empty());
  BOOST_CHECK(guilty({pc(2, v, 1), pv(1, w, 1)}).empty());  // the prevote was before
  BOOST_CHECK(guilty({pv(1, w, 1, 0)}) == Set{1});          // E4: no polka in round 0
  const std::vector<Content> polka{pv(1, w, 0), pv(1, w, 2), pv(1, w, 3)};
  std::vector<Content> justified = polka;
  justified.push_back(pc(0, v, 1));
  justified.push_back(pv(2, w, 1, 1));
  BOOST_CHECK(guilty(justified).empty());
}

BOOST_AUTO_TEST_CASE(the_shrinker_keeps_what_the_failure_needs) {
  Scenario s = one_liar();
  s.powers = {1, 1, 1, 1, 1, 1, 1};
  s.liars = {{2, Lie::silent}, {5, Lie::amnesia}};
  s.faults = faults_all;
  s.heights = 3;
  const Shrunk shrunk = shrink(s, [](const Scenario& x) {
    Outcome out;
    if (x.is_liar(5) && (x.faults & Fault::partition) != 0) out.violation = "boom";
    return out;
  });
  BOOST_CHECK_EQUAL(shrunk.scenario.liars.size(), 1U);
  BOOST_CHECK_EQUAL(shrunk.scenario.faults, Fault::partition);
  BOOST_CHECK_EQUAL(shrunk.scenario.heights, 1);
  BOOST_CHECK_EQUAL(shrunk.violation, "boom");
  BOOST_CHECK_EQUAL(reproduction(shrunk),
                    "witan-core-campaign --seed 0 --print-log --without loss --without delay "
                    "--without reorder --without duplicate --without crash --without lost_logs "
                    "--without liar:2 --without heights");
}

BOOST_AUTO_TEST_SUITE_END()
