#include "crypto/verify.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/unit/crypto_keys/samples.hpp"

using namespace witan;
using namespace witan::samples;

namespace {

// Four validators of power 10, 20, 30, 40 in key order, with their secret keys by index.
struct Fixture {
  Fixture() {
    for (std::uint8_t i = 1; i <= 4; ++i) {
      Bytes secret(32);
      secret[31] = i;
      keys.push_back(*SecretKey::from_bytes(secret));
    }
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return a.public_key() < b.public_key(); });
    std::vector<Validator> members;
    for (std::size_t i = 0; i < keys.size(); ++i)
      members.push_back({keys[i].public_key(), 10 * (i + 1), 3, 0});
    set = std::make_shared<const ValidatorSet>(*ValidatorSet::make(members));
    verifier = std::make_unique<Verifier>(*Verifier::make(chain(), set));
  }

  SignedVote sign(Vote v, ValidatorIndex signer) const {
    v.validator = signer;
    return {v, keys[signer].sign(vote_hash(chain(), v).view())};
  }
  SignedProposal sign(Proposal p, ValidatorIndex signer) const {
    p.proposer = signer;
    return {p, keys[signer].sign(proposal_hash(chain(), p).view())};
  }
  Certificate certify(Vote v, std::vector<ValidatorIndex> signers) const {
    Certificate c{v.type, v.height, v.round, *v.value, {}};
    for (auto i : signers) c.signatures.push_back({i, v.pol_round, sign(v, i).signature});
    return c;
  }

  std::vector<SecretKey> keys;
  ValidatorSetPtr set;
  std::unique_ptr<Verifier> verifier;
};

Vote precommit() {
  return {VoteType::precommit, Height(7), Round(3), filled<BlockId>(0x10), Round::nil(), 0};
}

template <class T>
void check_field(const Result<T>& result, ErrorCode code, const std::string& field) {
  WITAN_CHECK_ERROR(result, code);
  if (!result) BOOST_CHECK_EQUAL(result.error().field, field);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verify_test, Fixture)

static_assert(!std::is_constructible_v<VerifiedVote, SignedVote, std::uint64_t>);
static_assert(!std::is_default_constructible_v<VerifiedCertificate>);

BOOST_AUTO_TEST_CASE(a_signed_vote_verifies_with_its_power) {
  const auto verified = verifier->verify(sign(vote(), 2));
  WITAN_REQUIRE_OK(verified);
  BOOST_CHECK_EQUAL(verified->power(), 30U);
  BOOST_CHECK_EQUAL(verified->get().vote.validator, 2U);
  Vote nil = precommit();
  nil.value.reset();
  WITAN_REQUIRE_OK(verifier->verify(sign(nil, 0)));
}

BOOST_AUTO_TEST_CASE(a_vote_of_another_signer_chain_or_content_is_refused) {
  SignedVote v = sign(vote(), 2);
  v.vote.validator = 1;
  check_field(verifier->verify(v), ErrorCode::bad_signature, "signature");
  v = sign(vote(), 2);
  v.vote.height = Height(8);
  check_field(verifier->verify(v), ErrorCode::bad_signature, "signature");
  const auto other_chain = Verifier::make(Hash32{}, set);
  check_field(other_chain->verify(sign(vote(), 2)), ErrorCode::bad_signature, "signature");
}

BOOST_AUTO_TEST_CASE(p34_an_index_outside_the_set_is_refused_before_any_signature) {
  SignedVote v = sign(vote(), 2);
  v.vote.validator = 4;
  check_field(verifier->verify(v), ErrorCode::unknown_validator, "validator");
  v.vote.validator = UINT32_MAX;
  check_field(verifier->verify(v), ErrorCode::unknown_validator, "validator");
}

BOOST_AUTO_TEST_CASE(a_badly_shaped_vote_is_refused_even_when_signed) {
  const auto refused = [&](auto change, ErrorCode code, const char* field) {
    Vote v = vote();
    change(v);
    check_field(verifier->verify(sign(v, 0)), code, field);
  };
  refused([](Vote& v) { v.height = Height(0); }, ErrorCode::out_of_range, "height");
  refused([](Vote& v) { v.round = Round::nil(); }, ErrorCode::out_of_range, "round");
  refused([](Vote& v) { v.round = Round(round_max + 1); }, ErrorCode::out_of_range, "round");
  refused([](Vote& v) { v.pol_round = v.round; }, ErrorCode::out_of_range, "pol_round");
  refused([](Vote& v) { v.pol_round = Round(-2); }, ErrorCode::out_of_range, "pol_round");
  refused([](Vote& v) { v.value.reset(); }, ErrorCode::malformed, "pol_round");
  refused([](Vote& v) { v.type = VoteType::precommit; }, ErrorCode::malformed, "pol_round");
  refused([](Vote& v) { v.type = static_cast<VoteType>(9); }, ErrorCode::unknown_type, "type");
}

BOOST_AUTO_TEST_CASE(p22_a_proposal_verifies_and_its_parts_must_fit_its_size) {
  WITAN_REQUIRE_OK(verifier->verify(sign(proposal(), 1)));
  SignedProposal p = sign(proposal(), 1);
  p.proposal.proposer = 9;
  check_field(verifier->verify(p), ErrorCode::unknown_validator, "proposer");
  p = sign(proposal(), 1);
  p.proposal.parts.root = {};
  check_field(verifier->verify(p), ErrorCode::bad_signature, "signature");
  Proposal q = proposal();
  q.parts.count = 3;
  check_field(verifier->verify(sign(q, 1)), ErrorCode::out_of_range, "parts.count");
  q = proposal();
  q.parts.total_bytes = 0;
  check_field(verifier->verify(sign(q, 1)), ErrorCode::out_of_range, "parts.total_bytes");
  q.parts.total_bytes = UINT32_MAX;
  check_field(verifier->verify(sign(q, 1)), ErrorCode::out_of_range, "parts.total_bytes");
  q = proposal();
  q.pol_round = q.round;
  check_field(verifier->verify(sign(q, 1)), ErrorCode::out_of_range, "pol_round");
}

