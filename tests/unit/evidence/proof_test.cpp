// What is proof, what is not, and whom a light-client attack accuses.
#include "crypto/verify_evidence.hpp"
#include "tests/unit/evidence/samples.hpp"

namespace witan::test {
namespace {

struct Fixture {
  ChainWorld w{4};
  [[nodiscard]] ErrorCode judge(const Evidence& evidence) const {
    const auto verified = w.verifier->verify(evidence);
    return verified ? ErrorCode::ok : verified.error().code;
  }
};

// Every signed statement of the evidence, to be changed one by one.
std::vector<Signature*> signatures(Evidence& e) {
  if (auto* x = std::get_if<DuplicateVote>(&e)) return {&x->first.signature, &x->second.signature};
  if (auto* x = std::get_if<DuplicateProposal>(&e))
    return {&x->first.signature, &x->second.signature};
  if (auto* x = std::get_if<Amnesia>(&e)) return {&x->precommit.signature, &x->prevote.signature};
  if (auto* x = std::get_if<ForgedHeader>(&e)) return {&x->forged.precommit.signature};
  auto& x = std::get<ConflictingHeaders>(e);
  return {&x.first.precommit.signature, &x.second.precommit.signature};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(proof_test, Fixture)

BOOST_AUTO_TEST_CASE(every_kind_is_accepted_and_names_its_offence) {
  const std::vector<Evidence> all = one_of_each(w, 2, 7);
  std::set<EvidenceKind> kinds;
  for (const Evidence& e : all) {
    const auto verified = w.verifier->verify(e);
    WITAN_REQUIRE_OK(verified);
    BOOST_CHECK_EQUAL(verified->power(), w.validators->at(w.index_of(2)).power);
    BOOST_CHECK_EQUAL(key_of(e).validator, w.index_of(2));
    BOOST_CHECK_EQUAL(key_of(e).height, Height(7));
    kinds.insert(key_of(e).kind);
  }
  BOOST_CHECK_EQUAL(kinds.size(), 6u);
  BOOST_CHECK_EQUAL(key_of(all[3]).round, Round(3));  // amnesia: the prevote's
}

// P22: one bad signature is enough to refuse the whole (P47), and nobody is accused by another's.
BOOST_AUTO_TEST_CASE(p47_every_signature_must_be_of_the_accused) {
  for (const Evidence& good : one_of_each(w, 2, 7)) {
    Evidence bad = good;
    for (Signature* signature : signatures(bad)) {
      const Signature kept = *signature;
      signature->data[40] ^= 1;
      BOOST_CHECK(judge(bad) == ErrorCode::bad_signature);
      *signature = kept;
    }
    BOOST_CHECK(judge(bad) == ErrorCode::ok);
  }
  DuplicateVote other = duplicate_vote(w, 2, 7);  // signed by 2, said to be of 3
  other.first.vote.validator = other.second.vote.validator = w.index_of(3);
  BOOST_CHECK(judge(other) == ErrorCode::bad_signature);
  other.first.vote.validator = other.second.vote.validator = 4;
  BOOST_CHECK(judge(other) == ErrorCode::unknown_validator);
}

BOOST_AUTO_TEST_CASE(one_pair_has_one_order) {
  const auto swapped = [](auto e) {
    std::swap(e.first, e.second);
    return Evidence(e);
  };
  BOOST_CHECK(judge(swapped(duplicate_vote(w, 1, 3))) == ErrorCode::malformed);
  BOOST_CHECK(judge(swapped(duplicate_proposal(w, 1, 3))) == ErrorCode::malformed);
  BOOST_CHECK(judge(swapped(conflicting_headers(w, 1, 3))) == ErrorCode::malformed);
  const DuplicateVote e = duplicate_vote(w, 1, 3);
  BOOST_CHECK(ordered(e.second, e.first) == e);
}

BOOST_AUTO_TEST_CASE(statements_that_do_not_contradict_are_no_proof) {
  const Height h(3);
  const auto pv = [&](std::int32_t round, std::uint8_t block, VoteType type = VoteType::prevote) {
    return w.vote(1, type, h, Round(round), block_of(block));
  };
  BOOST_CHECK(judge(DuplicateVote{pv(0, 1), pv(0, 1)}) == ErrorCode::malformed);
  BOOST_CHECK(judge(ordered(pv(0, 1), pv(1, 2))) == ErrorCode::malformed);
  BOOST_CHECK(judge(ordered(pv(0, 1), pv(0, 2, VoteType::precommit))) == ErrorCode::malformed);
  BOOST_CHECK(judge(ordered(pv(0, 1), w.vote(2, VoteType::prevote, h, Round(0), block_of(2)))) ==
              ErrorCode::malformed);
  BOOST_CHECK(judge(ordered(pv(0, 1), w.vote(1, VoteType::prevote, Height(4), Round(0),
                                             block_of(2)))) == ErrorCode::malformed);
  BOOST_CHECK(judge(DuplicateProposal{signed_proposal(w, 1, 3, 0, block_of(1)),
                                      signed_proposal(w, 1, 3, 0, block_of(1))}) ==
              ErrorCode::malformed);
  BOOST_CHECK(judge(ordered(signed_proposal(w, 1, 3, 0, block_of(1)),
                            signed_proposal(w, 1, 3, 4, block_of(2)))) == ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(nil_and_block_in_one_step_is_a_duplicate) {
  const Evidence e = ordered(w.vote(1, VoteType::prevote, Height(3), Round(0), block_of(1)),
                             w.vote(1, VoteType::prevote, Height(3), Round(0), std::nullopt));
  BOOST_CHECK(judge(e) == ErrorCode::ok);
  BOOST_CHECK(!std::get<DuplicateVote>(e).first.vote.value);
}

// The whole table of the condition: lock in round 1, prevote of another block in round 3.
BOOST_AUTO_TEST_CASE(amnesia_is_a_prevote_whose_polka_is_older_than_the_own_precommit) {
  for (std::int32_t pol = -1; pol < 3; ++pol)
    BOOST_CHECK_MESSAGE((judge(amnesia(w, 2, 7, 1, 3, pol)) == ErrorCode::ok) == (pol < 1), pol);
  Amnesia e = amnesia(w, 2, 7);
  const auto vote = [&](VoteType type, std::int32_t round, ValueId value) {
    return signed_vote(w, 2, {type, Height(7), Round(round), value, Round(), 0});
  };
  const auto refused = [&](const SignedVote& precommit, const SignedVote& prevote) {
    return judge(Amnesia{precommit, prevote}) == ErrorCode::malformed;
  };
  BOOST_CHECK(refused(vote(VoteType::precommit, 1, std::nullopt), e.prevote));  // no lock
  BOOST_CHECK(refused(e.precommit, vote(VoteType::prevote, 3, std::nullopt)));  // nil is allowed
  BOOST_CHECK(refused(e.precommit, vote(VoteType::prevote, 3, block_of(1))));   // the same block
  BOOST_CHECK(refused(e.precommit, vote(VoteType::prevote, 1, block_of(2))));   // before the lock
  BOOST_CHECK(refused(e.precommit, vote(VoteType::prevote, 0, block_of(2))));
  BOOST_CHECK(refused(e.precommit, vote(VoteType::precommit, 3, block_of(2))));
  BOOST_CHECK(refused(e.prevote, e.precommit));
}

BOOST_AUTO_TEST_CASE(a_forged_header_differs_in_what_this_chain_prescribes) {
  const Header good = prescribed_header(w, 5, 1);
  BOOST_CHECK(judge(ForgedHeader{header_vote(w, 2, good)}) == ErrorCode::malformed);
  const auto forged = [&](const std::function<void(Header&)>& change) {
    Header h = good;
    change(h);
    return judge(ForgedHeader{header_vote(w, 2, h)}) == ErrorCode::ok;
  };
  BOOST_CHECK(forged([](Header& h) { h.validators_hash = block_of(3); }));
  BOOST_CHECK(forged([](Header& h) { h.next_validators_hash = block_of(3); }));
  BOOST_CHECK(forged([](Header& h) { h.state_root = block_of(3); }));
  BOOST_CHECK(forged([](Header& h) { h.chain_id = block_of(3); }));
  BOOST_CHECK(forged([](Header& h) { h.version = 9; }));
  // What may differ between blocks that correct validators precommit in different rounds.
  BOOST_CHECK(!forged([](Header& h) { h.time = UnixTime{99}; }));
  BOOST_CHECK(!forged([](Header& h) { h.tx_root = block_of(3); }));
  BOOST_CHECK(!forged([](Header& h) { h.prev_block_id = block_of(3); }));
  ForgedHeader other = forged_header(w, 2, 5);  // the vote is for another header
  other.forged.header.time = UnixTime{99};
  BOOST_CHECK(judge(other) == ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(headers_conflict_by_their_parent_or_by_their_result) {
  const Header a = prescribed_header(w, 5, 1);
  Header b = a;
  b.time = UnixTime{2};
  BOOST_CHECK(!contradict(a, b));
  b.tx_root = block_of(4);
  b.module_roots[0] = block_of(5);
  b.state_root = state_root(b.module_roots);
  BOOST_CHECK(!contradict(a, b));  // other transactions, another result
  BOOST_CHECK(judge(ordered(header_vote(w, 2, a, 0), header_vote(w, 2, b, 1))) ==
              ErrorCode::malformed);
  b.tx_root = a.tx_root;
  BOOST_CHECK(contradict(a, b));  // the same ones, another result
  BOOST_CHECK(judge(ordered(header_vote(w, 2, a, 0), header_vote(w, 2, b, 1))) == ErrorCode::ok);
  b.proposer = key_number(3).public_key();
  BOOST_CHECK(!contradict(a, b));  // another account gets the fees
  b.prev_block_id = block_of(8);
  BOOST_CHECK(contradict(a, b));
  b.height = Height(6);
  BOOST_CHECK(!contradict(a, b));
}

// Equivocation: one round, two certificates. Who signed both is charged with duplicate precommits.
BOOST_AUTO_TEST_CASE(an_equivocation_attack_comes_down_to_duplicate_precommits) {
  const Header ours = prescribed_header(w, 5, 1);
  Header theirs = ours;
  theirs.tx_root = block_of(4);
  const light::LightBlock attack{theirs, w.commit(Height(5), Round(0), block_id(theirs), {1, 2, 3}),
                                 w.validators, w.validators};
  const ChainHeader chain{ours, w.commit(Height(5), Round(0), block_id(ours), {2, 3, 4})};
  const auto found = accuse(attack, chain, *w.validators, w.verifier->prescribes(theirs));
  BOOST_REQUIRE_EQUAL(found.size(), 2u);
  std::set<ValidatorIndex> accused;
  for (const Evidence& e : found) {
    BOOST_CHECK(judge(e) == ErrorCode::ok);
    BOOST_CHECK(key_of(e).kind == EvidenceKind::duplicate_precommit);
    accused.insert(key_of(e).validator);
  }
  BOOST_CHECK((accused == std::set{w.index_of(2), w.index_of(3)}));
}

BOOST_AUTO_TEST_CASE(a_lunatic_attack_accuses_every_signer) {
  const Header ours = prescribed_header(w, 5, 1);
  Header theirs = ours;
  theirs.next_validators_hash = block_of(4);
  const light::LightBlock attack{theirs, w.commit(Height(5), Round(2), block_id(theirs), {1, 2, 3}),
                                 w.validators, w.validators};
  const ChainHeader chain{ours, w.commit(Height(5), Round(0), block_id(ours), {2, 3, 4})};
  const auto found = accuse(attack, chain, *w.validators, w.verifier->prescribes(theirs));
  BOOST_REQUIRE_EQUAL(found.size(), 3u);
  for (const Evidence& e : found) {
    BOOST_CHECK(judge(e) == ErrorCode::ok);
    BOOST_CHECK(key_of(e).kind == EvidenceKind::forged_header);
  }
}

// Certificates of two rounds: who signed both may have followed a polka, unless the headers cannot
// both be right.
BOOST_AUTO_TEST_CASE(certificates_of_two_rounds_accuse_only_by_contradicting_headers) {
  const Header ours = prescribed_header(w, 5, 1);
  Header theirs = ours;
  theirs.tx_root = block_of(4);
  const ChainHeader chain{ours, w.commit(Height(5), Round(0), block_id(ours), {2, 3, 4})};
  const auto attack = [&](const Header& h) {
    return light::LightBlock{h, w.commit(Height(5), Round(1), block_id(h), {1, 2, 3}), w.validators,
                             w.validators};
  };
  BOOST_CHECK(accuse(attack(theirs), chain, *w.validators, true).empty());
  theirs.prev_block_id = block_of(8);
  const auto found = accuse(attack(theirs), chain, *w.validators, true);
  BOOST_REQUIRE_EQUAL(found.size(), 2u);
  for (const Evidence& e : found) {
    BOOST_CHECK(judge(e) == ErrorCode::ok);
    BOOST_CHECK(key_of(e).kind == EvidenceKind::conflicting_headers);
  }
  BOOST_CHECK(
      accuse({ours, chain.certificate, w.validators, w.validators}, chain, *w.validators, true)
          .empty());
}

BOOST_AUTO_TEST_CASE(evidence_expires_when_both_limits_are_passed) {
  const EvidenceAge age{10, Duration::from_s(100)};
  const auto t = [](std::int64_t s) { return UnixTime{s * 1'000'000'000}; };
  BOOST_CHECK(!is_expired(age, Height(10), t(0), Height(20), t(1000)));  // young by height
  BOOST_CHECK(!is_expired(age, Height(9), t(0), Height(20), t(100)));    // young by time
  BOOST_CHECK(is_expired(age, Height(9), t(0), Height(20), t(101)));
  BOOST_CHECK(!needs_time(age, Height(25), Height(20)));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
