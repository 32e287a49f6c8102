#include "crypto/sign_bytes.hpp"

#include <functional>
#include <set>

#include "tests/support/property.hpp"
#include "tests/unit/crypto_keys/samples.hpp"

using namespace witan;
using namespace witan::samples;

namespace {

// Applies each change to a fresh sample and requires that no two of the hashes are equal.
template <class T>
void check_every_change_shows(const T& sample, const std::function<Hash32(const T&)>& hash,
                              const std::vector<std::function<void(T&)>>& changes) {
  std::set<Hash32> seen{hash(sample)};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    T changed = sample;
    changes[i](changed);
    BOOST_CHECK_MESSAGE(seen.insert(hash(changed)).second, "change " << i << " does not show");
  }
}

void flip(auto& fixed) { fixed.data[31] ^= 1; }

}  // namespace

BOOST_AUTO_TEST_SUITE(sign_bytes_test)

// Computed by an independent program from the layouts in the protocol description.
BOOST_AUTO_TEST_CASE(golden_hashes_hold) {
  Vote v = vote();
  BOOST_CHECK_EQUAL(to_hex(vote_hash(chain(), v)),
                    "edee49d3af00fff4c89333b95fd5b7a6fdf32765e4adf645271b7b21c0909ce6");
  v.value.reset();
  BOOST_CHECK_EQUAL(to_hex(vote_hash(chain(), v)),
                    "7f49698a9aa9dde13976485d95b6ef8218e129f755a5cfa8a5f4d06bff97d332");
  v = vote();
  v.type = VoteType::precommit;
  BOOST_CHECK_EQUAL(to_hex(vote_hash(chain(), v)),
                    "cce87d8b16f6f11fc105097cdedb4ff5c1530adba565884cbcc2582f6177f8bb");
  BOOST_CHECK_EQUAL(to_hex(proposal_hash(chain(), proposal())),
                    "8b10562d39e423433bb275d5a41f943ec5237b1d230939dc48a48cb1556075fc");
  BOOST_CHECK_EQUAL(to_hex(transfer_hash(chain(), transfer())),
                    "3f505613751db37254c7bf6de752438689e1893d0ae146e5fa641d5d6b409864");
  BOOST_CHECK_EQUAL(
      to_hex(pop_hash(KeyRole::consensus, filled<PublicKey>(0x01).view(), filled<AccountId>(0x02))),
      "a47647fd6cdda34ebff1ee3c93836f1d693c9affc7b6f705d8b067f0c6d3a027");
  BOOST_CHECK_EQUAL(to_hex(handshake_hash({chain(), filled<NodeId>(0x01), filled<NodeId>(0x02),
                                           filled<Hash32>(0x03)})),
                    "f041b81b720c69a6e01e914379ae9277fdca019121b7b8a5547450c54eff3fdd");
  BOOST_CHECK_EQUAL(to_hex(block_id(header())),
                    "d849196e80a23abf047ccc70a1055c334eb48bba4ffbfd4eb44fe660a09063a1");
  BOOST_CHECK_EQUAL(to_hex(genesis_hash(genesis())),
                    "b380f30ad9c8891945ff7a88bf197c4b9ec83822f1df8db6c42eadeddc032b6e");
  BOOST_CHECK_EQUAL(to_hex(tx_id(Bytes{1, 2, 3})),
                    "089e7a55a4892bdf8a7e7193c4e54a45004add7573f091842907a99f7efdac75");
  BOOST_CHECK_EQUAL(to_hex(commit_hash(certificate())),
                    "0d18d64f0b4a86c05a581c33c1a8af64b9c47ed3f9fb08d4586899991d9c6139");
}

