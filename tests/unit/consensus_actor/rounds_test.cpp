// Rounds that fail, proposals of another time, and who is told what to help.
#include "tests/unit/consensus_actor/actor_bench.hpp"
#include "tests/unit/consensus_actor/boxed_signer.hpp"

namespace witan::test {

BOOST_AUTO_TEST_SUITE(rounds_test)

// P39: the clock decides this validator's first prevote, and nothing else.
BOOST_AUTO_TEST_CASE(p39_a_block_of_another_time_is_prevoted_nil_and_can_be_locked) {
  const struct {
    std::int64_t off_ms;
    bool timely;
  } cases[] = {{-2'600, false}, {-2'400, true}, {0, true},
               {400, true},     {600, false},   {3'600'000, false}};
  for (const auto& c : cases) {
    BOOST_TEST_CONTEXT("off by " << c.off_ms << " ms") {
      Bench b;
      b.block_time_off = Duration::from_ms(c.off_ms);
      b.pass_rounds_until_another_proposes(1);
      const std::int32_t round = b.view().round;
      const Bytes block = block_bytes(9);
      b.propose(1, round, block);
      BOOST_REQUIRE(!b.own_votes().empty());
      BOOST_CHECK(b.own_votes().back().type == VoteType::prevote);
      BOOST_CHECK(b.own_votes().back().value.has_value() == c.timely);
      b.votes({2, 3, 4}, VoteType::prevote, 1, round, id_of(block));
      BOOST_CHECK_EQUAL(b.view().locked, round);
      b.votes({2, 3, 4}, VoteType::precommit, 1, round, id_of(block));
      BOOST_CHECK_EQUAL(b.committed.size(), 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(p39_an_untimely_block_stays_untimely_after_a_restart) {
  const Bytes bytes = block_bytes(9);
  const Hash32 root = consensus::cut_block(Height(1), Round(0), bytes).header.root;
  for (const bool timely : {false, true}) {
    Setup setup{.real_runner = false};
    BlockRecord record{root, true, bytes};
    record.timely = timely;
    const ChainWorld world(4);
    std::int32_t round = 0;
    while (world.proposer(Height(1), Round(round)) == 1) ++round;
    const std::uint8_t who = world.proposer(Height(1), Round(round));
    SignedProposal p;
    p.proposal = {Height(1),
                  Round(round),
                  Round(),
                  id_of(bytes),
                  consensus::cut_block(Height(1), Round(0), bytes).header,
                  world.index_of(who)};
    for (std::int32_t r = 1; r <= round; ++r)  // f+1 of the round lead there
      for (const std::uint8_t n : {std::uint8_t{2}, std::uint8_t{3}})
        setup.log.push_back(
            {RecordKind::vote, Height(1),
             consensus::encode_record(world.vote(n, VoteType::prevote, Height(1), Round(r), {}))});
    setup.log.push_back({RecordKind::proposal, Height(1), consensus::encode_record(p)});
    setup.log.push_back({RecordKind::block, Height(1), consensus::encode_record(record)});
    Bench b(setup);
    BOOST_REQUIRE(!b.intents.empty());
    BOOST_CHECK(b.intents.back().kind == SignedKind::prevote);
    BOOST_CHECK(b.intents.back().value.has_value() == timely);
  }
}

BOOST_AUTO_TEST_CASE(a_polka_is_pushed_once_and_only_when_somebody_misses_it) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3}, VoteType::prevote, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.view().locked, round);
  b.vote(2, VoteType::precommit, 1, round, id_of(block));
  BOOST_CHECK_EQUAL(b.count<schema::Certificate>(b.said), 0u);  // all is well so far
  b.vote(3, VoteType::precommit, 1, round, {});
  BOOST_CHECK_EQUAL(b.count<schema::Certificate>(b.said), 1u);
  b.vote(4, VoteType::precommit, 1, round, {});
  BOOST_CHECK_EQUAL(b.count<schema::Certificate>(b.said), 1u);
}

BOOST_AUTO_TEST_CASE(a_reproposal_carries_its_polka) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  std::int32_t round = b.view().round;
  const std::int32_t locked = round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3}, VoteType::prevote, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.view().locked, locked);
  for (int i = 0; i < 8 && b.world.proposer(Height(1), Round(round)) != 1; ++i) {
    b.votes({2, 3, 4}, VoteType::precommit, 1, round, {});
    b.runtime->advance(Duration::from_s(20));
    BOOST_REQUIRE_GT(b.view().round, round);
    round = b.view().round;
  }
  BOOST_REQUIRE_EQUAL(b.world.proposer(Height(1), Round(round)), 1);
  std::size_t found = 0;
  for (const Envelope& e : b.said) {
    if (!e.is<schema::Proposal>()) continue;
    const Received<schema::Proposal> in(e);
    if (in->getRound() != round || in->getPolRound() != locked || !in->hasPolka()) continue;
    const auto polka = read_polka(in.get());
    BOOST_REQUIRE(polka.has_value() && polka->has_value());
    WITAN_REQUIRE_OK(b.world.verifier->verify(**polka));
    ++found;
  }
  BOOST_CHECK_EQUAL(found, 1u);
}

