// What a signer process signs and for whom, whatever it is asked.
#include "tests/unit/remote_signer/signer_world.hpp"

namespace witan::test {
namespace {

struct Started : SignerWorld {
  Started() { start(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(signer_service_test, Started)

BOOST_AUTO_TEST_CASE(s15_only_the_newest_lease_is_served) {
  const std::uint64_t a = take_lease(node(1));
  BOOST_CHECK_EQUAL(a, 1u);
  BOOST_CHECK_EQUAL(sign(node(1), a, prevote(1, 0, block(1))), ErrorCode::ok);
  const std::uint64_t b = take_lease(node(2));
  BOOST_CHECK_EQUAL(b, 2u);
  BOOST_CHECK_EQUAL(sign(node(1), a, precommit(1, 0, block(1))), ErrorCode::sign_fenced);
  BOOST_CHECK_EQUAL(sign(node(1), b, precommit(1, 0, block(1))), ErrorCode::sign_fenced);
  BOOST_CHECK_EQUAL(take_lease(node(1), a), 0u);
  BOOST_CHECK_EQUAL(sign(node(2), b, precommit(1, 0, block(1))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(s15_epochs_survive_a_crash_of_the_signer) {
  const std::uint64_t a = take_lease(node(1));
  const std::uint64_t b = take_lease(node(2));
  fs.crash();
  start();
  BOOST_CHECK_EQUAL(take_lease(node(1), a), 0u);
  BOOST_CHECK_EQUAL(take_lease(node(2), b), b);
  BOOST_CHECK_EQUAL(sign(node(2), b, prevote(1, 0, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(take_lease(node(1)), b + 1);
}

BOOST_AUTO_TEST_CASE(without_a_lease_nothing_is_signed) {
  BOOST_CHECK_EQUAL(sign(node(1), 0, prevote(1, 0, block(1))), ErrorCode::sign_fenced);
  BOOST_CHECK_EQUAL(sign(node(1), 1, prevote(1, 0, block(1))), ErrorCode::sign_fenced);
}

BOOST_AUTO_TEST_CASE(p51_every_refusal_has_its_code_and_the_next_request_is_served) {
  const std::uint64_t lease = take_lease(node(1));
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(sign(node(1), lease, precommit(5, 1, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(2))), ErrorCode::sign_conflict);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 0, block(1))), ErrorCode::sign_regression);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 2, block(2))), ErrorCode::sign_locked);
  Intent odd = prevote(5, 2, block(1));
  odd.kind = SignedKind::proposal;  // without parts
  BOOST_CHECK(sign(node(1), lease, odd) != ErrorCode::ok);
  const Bytes garbage(64, 0xAB);
  const signer::Reply reply = service->handle(node(1), garbage, clock.now());
  const auto* refused = std::get_if<Error>(&reply.body);
  BOOST_REQUIRE(refused != nullptr);
  BOOST_CHECK_EQUAL(refused->code, ErrorCode::malformed);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 2, block(1))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(s3_a_signature_is_on_disk_before_it_is_answered) {
  const std::uint64_t lease = take_lease(node(1));
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(fs.unsynced_bytes(), 0u);
  const Signature given = last.signature;
  fs.crash();
  start();
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(2))), ErrorCode::sign_conflict);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(last.signature, given);
}

BOOST_AUTO_TEST_CASE(s4_a_failed_write_or_sync_is_the_end) {
  for (const FaultKind kind : {FaultKind::io, FaultKind::failed_sync, FaultKind::no_space}) {
    for (std::uint64_t k = 1; k <= 2; ++k) {
      SignerWorld w;
      w.start();
      const std::uint64_t lease = w.take_lease(node(1));
      w.fs.fail_operation(w.fs.operations() + k, kind);
      BOOST_CHECK(w.sign(node(1), lease, prevote(1, 0, block(1))) != ErrorCode::ok);
      BOOST_CHECK(w.service->failure().has_value());
      BOOST_CHECK(w.sign(node(1), lease, prevote(1, 0, block(1))) != ErrorCode::ok);
      w.fs.crash();
      w.fs.clear_faults();
      w.start();
      BOOST_CHECK_EQUAL(w.sign(node(1), lease, prevote(1, 0, block(2))), ErrorCode::ok);
    }
  }
}

BOOST_AUTO_TEST_CASE(s8_a_node_that_lost_its_lock_is_refused_and_one_with_a_polka_is_not) {
  const std::uint64_t lease = take_lease(node(1));
  BOOST_CHECK_EQUAL(sign(node(1), lease, precommit(5, 1, block(1))), ErrorCode::ok);
  const Intent amnesia = prevote(5, 3, block(2));
  BOOST_CHECK_EQUAL(sign(node(1), lease, amnesia), ErrorCode::sign_locked);
  Intent claims = prevote(5, 3, block(2), Round(2));
  claims.locked = {Round(2), block(2)};
  BOOST_CHECK_EQUAL(sign(node(1), lease, claims), ErrorCode::sign_locked);
  BOOST_CHECK_EQUAL(sign(node(1), lease, claims, polka(5, 1, block(2))), ErrorCode::sign_locked);
  fs.crash();
  start();
  BOOST_CHECK_EQUAL(sign(node(1), lease, claims), ErrorCode::sign_locked);
  BOOST_CHECK_EQUAL(sign(node(1), lease, claims, polka(5, 2, block(2))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(s9_a_signer_older_than_its_node_gives_no_lease) {
  signer::Open open = opening();
  open.newest = SignClaim{SignedKind::precommit, Height(7), Round(0), block(1)};
  auto answer = ask(node(1), 0, open);
  BOOST_REQUIRE(std::holds_alternative<Error>(answer));
  BOOST_CHECK_EQUAL(std::get<Error>(answer).code, ErrorCode::sign_state_older);
  open = opening();
  open.own_commit_height = Height(3);
  answer = ask(node(1), 0, open);
  BOOST_REQUIRE(std::holds_alternative<Error>(answer));
  BOOST_CHECK_EQUAL(std::get<Error>(answer).code, ErrorCode::sign_state_older);
  BOOST_CHECK_EQUAL(take_lease(node(1)), 1u);  // no epoch was given meanwhile
}

BOOST_AUTO_TEST_CASE(another_chain_key_or_version_gives_no_lease) {
  signer::Open open = opening();
  open.chain_id = filled<ChainId>(1);
  BOOST_CHECK_EQUAL(std::get<Error>(ask(node(1), 0, open)).code, ErrorCode::wrong_chain);
  open = opening();
  open.validator = keys[1].public_key();
  BOOST_CHECK_EQUAL(std::get<Error>(ask(node(1), 0, open)).code, ErrorCode::unknown_validator);
  open = opening();
  open.protocol = 2;
  BOOST_CHECK_EQUAL(std::get<Error>(ask(node(1), 0, open)).code, ErrorCode::wrong_version);
}

BOOST_AUTO_TEST_CASE(s12_opening_says_what_was_signed_last) {
  const std::uint64_t lease = take_lease(node(1));
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::ok);
  BOOST_CHECK_EQUAL(sign(node(1), lease, precommit(5, 1, block(1))), ErrorCode::ok);
  const auto answer = ask(node(2), 0, opening());
  const auto* opened = std::get_if<signer::Opened>(&answer);
  BOOST_REQUIRE(opened != nullptr);
  BOOST_REQUIRE_EQUAL(opened->recent.size(), 2u);
  BOOST_CHECK(opened->recent[1] == last);
}

BOOST_AUTO_TEST_CASE(s13_a_height_decided_by_sync_is_never_signed_in) {
  const std::uint64_t lease = take_lease(node(1));
  const auto raised = ask(node(1), lease, signer::Raise{Height(8), round_all});
  BOOST_CHECK(std::holds_alternative<signer::Done>(raised));
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(8, 3, block(1))), ErrorCode::sign_refused);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(9, 0, block(1))), ErrorCode::ok);
  start();
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(8, 4, block(1))), ErrorCode::sign_refused);
}

