// One test per signing rule of consensus.md section 3.3, named after it.
#include "crypto/signer.hpp"

#include <map>
#include <tuple>

#include "crypto/verify.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/crypto_keys/signer_fixture.hpp"

using namespace witan;
using namespace witan::samples;

BOOST_FIXTURE_TEST_SUITE(signer_test, SignerFixture)

static_assert(!std::is_constructible_v<Durable<SignedVote>, SignedVote>, "S3");
static_assert(!std::is_default_constructible_v<Durable<SignedVote>>, "S3");
static_assert(!std::is_constructible_v<Prepared, SignRecord, Bytes>, "S3");

BOOST_AUTO_TEST_CASE(s1_what_is_signed_is_what_was_intended) {
  const auto members = ValidatorSet::make({{key.public_key(), 5, 3, 0}});
  const auto verifier = Verifier::make(chain(), std::make_shared<const ValidatorSet>(*members));
  Intent p = samples::proposal(1, 0, block_a());
  p.validator = 0;
  const auto proposed = sign(p);
  WITAN_REQUIRE_OK(proposed);
  const auto& signed_proposal = std::get<Durable<SignedProposal>>(*proposed).get();
  BOOST_CHECK(signed_proposal.proposal == proposal_of(p));
  WITAN_REQUIRE_OK(verifier->verify(signed_proposal));
  WITAN_REQUIRE_OK(verifier->accept_own(std::get<Durable<SignedProposal>>(*proposed)));

  Intent v = prevote(1, 0, block_a());
  v.validator = 0;
  const auto voted = sign(v);
  WITAN_REQUIRE_OK(voted);
  const auto& own = std::get<Durable<SignedVote>>(*voted);
  BOOST_CHECK(own.get().vote == vote_of(v));
  const auto verified = verifier->verify(own.get());
  WITAN_REQUIRE_OK(verified);
  BOOST_CHECK(verifier->accept_own(own) == verified);
}

