// S8 in a signer apart from its node: the lock is what own precommits left, whatever the caller
// says, and only the certificate of a later polka, verified here, allows a vote for another block.
#include "tests/unit/crypto_keys/signer_fixture.hpp"

namespace witan {
namespace {

using samples::block_a;
using samples::block_b;
using samples::chain;
using samples::precommit;
using samples::prevote;

struct GuardFixture : samples::SignerFixture {
  GuardFixture() {
    std::vector<Validator> members;
    for (int i = 0; i < 4; ++i) {
      keys.push_back(SecretKey::generate());
      members.push_back({keys.back().public_key(), 10, 3, 0});
    }
    set = std::make_shared<const ValidatorSet>(*ValidatorSet::make(std::move(members)));
    guard();
  }
  void guard() {
    signer.require_polka(std::make_shared<const Verifier>(*Verifier::make(chain(), set)));
  }
  void restart_guarded() {
    restart();
    guard();
  }
  Certificate polka(std::uint64_t height, std::int32_t round, const BlockId& id,
                    std::size_t voters = 3, VoteType type = VoteType::prevote) const {
    Certificate out{type, Height(height), Round(round), id, {}};
    for (ValidatorIndex i = 0; i < 4 && out.signatures.size() < voters; ++i) {
      const Vote vote{type, Height(height), Round(round), id, Round(), i};
      for (const SecretKey& member : keys)
        if (member.public_key() == set->at(i).key)
          out.signatures.push_back({i, Round(), member.sign(vote_hash(chain(), vote).view())});
    }
    return out;
  }
  Status ask(const Intent& intent, const std::optional<Certificate>& certificate = {}) {
    WITAN_TRY(const Prepared prepared,
              signer.prepare(intent, certificate ? &*certificate : nullptr));
    if (!prepared.record().empty()) log.push_back(prepared.record());
    (void)signer.confirm(prepared);
    return {};
  }

  std::vector<SecretKey> keys;
  ValidatorSetPtr set;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(polka_guard_test, GuardFixture)

BOOST_AUTO_TEST_CASE(s8_without_a_lock_no_certificate_is_asked_for) {
  WITAN_REQUIRE_OK(ask(prevote(5, 0, block_a())));
  WITAN_REQUIRE_OK(ask(precommit(5, 0, block_a())));
  WITAN_REQUIRE_OK(ask(prevote(5, 1, block_a())));
  WITAN_REQUIRE_OK(ask(precommit(5, 1, {})));
  WITAN_REQUIRE_OK(ask(prevote(6, 0, block_b())));  // the lock ends with its height
}

BOOST_AUTO_TEST_CASE(s8_a_vote_against_the_lock_shows_a_polka_that_verifies) {
  WITAN_REQUIRE_OK(ask(precommit(5, 1, block_a())));
  const Intent leave = prevote(5, 3, block_b(), Round(2));
  for (int restarts = 0; restarts < 2; ++restarts) {
    WITAN_CHECK_ERROR(ask(leave), ErrorCode::sign_locked);
    WITAN_CHECK_ERROR(ask(leave, polka(5, 2, block_b(), 2)), ErrorCode::sign_locked);
    WITAN_CHECK_ERROR(ask(leave, polka(5, 1, block_b())), ErrorCode::sign_locked);
    WITAN_CHECK_ERROR(ask(leave, polka(4, 2, block_b())), ErrorCode::sign_locked);
    WITAN_CHECK_ERROR(ask(leave, polka(5, 2, block_a())), ErrorCode::sign_locked);
    WITAN_CHECK_ERROR(ask(leave, polka(5, 2, block_b(), 3, VoteType::precommit)),
                      ErrorCode::sign_locked);
    Certificate forged = polka(5, 2, block_b());
    forged.signatures[1].signature.data[7] ^= 1;
    WITAN_CHECK_ERROR(ask(leave, forged), ErrorCode::sign_locked);
    restart_guarded();
  }
  WITAN_REQUIRE_OK(ask(leave, polka(5, 2, block_b())));
}

BOOST_AUTO_TEST_CASE(s8_a_polka_older_than_the_lock_allows_nothing) {
  WITAN_REQUIRE_OK(ask(precommit(5, 2, block_a())));
  WITAN_CHECK_ERROR(ask(prevote(5, 3, block_b(), Round(1)), polka(5, 1, block_b())),
                    ErrorCode::sign_locked);
  WITAN_REQUIRE_OK(ask(prevote(5, 3, block_b(), Round(2)), polka(5, 2, block_b())));
}

// A node that lost its memory, or lies, says it is locked on what it wants to vote for.
BOOST_AUTO_TEST_CASE(s8_a_lock_the_caller_claims_replaces_nothing) {
  WITAN_REQUIRE_OK(ask(precommit(5, 0, block_a())));
  Intent intent = prevote(5, 3, block_b());
  intent.locked = {Round(2), block_b()};
  WITAN_CHECK_ERROR(ask(intent), ErrorCode::sign_locked);
  WITAN_REQUIRE_OK(ask(prevote(5, 3, block_a())));
  BOOST_CHECK(signer.state().snapshot().locked == (RoundValue{Round(0), block_a()}));
}

BOOST_AUTO_TEST_CASE(s8_a_precommit_that_moves_the_lock_shows_its_polka) {
  WITAN_REQUIRE_OK(ask(precommit(5, 0, block_a())));
  WITAN_CHECK_ERROR(ask(precommit(5, 1, block_b())), ErrorCode::sign_locked);
  WITAN_CHECK_ERROR(ask(precommit(5, 1, block_b()), polka(5, 0, block_b())),
                    ErrorCode::sign_locked);
  WITAN_REQUIRE_OK(ask(precommit(5, 1, block_b()), polka(5, 1, block_b())));
  BOOST_CHECK(signer.state().snapshot().locked == (RoundValue{Round(1), block_b()}));
}

BOOST_AUTO_TEST_CASE(s8_what_was_signed_is_given_again_without_its_polka) {
  WITAN_REQUIRE_OK(ask(precommit(5, 1, block_a())));
  const Intent leave = prevote(5, 3, block_b(), Round(2));
  WITAN_REQUIRE_OK(ask(leave, polka(5, 2, block_b())));
  WITAN_REQUIRE_OK(ask(leave));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