// A signer apart believes no word about locks: a vote that leaves one is signed for its polka only.
BOOST_AUTO_TEST_CASE(s8_votes_that_leave_a_lock_take_their_polka_to_a_remote_signer) {
  const Bytes first = block_bytes(9), second = block_bytes(8);
  const ChainWorld world(4);
  for (const bool proposed_again : {false, true}) {
    for (const bool lose_polka : {false, true}) {
      BOOST_TEST_CONTEXT("again " << proposed_again << ", polka lost " << lose_polka) {
        const auto signer = std::make_shared<BoxedSigner>(world.chain_id, nullptr, world.verifier);
        signer->lose_polka = lose_polka;
        Bench b({.remote = signer});
        b.pass_rounds_until_another_proposes(1);
        b.propose(1, b.view().round, first);
        b.votes({2, 3}, VoteType::prevote, 1, b.view().round, id_of(first));
        b.end_round(1);
        b.pass_rounds_until_another_proposes(1);
        const std::int32_t polka = b.view().round;
        if (!proposed_again) b.propose(1, polka, second);
        b.votes({2, 3, 4}, VoteType::prevote, 1, polka, id_of(second));
        if (proposed_again) {
          b.end_round(1);
          while (b.world.proposer(Height(1), Round(b.view().round)) == 1) b.end_round(1);
          b.propose(1, b.view().round, second, Round(polka));
        }
        const auto votes = b.own_votes();
        BOOST_REQUIRE(!votes.empty());
        const auto type = proposed_again ? VoteType::prevote : VoteType::precommit;
        const bool left = std::any_of(votes.begin(), votes.end(), [&](const Vote& v) {
          return v.type == type && v.value == ValueId(id_of(second));
        });
        BOOST_CHECK_EQUAL(left, !lose_polka);
        BOOST_CHECK(!signer->polkas.empty());
        BOOST_CHECK(b.exits.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_later_round_is_published_with_what_entitles_to_it) {
  Bench b;
  b.votes({2, 3}, VoteType::prevote, 1, 3, {});
  BOOST_REQUIRE_EQUAL(b.view().round, 3);
  std::size_t found = 0;
  for (const Envelope& e : b.said) {
    if (!e.is<schema::RoundCertificate>()) continue;
    const auto certificate = read_round_certificate(Received<schema::RoundCertificate>(e).get());
    BOOST_REQUIRE(certificate.has_value());
    WITAN_REQUIRE_OK(b.world.verifier->verify(*certificate));
    BOOST_CHECK_EQUAL(certificate->round, Round(3));
    ++found;
  }
  BOOST_CHECK_EQUAL(found, 1u);
}

// What led to the round is no certificate yet: it is published with the votes that make one.
BOOST_AUTO_TEST_CASE(a_round_skipped_to_by_a_proposal_is_published_once_there_are_votes) {
  for (const bool far : {false, true}) {
    BOOST_TEST_CONTEXT((far ? "votes of several far rounds" : "a proposal and a vote")) {
      Bench b;
      std::int32_t round = far ? 30 : 3;
      while (b.world.proposer(Height(1), Round(round)) == 1) ++round;
      const std::uint8_t leader = b.world.proposer(Height(1), Round(round));
      const std::uint8_t other = leader == 2 ? 3 : 2;
      if (far) {
        b.vote(leader, VoteType::prevote, 1, round, {});
        b.vote(other, VoteType::prevote, 1, round + 9, {});
      } else {
        b.vote(other, VoteType::prevote, 1, round, {});
        b.propose(1, round, block_bytes(9));
      }
      BOOST_REQUIRE_EQUAL(b.view().round, round);
      b.votes({2, 3, 4}, VoteType::prevote, 1, round, {});
      std::size_t found = 0;
      for (const Envelope& e : b.said) {
        if (!e.is<schema::RoundCertificate>()) continue;
        const auto c = read_round_certificate(Received<schema::RoundCertificate>(e).get());
        BOOST_REQUIRE(c.has_value());
        WITAN_REQUIRE_OK(b.world.verifier->verify(*c));
        BOOST_CHECK_EQUAL(c->round, Round(round));
        ++found;
      }
      BOOST_CHECK_EQUAL(found, 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_round_certificate_takes_a_laggard_along) {
  Bench b;
  RoundCertificate certificate{RoundCertificate::Kind::skip, Height(1), Round(5), {}};
  for (const std::uint8_t n : {std::uint8_t{2}, std::uint8_t{3}})
    certificate.votes.push_back(b.world.vote(n, VoteType::prevote, Height(1), Round(5), {}));
  Draft<schema::VerifiedRoundCertificate> out;
  write_round_certificate(out->initCertificate(), certificate);
  b.tell(std::move(out));
  BOOST_CHECK_EQUAL(b.view().round, 5);
}

// 2f+1 prevotes and precommits for nil after a propose timeout: nothing to wait for.
BOOST_AUTO_TEST_CASE(a_failed_round_ends_at_once) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  b.runtime->advance(
      timeout_duration(b.world.consensus_options(1).timeouts, Step::propose, Round(round)));
  b.votes({2, 3, 4}, VoteType::prevote, 1, round, {});
  b.votes({2, 3, 4}, VoteType::precommit, 1, round, {});
  b.runtime->advance(Duration::from_ms(1));
  BOOST_CHECK_EQUAL(b.view().round, round + 1);
}

// With what was said a moment ago nobody is bothered again at once, and rarer with every
// repetition.
BOOST_AUTO_TEST_CASE(a_stalled_node_repeats_itself_ever_more_rarely) {
  Bench b({.create_empty_blocks = true});
  b.pass_rounds_until_another_proposes(1);
  b.said.clear();
  const auto repeated = [&] { return b.count<schema::RoundStatus>(b.said); };
  b.runtime->advance(Duration::from_ms(2'900));  // within the propose timeout
  const std::size_t first = repeated();
  BOOST_CHECK_GE(first, 1u);
  BOOST_CHECK_LE(first, 3u);  // not the five that a fixed half second makes
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