BOOST_AUTO_TEST_CASE(s1_an_intent_without_sense_is_refused) {
  WITAN_CHECK_ERROR(sign(prevote(0, 0, block_a())), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(sign(prevote(1, -1, block_a())), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(sign(prevote(1, round_max + 1, {})), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(sign(prevote(1, 2, block_a(), Round(2))), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(sign(prevote(1, 2, {}, Round(1))), ErrorCode::malformed);
  Intent i = samples::proposal(1, 0, block_a());
  i.value.reset();
  WITAN_CHECK_ERROR(sign(i), ErrorCode::malformed);
  i = samples::proposal(1, 0, block_a());
  i.parts.count = 2;
  WITAN_CHECK_ERROR(sign(i), ErrorCode::out_of_range);
  i.kind = SignedKind::watermark;
  WITAN_CHECK_ERROR(sign(i), ErrorCode::malformed);
  i = prevote(1, 1, block_a());
  i.locked = {Round(0), {}};
  WITAN_CHECK_ERROR(sign(i), ErrorCode::malformed);
  i.locked = {};
  i.valid = {Round(2), block_a()};
  WITAN_CHECK_ERROR(sign(i), ErrorCode::malformed);
  BOOST_CHECK(log.empty());
}

BOOST_AUTO_TEST_CASE(s3_a_resend_before_the_sync_still_carries_its_record) {
  const auto first = signer.prepare(prevote(1, 0, block_a()));
  const auto again = signer.prepare(prevote(1, 0, block_a()));
  WITAN_REQUIRE_OK(first);
  WITAN_REQUIRE_OK(again);
  BOOST_CHECK(!again->record().empty());
  BOOST_CHECK(first->record() == again->record());
  BOOST_CHECK(signer.adopted().empty());
  (void)signer.confirm(*first);
  BOOST_CHECK(signer.prepare(prevote(1, 0, block_a()))->record().empty());
  BOOST_CHECK_EQUAL(signer.adopted().size(), 1U);
}

BOOST_AUTO_TEST_CASE(s5_a_record_holds_everything_and_survives_the_log) {
  WITAN_REQUIRE_OK(sign(samples::proposal(4, 1, block_a(), Round(0))));
  Intent i = prevote(4, 1, block_a(), Round(0));
  i.locked = {Round(0), block_a()};
  i.valid = {Round(0), block_a()};
  WITAN_REQUIRE_OK(sign(i));
  BOOST_REQUIRE_EQUAL(log.size(), 2U);
  BOOST_CHECK_EQUAL(log[1].size(), sign_record_bytes);
  const auto record = decode_sign_record(log[1]);
  WITAN_REQUIRE_OK(record);
  BOOST_CHECK_EQUAL(record->seq, 2U);
  BOOST_CHECK(record->kind == SignedKind::prevote);
  BOOST_CHECK_EQUAL(record->height, Height(4));
  BOOST_CHECK_EQUAL(record->round, Round(1));
  BOOST_CHECK(record->value == ValueId(block_a()));
  BOOST_CHECK_EQUAL(record->pol_round, Round(0));
  BOOST_CHECK(record->locked == i.locked);
  BOOST_CHECK(record->valid == i.valid);
  BOOST_CHECK_EQUAL(record->message_hash, message_hash_of(chain(), i));
  BOOST_CHECK(encode(*record) == log[1]);
}

BOOST_AUTO_TEST_CASE(s6_height_round_and_step_strictly_grow) {
  WITAN_REQUIRE_OK(sign(samples::proposal(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, block_a())));
  WITAN_CHECK_ERROR(sign(prevote(5, 1, {})), ErrorCode::sign_regression);
  WITAN_CHECK_ERROR(sign(prevote(4, 9, {})), ErrorCode::sign_regression);
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 3, {})));
  WITAN_CHECK_ERROR(sign(prevote(5, 3, {})), ErrorCode::sign_regression);
  WITAN_REQUIRE_OK(sign(prevote(6, 0, block_b())));
  WITAN_CHECK_ERROR(sign(samples::proposal(6, 0, block_b())), ErrorCode::sign_regression);
}

BOOST_AUTO_TEST_CASE(s6_the_identical_intent_gets_the_stored_signature) {
  const auto proposed = sign(samples::proposal(5, 2, block_a()));
  const auto voted = sign(prevote(5, 2, block_a()));
  const std::size_t records = log.size();
  for (int restarts = 0; restarts < 2; ++restarts) {
    BOOST_CHECK_EQUAL(signature_of(*sign(prevote(5, 2, block_a()))), signature_of(*voted));
    BOOST_CHECK_EQUAL(signature_of(*sign(samples::proposal(5, 2, block_a()))),
                      signature_of(*proposed));
    BOOST_CHECK_EQUAL(log.size(), records);
    restart();
  }
}

BOOST_AUTO_TEST_CASE(s6_a_second_message_for_a_step_is_a_conflict) {
  WITAN_REQUIRE_OK(sign(samples::proposal(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  for (int restarts = 0; restarts < 2; ++restarts) {
    WITAN_CHECK_ERROR(sign(prevote(5, 2, block_b())), ErrorCode::sign_conflict);
    WITAN_CHECK_ERROR(sign(prevote(5, 2, {})), ErrorCode::sign_conflict);
    WITAN_CHECK_ERROR(sign(prevote(5, 2, block_a(), Round(1))), ErrorCode::sign_conflict);
    Intent other_parts = samples::proposal(5, 2, block_a());
    other_parts.parts.root = filled<Hash32>(0x78);
    WITAN_CHECK_ERROR(sign(other_parts), ErrorCode::sign_conflict);
    restart();
  }
}

BOOST_AUTO_TEST_CASE(s8_a_prevote_against_the_lock_needs_a_later_polka) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, block_a())));
  for (int restarts = 0; restarts < 2; ++restarts) {
    WITAN_CHECK_ERROR(sign(prevote(5, 4, block_b())), ErrorCode::sign_locked);
    WITAN_CHECK_ERROR(sign(prevote(5, 4, block_b(), Round(1))), ErrorCode::sign_locked);
    restart();
  }
  WITAN_REQUIRE_OK(sign(prevote(5, 3, {})));                   // nil is always allowed
  WITAN_REQUIRE_OK(sign(prevote(5, 4, block_a())));            // so is the locked block
  WITAN_REQUIRE_OK(sign(prevote(5, 5, block_b(), Round(2))));  // polka of the lock's round
  WITAN_REQUIRE_OK(sign(prevote(5, 6, block_b(), Round(4))));  // or later
}

BOOST_AUTO_TEST_CASE(s8_a_precommit_moves_the_lock_and_nil_keeps_it) {
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 0, block_a())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 1, block_b())));
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 2, {})));
  BOOST_CHECK(signer.state().snapshot().locked == (RoundValue{Round(1), block_b()}));
  WITAN_CHECK_ERROR(sign(prevote(5, 3, block_a(), Round(0))), ErrorCode::sign_locked);
  WITAN_REQUIRE_OK(sign(prevote(5, 3, block_b())));
}

