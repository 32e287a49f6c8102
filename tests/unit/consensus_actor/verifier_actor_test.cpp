// The verifier pool: certificates in slices, polkas of proposals, certificates of rounds.
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {
namespace {

struct Pool {
  explicit Pool(std::uint8_t validators, std::size_t workers) : world(validators) {
    runtime = std::make_unique<rt::Runtime>(virtual_runtime(1));
    std::vector<rt::Child> chain;
    for (std::size_t i = 0; i < workers; ++i) {
      rt::ChildSpec worker;
      worker.name = "verifier/" + std::to_string(i);
      worker.factory = [this, i, workers](rt::ActorContext& context) {
        return std::make_unique<consensus::VerifierActor>(context, services(), world.verifier, i,
                                                          workers);
      };
      chain.emplace_back(std::move(worker));
    }
    chain.emplace_back(tap<ConsensusRole>(
        "consensus", [this](rt::ActorContext&, const Envelope& e) { verified.push_back(e); }));
    runtime->start(family(
        "node",
        {family("chain", std::move(chain)),
         family("peers", {tap<PeersRole>("peers", [this](rt::ActorContext&, const Envelope& e) {
                  BOOST_REQUIRE(e.is<schema::PeerMisbehaved>());
                  reasons.emplace_back(Received<schema::PeerMisbehaved>(e)->getCode().cStr());
                })})}));
    runtime->drain();
    start(1, 0);
  }
  void start(std::uint64_t height, std::int32_t round) {
    Draft<schema::HeightStarted> out;
    out->setHeight(height);
    out->setRound(round);
    tell(std::move(out));
  }
  template <class T>
  void tell(Draft<T>&& draft) {
    (void)runtime->ref<VerifierRole>("/node/chain/verifier/0").send(std::move(draft));
    runtime->drain();
  }
  void certificate(const Certificate& c) {
    Draft<schema::Certificate> out(1024);
    write_certificate(*out, c);
    tell(std::move(out));
  }
  void round_certificate(const RoundCertificate& c) {
    Draft<schema::RoundCertificate> out(1024);
    write_round_certificate(*out, c);
    tell(std::move(out));
  }
  void proposal(Round round, Round pol, const BlockId& id,
                const std::optional<Certificate>& polka) {
    const std::uint8_t who = world.proposer(Height(1), round);
    SignedProposal p;
    p.proposal = {Height(1), round, pol, id, {1, 100, Hash32()}, world.index_of(who)};
    p.signature = key_number(who).sign(proposal_hash(world.chain_id, p.proposal).view());
    Draft<schema::Proposal> out(1024);
    write_proposal(*out, p);
    if (polka) write_certificate(out->initPolka(), *polka);
    tell(std::move(out));
  }
  [[nodiscard]] Certificate polka(std::int32_t round, const BlockId& id,
                                  const std::vector<std::uint8_t>& signers) const {
    Certificate out{VoteType::prevote, Height(1), Round(round), id, {}};
    for (ValidatorIndex i = 0; i < world.validators->size(); ++i)
      for (const std::uint8_t n : signers)
        if (world.index_of(n) == i)
          out.signatures.push_back(
              {i, Round(),
               world.vote(n, VoteType::prevote, Height(1), Round(round), id).signature});
    return out;
  }
  [[nodiscard]] RoundCertificate skip(std::int32_t round, std::vector<std::uint8_t> signers,
                                      VoteType type = VoteType::prevote) const {
    RoundCertificate out{RoundCertificate::Kind::skip, Height(1), Round(round), {}};
    std::sort(signers.begin(), signers.end(), [&](std::uint8_t a, std::uint8_t b) {
      return world.index_of(a) < world.index_of(b);
    });
    for (const std::uint8_t n : signers)
      out.votes.push_back(world.vote(n, type, Height(1), Round(round), {}));
    return out;
  }

  ChainWorld world;
  std::vector<Envelope> verified;
  std::vector<std::string> reasons;
  std::unique_ptr<rt::Runtime> runtime;
};

BlockId block(std::uint8_t n) {
  BlockId out;
  out.data[0] = n;
  return out;
}

std::vector<std::uint8_t> first(std::uint8_t n) {
  std::vector<std::uint8_t> out;
  for (std::uint8_t i = 1; i <= n; ++i) out.push_back(i);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verifier_actor_test)

BOOST_AUTO_TEST_CASE(a_large_certificate_is_checked_by_all_workers) {
  for (const std::size_t workers : {1U, 2U, 3U, 8U}) {
    Pool pool(40, workers);
    const Certificate good = pool.world.commit(Height(1), Round(0), block(1), first(30));
    pool.certificate(good);
    BOOST_REQUIRE_EQUAL(pool.verified.size(), 1u);
    BOOST_CHECK(
        read_certificate(Received<schema::VerifiedCertificate>(pool.verified[0])->getCertificate())
            .value() == good);
    // One bad signature anywhere rejects all, and the one who sent it is told of.
    for (const std::size_t bad : {0U, 14U, 15U, 29U}) {
      Certificate spoilt = good;
      spoilt.signatures[bad].signature.data[10] ^= 1;
      pool.certificate(spoilt);
      BOOST_REQUIRE(!pool.reasons.empty());
      BOOST_CHECK_EQUAL(pool.reasons.back(), name_of(ErrorCode::bad_signature));
    }
    BOOST_CHECK_EQUAL(pool.reasons.size(), 4u);
    BOOST_CHECK_EQUAL(pool.verified.size(), 1u);
  }
}

BOOST_AUTO_TEST_CASE(too_little_power_costs_no_signature) {
  Pool pool(40, 2);
  Certificate weak = pool.world.commit(Height(1), Round(0), block(1), first(26));
  for (auto& s : weak.signatures) s.signature = Signature{};  // would be the error if looked at
  pool.certificate(weak);
  BOOST_REQUIRE_EQUAL(pool.reasons.size(), 1u);
  BOOST_CHECK_EQUAL(pool.reasons[0], name_of(ErrorCode::insufficient_power));
}

BOOST_AUTO_TEST_CASE(a_polka_is_verified_once_a_height) {
  Pool pool(4, 1);
  pool.certificate(pool.polka(0, block(1), {1, 2, 3}));
  pool.certificate(pool.polka(0, block(1), {2, 3, 4}));
  BOOST_CHECK_EQUAL(pool.verified.size(), 1u);
  pool.certificate(pool.polka(0, block(2), {2, 3, 4}));  // another block, another round
  pool.certificate(pool.polka(1, block(1), {2, 3, 4}));
  BOOST_CHECK_EQUAL(pool.verified.size(), 3u);
  // A commit certificate always gets through.
  pool.certificate(pool.world.commit(Height(1), Round(0), block(1), {1, 2, 3}));
  pool.certificate(pool.world.commit(Height(1), Round(0), block(1), {1, 2, 3}));
  BOOST_CHECK_EQUAL(pool.verified.size(), 5u);
  BOOST_CHECK(pool.reasons.empty());
}

// Nobody can make a polka known by sending a bad one.
BOOST_AUTO_TEST_CASE(a_bad_polka_does_not_hide_the_good_one) {
  Pool pool(4, 1);
  Certificate bad = pool.polka(0, block(1), {1, 2, 3});
  bad.signatures[1].signature = Signature{};
  pool.certificate(bad);
  BOOST_CHECK_EQUAL(pool.reasons.size(), 1u);
  pool.certificate(pool.polka(0, block(1), {1, 2, 3}));
  BOOST_CHECK_EQUAL(pool.verified.size(), 1u);
}

BOOST_AUTO_TEST_CASE(the_polka_of_a_reproposal_comes_first) {
  Pool pool(4, 1);
  const Certificate polka = pool.polka(0, block(1), {1, 2, 3});
  pool.proposal(Round(2), Round(0), block(1), polka);
  BOOST_REQUIRE_EQUAL(pool.verified.size(), 2u);
  BOOST_CHECK(pool.verified[0].is<schema::VerifiedCertificate>());
  BOOST_CHECK(pool.verified[1].is<schema::VerifiedProposal>());
  pool.proposal(Round(3), Round(0), block(1), polka);  // known: the proposal alone
  BOOST_REQUIRE_EQUAL(pool.verified.size(), 3u);
  BOOST_CHECK(pool.verified[2].is<schema::VerifiedProposal>());
  pool.proposal(Round(4), Round(0), block(1), std::nullopt);  // as before: the votes may come
  BOOST_CHECK_EQUAL(pool.verified.size(), 4u);
}

BOOST_AUTO_TEST_CASE(a_reproposal_with_a_wrong_polka_is_refused_whole) {
  Pool pool(4, 1);
  pool.proposal(Round(2), Round(0), block(1), pool.polka(0, block(2), {1, 2, 3}));
  pool.proposal(Round(2), Round(0), block(1), pool.polka(1, block(1), {1, 2, 3}));
  pool.proposal(Round(2), Round(), block(1), pool.polka(0, block(1), {1, 2, 3}));
  pool.proposal(Round(2), Round(0), block(1),
                pool.world.commit(Height(1), Round(0), block(1), {1, 2, 3}));
  Certificate bad = pool.polka(0, block(1), {1, 2, 3});
  bad.signatures[2].signature = Signature{};
  pool.proposal(Round(2), Round(0), block(1), bad);
  pool.proposal(Round(2), Round(0), block(1), pool.polka(0, block(1), {1, 2}));
  BOOST_CHECK(pool.verified.empty());
  BOOST_CHECK_EQUAL(pool.reasons.size(), 6u);
}

BOOST_AUTO_TEST_CASE(a_round_certificate_is_verified_whole) {
  Pool pool(4, 1);
  pool.round_certificate(pool.skip(3, {1, 2}));
  BOOST_CHECK_EQUAL(pool.verified.size(), 1u);
  RoundCertificate bad = pool.skip(4, {1, 2});
  bad.votes[1].signature = bad.votes[0].signature;
  pool.round_certificate(bad);
  pool.round_certificate(pool.skip(4, {1}));  // a third is not more than a third
  RoundCertificate precommits = pool.skip(4, {1, 2, 3}, VoteType::precommit);
  precommits.kind = RoundCertificate::Kind::precommit;
  pool.round_certificate(precommits);
  BOOST_CHECK_EQUAL(pool.verified.size(), 2u);
  precommits.votes.pop_back();  // no two thirds
  pool.round_certificate(precommits);
  RoundCertificate prevotes = pool.skip(4, {1, 2, 3});
  prevotes.kind = RoundCertificate::Kind::precommit;
  pool.round_certificate(prevotes);
  BOOST_CHECK_EQUAL(pool.verified.size(), 2u);
  BOOST_CHECK_EQUAL(pool.reasons.size(), 4u);
}

BOOST_AUTO_TEST_CASE(a_round_certificate_to_where_we_are_is_dropped) {
  Pool pool(4, 1);
  pool.start(1, 4);
  pool.round_certificate(pool.skip(4, {1, 2}));
  RoundCertificate precommits = pool.skip(3, {1, 2, 3}, VoteType::precommit);
  precommits.kind = RoundCertificate::Kind::precommit;
  pool.round_certificate(precommits);  // entitles to round 4
  BOOST_CHECK(pool.verified.empty());
  pool.round_certificate(pool.skip(5, {1, 2}));
  BOOST_CHECK_EQUAL(pool.verified.size(), 1u);
  BOOST_CHECK(pool.reasons.empty());
}

// Late votes decide nothing; those of the last height may still accuse, and cost no verification.
BOOST_AUTO_TEST_CASE(votes_of_the_height_just_decided_go_on_as_they_came_up_to_a_bound) {
  Pool pool(4, 1);
  const auto late = [&](std::uint64_t height, VoteType type) {
    pool.verified.clear();
    Draft<schema::Vote> out;
    SignedVote vote = pool.world.vote(2, type, Height(height), Round(0), block(1));
    vote.signature.data[0] ^= 1;
    write_vote(*out, vote);
    pool.tell(std::move(out));
    return pool.verified.size() == 1 && pool.verified[0].is<schema::Vote>();
  };
  pool.start(7, 0);
  BOOST_CHECK(!late(5, VoteType::precommit));
  BOOST_CHECK(late(6, VoteType::precommit));
  BOOST_CHECK(late(6, VoteType::prevote));
  BOOST_CHECK(pool.reasons.empty());
  for (int i = 0; i < 1022; ++i) BOOST_REQUIRE(late(6, VoteType::prevote));
  BOOST_CHECK(!late(6, VoteType::prevote));
  pool.start(8, 0);
  BOOST_CHECK(late(7, VoteType::prevote));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