BOOST_AUTO_TEST_CASE(golden_roots_hold) {
  BOOST_CHECK_EQUAL(to_hex(validators_hash(*ValidatorSet::make(validators()))),
                    "92ca90783a515a75631b6b6e9da204727e118859c18aa99c4456b75ebe328c77");
  const std::vector<Hash32> ids{filled<Hash32>(1), filled<Hash32>(2), filled<Hash32>(3)};
  BOOST_CHECK_EQUAL(to_hex(tx_root(ids)),
                    "e42abd69ed4f718a833122d0e4d9bcd68fb72abe695c18312ec2469d983d5564");
  BOOST_CHECK_EQUAL(evidence_root(ids), tx_root(ids));
  BOOST_CHECK_EQUAL(to_hex(tx_root({})),
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_CHECK_EQUAL(to_hex(state_root(header().module_roots)),
                    "1045fb1803e215d967ecf923126c220257629f426f8d0cd0c01be226e2a2b844");
}

BOOST_AUTO_TEST_CASE(s2_every_field_of_a_vote_shows_except_the_index) {
  check_every_change_shows<Vote>(
      vote(), [](const Vote& v) { return vote_hash(chain(), v); },
      {[](Vote& v) { v.type = VoteType::precommit; }, [](Vote& v) { v.height = Height(8); },
       [](Vote& v) { v.round = Round(4); }, [](Vote& v) { v.value.reset(); },
       [](Vote& v) { v.value = BlockId{}; }, [](Vote& v) { flip(*v.value); },
       [](Vote& v) { v.pol_round = Round(2); }, [](Vote& v) { v.pol_round = Round::nil(); }});
  Vote other = vote();
  other.validator = 6;
  BOOST_CHECK_EQUAL(vote_hash(chain(), other), vote_hash(chain(), vote()));
  BOOST_CHECK(vote_hash(Hash32{}, vote()) != vote_hash(chain(), vote()));
}

BOOST_AUTO_TEST_CASE(s2_every_field_of_a_proposal_shows_except_the_index) {
  check_every_change_shows<Proposal>(
      proposal(), [](const Proposal& p) { return proposal_hash(chain(), p); },
      {[](Proposal& p) { p.height = Height(8); }, [](Proposal& p) { p.round = Round(4); },
       [](Proposal& p) { p.pol_round = Round::nil(); }, [](Proposal& p) { flip(p.block_id); },
       [](Proposal& p) { p.parts.count = 3; }, [](Proposal& p) { p.parts.total_bytes = 1; },
       [](Proposal& p) { flip(p.parts.root); }});
  BOOST_CHECK(proposal_hash(Hash32{}, proposal()) != proposal_hash(chain(), proposal()));
  Proposal other = proposal();
  other.proposer = 9;
  BOOST_CHECK_EQUAL(proposal_hash(chain(), other), proposal_hash(chain(), proposal()));
}

BOOST_AUTO_TEST_CASE(every_field_of_a_transfer_shows_except_the_signature) {
  check_every_change_shows<Transfer>(
      transfer(), [](const Transfer& t) { return transfer_hash(chain(), t); },
      {[](Transfer& t) { flip(t.from); }, [](Transfer& t) { flip(t.to); },
       [](Transfer& t) { std::swap(t.from, t.to); }, [](Transfer& t) { t.amount = 1; },
       [](Transfer& t) { t.fee = 1; }, [](Transfer& t) { t.nonce = 1; },
       [](Transfer& t) { t.memo.clear(); }, [](Transfer& t) { t.memo.push_back(0); }});
  BOOST_CHECK(transfer_hash(Hash32{}, transfer()) != transfer_hash(chain(), transfer()));
  Transfer other = transfer();
  other.signature = {};
  BOOST_CHECK_EQUAL(transfer_hash(chain(), other), transfer_hash(chain(), transfer()));
}

BOOST_AUTO_TEST_CASE(every_field_of_a_header_shows) {
  std::vector<std::function<void(Header&)>> changes{
      [](Header& h) { h.version = 2; },
      [](Header& h) { flip(h.chain_id); },
      [](Header& h) { h.height = Height(8); },
      [](Header& h) { h.origin_round = Round::nil(); },
      [](Header& h) { h.time.ns += 1; },
      [](Header& h) { h.epoch = 1; },
      [](Header& h) { flip(h.proposer); },
      [](Header& h) { flip(h.prev_block_id); },
      [](Header& h) { flip(h.prev_commit_hash); },
      [](Header& h) { flip(h.tx_root); },
      [](Header& h) { flip(h.evidence_root); },
      [](Header& h) { flip(h.state_root); },
      [](Header& h) { flip(h.validators_hash); },
      [](Header& h) { flip(h.next_validators_hash); },
      [](Header& h) { h.cfg_version = 1; },
      [](Header& h) { h.rules_version = 1; },
      [](Header& h) { std::swap(h.cfg_version, h.rules_version); },
      [](Header& h) { flip(h.vrf_entropy); },
      [](Header& h) { flip(h.proof_root); }};
  for (std::size_t i = 0; i < module_count; ++i)
    changes.push_back([i](Header& h) { flip(h.module_roots[i]); });
  check_every_change_shows<Header>(
      header(), [](const Header& h) { return block_id(h); }, changes);
}

BOOST_AUTO_TEST_CASE(every_field_of_a_genesis_shows) {
  using G = Genesis;
  check_every_change_shows<G>(genesis(), [](const G& g) { return genesis_hash(g); },
                              {[](G& g) { g.chain_name = "other"; },
                               [](G& g) { g.type = ChainType::live; },
                               [](G& g) { g.time.ns += 1; },
                               [](G& g) { g.initial_height = Height(2); },
                               [](G& g) { g.params.block_bytes_max = 1; },
                               [](G& g) { g.params.fee_min = 2; },
                               [](G& g) { g.params.timeout_propose.ns += 1; },
                               [](G& g) { g.params.timeout_propose_delta.ns += 1; },
                               [](G& g) { g.params.timeout_vote.ns += 1; },
                               [](G& g) { g.params.timeout_vote_delta.ns += 1; },
                               [](G& g) { g.params.timeout_max.ns += 1; },
                               [](G& g) { g.params.block_time.ns += 1; },
                               [](G& g) { g.params.precision.ns += 1; },
                               [](G& g) { g.params.message_delay.ns += 1; },
                               [](G& g) { g.params.evidence_max_age_blocks += 1; },
                               [](G& g) { g.params.evidence_max_age.ns += 1; },
                               [](G& g) { g.validators.pop_back(); },
                               [](G& g) { std::swap(g.validators[0], g.validators[1]); },
                               [](G& g) { g.validators[0].name = "x"; },
                               [](G& g) { flip(g.validators[0].key); },
                               [](G& g) { flip(g.validators[0].proof_of_possession); },
                               [](G& g) { g.validators[0].stake = 1; },
                               [](G& g) { g.validators[0].score_milli = 1; },
                               [](G& g) { g.validators[0].tier = 5; },
                               [](G& g) { g.validators[0].timetoke_hours = 1; },
                               [](G& g) { g.validators[0].consensus_success = 1; },
                               [](G& g) { g.accounts.clear(); },
                               [](G& g) { flip(g.accounts[0].id); },
                               [](G& g) { g.accounts[0].balance = 1; }});
}

BOOST_AUTO_TEST_CASE(every_field_of_a_certificate_shows) {
  using C = Certificate;
  check_every_change_shows<C>(
      certificate(), [](const C& c) { return commit_hash(c); },
      {[](C& c) { c.type = VoteType::prevote; }, [](C& c) { c.height = Height(8); },
       [](C& c) { c.round = Round(4); }, [](C& c) { flip(c.block_id); },
       [](C& c) { c.signatures.pop_back(); }, [](C& c) { c.signatures[0].validator = 1; },
       [](C& c) { c.signatures[1].pol_round = Round::nil(); },
       [](C& c) { flip(c.signatures[0].signature); }});
}

BOOST_AUTO_TEST_CASE(every_field_of_a_validator_shows_in_the_root) {
  using V = std::vector<Validator>;
  check_every_change_shows<V>(
      validators(), [](const V& v) { return validators_hash(*ValidatorSet::make(v)); },
      {[](V& v) { v[1].key.data[0] ^= 0x80; }, [](V& v) { v[1].power = 21; },
       [](V& v) { v[1].tier = 5; }, [](V& v) { v[1].timetoke_hours = 201; },
       [](V& v) { v.pop_back(); }});
}

BOOST_AUTO_TEST_CASE(a_session_claim_binds_both_sides_their_order_and_the_session) {
  using S = SessionClaim;
  check_every_change_shows<S>(
      {chain(), filled<NodeId>(1), filled<NodeId>(2), filled<Hash32>(3)},
      [](const S& s) { return handshake_hash(s); },
      {[](S& s) { flip(s.chain_id); }, [](S& s) { flip(s.claimer); }, [](S& s) { flip(s.peer); },
       [](S& s) { std::swap(s.claimer, s.peer); }, [](S& s) { flip(s.session); }});
}

BOOST_AUTO_TEST_CASE(a_proof_of_possession_binds_role_key_and_owner) {
  const PublicKey key = filled<PublicKey>(1);
  const AccountId owner = filled<AccountId>(2);
  std::set<Hash32> seen;
  for (auto role :
       {KeyRole::consensus, KeyRole::node, KeyRole::operator_, KeyRole::vrf, KeyRole::governance}) {
    BOOST_CHECK(seen.insert(pop_hash(role, key.view(), owner)).second);
  }
  BOOST_CHECK(seen.insert(pop_hash(KeyRole::consensus, owner.view(), owner)).second);
  BOOST_CHECK(seen.insert(pop_hash(KeyRole::consensus, key.view(), key)).second);
}

WITAN_PROPERTY(votes_hash_alike_only_when_equal, [](std::uint64_t h1, std::uint64_t h2) {
  const auto random_vote = [](std::uint64_t height) {
    Vote v;
    v.type = *rc::gen::element(VoteType::prevote, VoteType::precommit);
    v.height = Height(height % 3);
    v.round = Round(*rc::gen::inRange(0, 3));
    v.pol_round = Round(*rc::gen::inRange(-1, 2));
    if (*rc::gen::inRange(0, 2) == 1)
      v.value = filled<BlockId>(static_cast<std::uint8_t>(*rc::gen::inRange(0, 2)));
    return v;
  };
  const Vote a = random_vote(h1);
  const Vote b = random_vote(h2);
  RC_ASSERT((vote_hash(chain(), a) == vote_hash(chain(), b)) == (a == b));
})

BOOST_AUTO_TEST_SUITE_END()