BOOST_AUTO_TEST_CASE(s8_the_lock_resets_at_a_new_height) {
  WITAN_REQUIRE_OK(sign(samples::precommit(5, 0, block_a())));
  WITAN_REQUIRE_OK(sign(prevote(6, 0, block_b())));
  BOOST_CHECK(signer.state().snapshot().locked == RoundValue{});
}

BOOST_AUTO_TEST_CASE(s8_a_lock_the_core_reports_counts_and_a_different_one_is_a_conflict) {
  Intent i = prevote(5, 3, block_b(), Round(0));
  i.locked = {Round(1), block_a()};  // locked while it only watched
  WITAN_CHECK_ERROR(sign(i), ErrorCode::sign_locked);
  i.pol_round = Round(1);
  WITAN_REQUIRE_OK(sign(i));
  BOOST_CHECK(signer.state().snapshot().locked == i.locked);
  i = prevote(5, 4, block_b(), Round(1));
  i.locked = {Round(1), block_b()};
  WITAN_CHECK_ERROR(sign(i), ErrorCode::sign_conflict);
  i = samples::precommit(5, 4, block_b());
  i.locked = {Round(4), block_a()};
  WITAN_CHECK_ERROR(sign(i), ErrorCode::sign_conflict);
  i.locked = {Round(4), block_b()};  // its own new lock
  WITAN_REQUIRE_OK(sign(i));
}