BOOST_AUTO_TEST_CASE(s16_an_own_signature_from_elsewhere_halts_the_signer) {
  const std::uint64_t lease = take_lease(node(1));
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::ok);
  const auto known =
      ask(node(1), lease, signer::Seen{{SignedKind::prevote, Height(5), Round(1), block(1)}});
  BOOST_CHECK(std::holds_alternative<signer::Done>(known));
  const auto foreign =
      ask(node(1), lease, signer::Seen{{SignedKind::prevote, Height(5), Round(1), block(2)}});
  BOOST_CHECK_EQUAL(std::get<Error>(foreign).code, ErrorCode::sign_conflict);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(6, 0, block(1))), ErrorCode::sign_refused);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::sign_refused);
}

BOOST_AUTO_TEST_CASE(a_request_past_its_deadline_signs_nothing) {
  const std::uint64_t lease = take_lease(node(1));
  const Instant arrived = clock.now();
  clock.advance(Duration::from_ms(1001));
  const signer::Request late{7, lease, 1000, signer::Sign{prevote(5, 1, block(1)), {}}};
  const signer::Reply reply = service->handle(node(1), signer::encode(late), arrived);
  BOOST_CHECK_EQUAL(std::get<Error>(reply.body).code, ErrorCode::timeout);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(2))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(a_drained_signer_signs_nothing_until_it_is_started_again) {
  const std::uint64_t lease = take_lease(node(1));
  BOOST_CHECK_EQUAL(std::get<Error>(ask(node(1), lease, signer::Drain{})).code,
                    ErrorCode::not_allowed);
  BOOST_CHECK_EQUAL(sign(node(1), lease, prevote(5, 1, block(1))), ErrorCode::ok);
  const auto drained = ask(self, 0, signer::Drain{});
  BOOST_REQUIRE(std::holds_alternative<signer::SignerStatus>(drained));
  const auto& status = std::get<signer::SignerStatus>(drained);
  BOOST_CHECK(!status.halted.empty());
  BOOST_CHECK_EQUAL(status.height, Height(5));
  BOOST_CHECK_EQUAL(status.signed_count, 1u);
  BOOST_CHECK_EQUAL(sign(node(1), lease, precommit(5, 1, block(1))), ErrorCode::sign_refused);
  start();
  BOOST_CHECK_EQUAL(sign(node(1), lease, precommit(5, 1, block(1))), ErrorCode::ok);
}

BOOST_AUTO_TEST_CASE(a_key_outside_the_genesis_is_refused) {
  keys[0] = SecretKey::generate();
  WITAN_CHECK_ERROR(open(clock), ErrorCode::unknown_validator);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