BOOST_AUTO_TEST_CASE(a_certificate_verifies_with_more_than_two_thirds) {
  const auto verified = verifier->verify(certify(precommit(), {1, 2, 3}));
  WITAN_REQUIRE_OK(verified);
  BOOST_CHECK_EQUAL(verified->power(), 90U);
  WITAN_REQUIRE_OK(verifier->verify(certify(precommit(), {2, 3})));  // 70 of 100
  check_field(verifier->verify(certify(precommit(), {0, 1, 2})), ErrorCode::insufficient_power,
              "signatures");  // 60 of 100
}

BOOST_AUTO_TEST_CASE(a_polka_may_mix_pol_rounds_which_are_signed) {
  Certificate c = certify(vote(), {2});
  Vote later = vote();
  later.pol_round = Round(2);
  c.signatures.push_back({3, later.pol_round, sign(later, 3).signature});
  WITAN_REQUIRE_OK(verifier->verify(c));
  c.signatures[1].pol_round = Round(1);
  check_field(verifier->verify(c), ErrorCode::bad_signature, "signatures.signature");
}

BOOST_AUTO_TEST_CASE(p44_p47_one_bad_signature_anywhere_spoils_a_certificate) {
  for (std::size_t bad = 0; bad < 4; ++bad) {
    Certificate c = certify(precommit(), {0, 1, 2, 3});
    c.signatures[bad].signature.data[40] ^= 1;
    check_field(verifier->verify(c), ErrorCode::bad_signature, "signatures.signature");
  }
}

BOOST_AUTO_TEST_CASE(cheap_certificate_checks_come_before_signatures) {
  const auto refused = [&](auto change, ErrorCode code, const char* field) {
    Certificate c = certify(precommit(), {1, 2, 3});
    for (auto& s : c.signatures) s.signature = {};  // would fail if signatures came first
    change(c);
    check_field(verifier->verify(c), code, field);
  };
  using C = Certificate;
  refused([](C& c) { c.signatures.clear(); }, ErrorCode::missing, "signatures");
  refused([](C& c) { c.signatures.resize(5); }, ErrorCode::too_large, "signatures");
  refused([](C& c) { c.signatures[2].validator = 2; }, ErrorCode::malformed,
          "signatures.validator");
  refused([](C& c) { std::swap(c.signatures[0], c.signatures[1]); }, ErrorCode::malformed,
          "signatures.validator");
  refused([](C& c) { c.signatures[2].validator = 4; }, ErrorCode::unknown_validator,
          "signatures.validator");
  refused([](C& c) { c.height = Height(0); }, ErrorCode::out_of_range, "height");
  refused([](C& c) { c.round = Round::nil(); }, ErrorCode::out_of_range, "round");
  refused([](C& c) { c.type = static_cast<VoteType>(0); }, ErrorCode::unknown_type, "type");
  refused([](C& c) { c.signatures[0].pol_round = Round(1); }, ErrorCode::malformed, "pol_round");
  refused([](C& c) { c.signatures.pop_back(); }, ErrorCode::insufficient_power, "signatures");
}

BOOST_AUTO_TEST_CASE(a_set_with_an_invalid_key_makes_no_verifier) {
  const auto bad =
      std::make_shared<const ValidatorSet>(*ValidatorSet::make({{PublicKey{}, 1, 0, 0}}));
  check_field(Verifier::make(chain(), bad), ErrorCode::bad_key, "validators.key");
  check_field(Verifier::make(chain(), nullptr), ErrorCode::missing, "validators");
}

BOOST_AUTO_TEST_CASE(a_transfer_is_signed_by_its_sender) {
  KeyCache cache(1);
  Transfer t = transfer();
  t.from = keys[0].public_key();
  t.signature = keys[0].sign(transfer_hash(chain(), t).view());
  WITAN_REQUIRE_OK(verify_transfer(chain(), t, cache));
  check_field(verify_transfer(Hash32{}, t, cache), ErrorCode::bad_signature, "signature");
  t.amount += 1;
  check_field(verify_transfer(chain(), t, cache), ErrorCode::bad_signature, "signature");
  t.from = AccountId{};
  check_field(verify_transfer(chain(), t, cache), ErrorCode::bad_key, "from");
  t.memo.resize(memo_bytes_max + 1);
  check_field(verify_transfer(chain(), t, cache), ErrorCode::too_large, "memo");
}

BOOST_AUTO_TEST_CASE(keys_that_share_a_slot_of_the_cache_are_not_mixed_up) {
  KeyCache cache(1);
  for (int round = 0; round < 2; ++round) {
    for (const SecretKey& key : keys) {
      const ParsedKey* parsed = cache.parse(key.public_key());
      BOOST_REQUIRE(parsed != nullptr);
      BOOST_CHECK(parsed->key() == key.public_key());
    }
    BOOST_CHECK(cache.parse(PublicKey{}) == nullptr);
  }
}

BOOST_AUTO_TEST_SUITE_END()