BOOST_AUTO_TEST_CASE(s10_the_watermark_only_rises) {
  WITAN_REQUIRE_OK(signer.raise_watermark(Height(9)));
  BOOST_CHECK(signer.raise_watermark(Height(9))->empty());
  WITAN_CHECK_ERROR(signer.raise_watermark(Height(8)), ErrorCode::sign_refused);
  WITAN_CHECK_ERROR(signer.raise_watermark(Height(9), Round(3)), ErrorCode::sign_refused);
  WITAN_CHECK_ERROR(signer.raise_watermark(Height(9), Round::nil()), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(s12_replay_hands_out_the_past_and_signs_nothing_new) {
  const auto voted = sign(prevote(5, 2, block_a()));
  auto replaying = Signer::make(key.clone(), *recover_sign_state(input()));
  WITAN_REQUIRE_OK(replaying);
  const auto again = replaying->prepare(prevote(5, 2, block_a()));
  WITAN_REQUIRE_OK(again);
  BOOST_CHECK(again->record().empty());
  BOOST_CHECK_EQUAL(signature_of(replaying->confirm(*again)), signature_of(*voted));
  WITAN_CHECK_ERROR(replaying->prepare(prevote(5, 2, block_b())), ErrorCode::sign_conflict);
  WITAN_CHECK_ERROR(replaying->prepare(samples::precommit(5, 2, block_a())),
                    ErrorCode::sign_refused);
  replaying->finish_recovery();
  WITAN_REQUIRE_OK(replaying->prepare(samples::precommit(5, 2, block_a())));
}

BOOST_AUTO_TEST_CASE(s13_nothing_is_signed_at_or_below_the_watermark) {
  log.push_back(*signer.raise_watermark(Height(9)));
  for (int restarts = 0; restarts < 2; ++restarts) {
    WITAN_CHECK_ERROR(sign(prevote(9, 0, {})), ErrorCode::sign_refused);
    WITAN_CHECK_ERROR(sign(prevote(9, round_max, {})), ErrorCode::sign_refused);
    WITAN_CHECK_ERROR(sign(prevote(3, 0, {})), ErrorCode::sign_refused);
    restart();
  }
  log.push_back(*signer.raise_watermark(Height(10), Round(2)));
  WITAN_CHECK_ERROR(sign(prevote(10, 2, {})), ErrorCode::sign_refused);
  WITAN_REQUIRE_OK(sign(prevote(10, 3, {})));
}

BOOST_AUTO_TEST_CASE(s14_each_new_signature_is_fresh_but_valid) {
  // Two signers with the same state: different auxiliary randomness, both valid.
  Signer other = start();
  const auto a = signer.prepare(prevote(1, 0, block_a()));
  const auto b = other.prepare(prevote(1, 0, block_a()));
  const auto sa = signature_of(signer.confirm(*a));
  const auto sb = signature_of(other.confirm(*b));
  BOOST_CHECK(sa != sb);
  const Hash32 message = message_hash_of(chain(), prevote(1, 0, block_a()));
  BOOST_CHECK(verify(key.public_key(), message.view(), sa));
  BOOST_CHECK(verify(key.public_key(), message.view(), sb));
}

// One bit of the secret in memory flips: what this machine signs then, its own key refuses, and two
// such signatures may give the secret away.
BOOST_AUTO_TEST_CASE(s14_a_signature_that_does_not_verify_ends_the_process_unseen) {
  struct Ended {
    std::string reason;
  };
  auto recovered = recover_sign_state(input());
  WITAN_REQUIRE_OK(recovered);
  SecretKey damaged = key.clone();
  reinterpret_cast<unsigned char*>(&damaged)[31] ^= 1;  // the public half is as it was
  BOOST_REQUIRE(damaged.public_key() == key.public_key());
  auto made = Signer::make(std::move(damaged), std::move(*recovered));
  WITAN_REQUIRE_OK(made);
  made->finish_recovery();
  set_crash_hook([](const std::string& reason) { throw Ended{reason}; });
  BOOST_CHECK_EXCEPTION((void)made->prepare(prevote(1, 0, block_a())), Ended, [](const Ended& e) {
    return e.reason.find("parsed_.verify") != std::string::npos;
  });
  set_crash_hook(nullptr);
  BOOST_CHECK(made->state().snapshot().recent.empty());
  BOOST_CHECK(made->adopted().empty());
}

BOOST_AUTO_TEST_CASE(s16_a_halted_signer_signs_nothing_not_even_again) {
  WITAN_REQUIRE_OK(sign(prevote(5, 2, block_a())));
  signer.halt("evidence of own double sign at height 5");
  WITAN_CHECK_ERROR(sign(prevote(5, 2, block_a())), ErrorCode::sign_refused);
  WITAN_CHECK_ERROR(sign(prevote(6, 0, block_a())), ErrorCode::sign_refused);
  BOOST_CHECK(signer.is_halted());
}

BOOST_AUTO_TEST_CASE(p8_own_messages_of_the_round_are_adopted_after_a_restart) {
  WITAN_REQUIRE_OK(sign(prevote(5, 1, block_b())));
  const auto proposed = sign(samples::proposal(5, 2, block_a()));
  const auto voted = sign(prevote(5, 2, block_a()));
  log.push_back(*signer.raise_watermark(Height(4)));
  restart();
  const std::vector<DurableMessage> own = signer.adopted();
  BOOST_REQUIRE_EQUAL(own.size(), 2U);
  BOOST_CHECK(own[0] == *proposed);
  BOOST_CHECK(own[1] == *voted);
  // Older ones come from the log, record by record.
  const auto older = signer.restore(log[0]);
  WITAN_REQUIRE_OK(older);
  BOOST_CHECK_EQUAL(std::get<Durable<SignedVote>>(*older).get().vote.round, Round(1));
  WITAN_CHECK_ERROR(signer.restore(log.back()), ErrorCode::unknown_type);
}

BOOST_AUTO_TEST_CASE(restore_takes_only_what_this_key_signed_and_synced) {
  SignerFixture other;
  WITAN_REQUIRE_OK(sign(prevote(5, 1, block_b())));
  WITAN_REQUIRE_OK(other.sign(prevote(5, 1, block_b())));
  WITAN_CHECK_ERROR(signer.restore(other.log[0]), ErrorCode::sign_state_foreign);
  const auto pending = signer.prepare(prevote(5, 2, block_b()));
  WITAN_CHECK_ERROR(signer.restore(pending->record()), ErrorCode::sign_state_foreign);
}

// Whatever is asked in whatever order, with restarts in between, no two signatures ever conflict.
WITAN_PROPERTY(no_two_signatures_conflict, [](const std::vector<std::uint16_t>& script) {
  SignerFixture node;
  std::map<std::tuple<std::uint64_t, std::int32_t, SignedKind>, Hash32> published;
  for (const std::uint16_t word : script) {
    const std::uint64_t height = 1 + (word & 1);
    const std::int32_t round = (word >> 1) & 3;
    const ValueId value = std::array<ValueId, 3>{ValueId(), block_a(), block_b()}[(word >> 3) % 3];
    Intent intent = prevote(height, round, value);
    if ((word >> 5) & 1) intent.kind = SignedKind::precommit;
    if (((word >> 6) & 3) == 0) node.restart();
    if (((word >> 8) & 7) == 0) node.file = node.signer.checkpoint(0);
    const auto message = node.sign(intent);
    if (!message) continue;
    const auto where = std::tuple(height, round, intent.kind);
    const Hash32 what = message_hash_of(chain(), intent);
    RC_ASSERT(published.emplace(where, what).first->second == what);
  }
})

BOOST_AUTO_TEST_SUITE_END()
