// The words between a node and its signer: they come back as they were, and damaged ones are
// refused.
#include "actors/consensus/signer/protocol.hpp"

#include "messages/base/random.hpp"
#include "tests/unit/remote_signer/signer_world.hpp"

namespace witan::test {
namespace {

using signer::Reply;
using signer::Request;

SignRecord any_record() {
  SignRecord out;
  out.seq = 5;
  out.kind = SignedKind::prevote;
  out.height = Height(9);
  out.round = Round(2);
  out.value = block(3);
  out.message_hash = filled<Hash32>(4);
  out.signature = filled<Signature>(5);
  return out;
}

std::vector<Bytes> requests() {
  SignerWorld w;
  signer::Open open = w.opening(4);
  open.newest = SignClaim{SignedKind::precommit, Height(8), Round(1), std::nullopt};
  Intent intent = prevote(9, 2, block(1), Round(1));
  intent.locked = intent.valid = {Round(0), block(2)};
  std::vector<Bytes> out;
  std::uint64_t id = 10;
  const auto add = [&](decltype(Request::body) body) {
    out.push_back(signer::encode(Request{++id, 7, 900, std::move(body)}));
  };
  add(open);
  add(signer::Sign{intent, w.polka(9, 1, block(1))});
  add(signer::Sign{intent, std::nullopt});
  add(signer::Raise{Height(3), round_all});
  add(signer::Seen{{SignedKind::proposal, Height(3), Round(0), block(1)}});
  add(signer::Ping{});
  add(signer::AskStatus{});
  add(signer::Drain{});
  return out;
}

std::vector<Bytes> replies() {
  std::vector<Bytes> out;
  std::uint64_t id = 20;
  const auto add = [&](decltype(Reply::body) body) {
    out.push_back(signer::encode(Reply{++id, std::move(body)}));
  };
  add(Error{ErrorCode::sign_locked, "intent.polka", "no polka"});
  add(signer::Opened{3, {any_record(), any_record()}});
  add(signer::Signed{any_record()});
  add(signer::Done{});
  signer::SignerStatus status;
  status.lease = {4, node(2)};
  status.halted = "drained";
  add(status);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_test)

BOOST_AUTO_TEST_CASE(every_message_comes_back_as_it_was) {
  for (const Bytes& bytes : requests()) {
    const auto request = signer::decode_request(bytes);
    WITAN_REQUIRE_OK(request);
    BOOST_CHECK(signer::encode(*request) == bytes);
    BOOST_CHECK_EQUAL(signer::request_id_of(bytes), request->id);
  }
  for (const Bytes& bytes : replies()) {
    const auto reply = signer::decode_reply(bytes);
    WITAN_REQUIRE_OK(reply);
    BOOST_CHECK(signer::encode(*reply) == bytes);
  }
}

BOOST_AUTO_TEST_CASE(an_intent_keeps_every_field_and_its_polka) {
  const auto request = signer::decode_request(requests()[1]);
  WITAN_REQUIRE_OK(request);
  const auto* sign = std::get_if<signer::Sign>(&request->body);
  BOOST_REQUIRE(sign != nullptr);
  Intent expected = prevote(9, 2, block(1), Round(1));
  expected.locked = expected.valid = {Round(0), block(2)};
  BOOST_CHECK(sign->intent == expected);
  BOOST_REQUIRE(sign->polka.has_value());
  BOOST_CHECK_EQUAL(sign->polka->signatures.size(), 3u);
  BOOST_CHECK_EQUAL(request->lease, 7u);
  BOOST_CHECK_EQUAL(request->deadline_ms, 900u);
}

BOOST_AUTO_TEST_CASE(truncated_and_changed_bytes_never_do_more_than_fail) {
  for (const auto& messages : {requests(), replies()}) {
    for (const Bytes& bytes : messages) {
      for (std::size_t n = 0; n < bytes.size(); ++n) {
        BOOST_CHECK(!signer::decode_request(ByteView(bytes).first(n)));
        BOOST_CHECK(!signer::decode_reply(ByteView(bytes).first(n)));
        Bytes changed = bytes;
        changed[n] ^= 0x55;
        (void)signer::decode_request(changed);
        (void)signer::decode_reply(changed);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(too_much_is_refused_unread) {
  WITAN_CHECK_ERROR(signer::decode_request(Bytes(signer::message_bytes_max + 1)),
                    ErrorCode::too_large);
  WITAN_CHECK_ERROR(signer::decode_reply(Bytes(signer::message_bytes_max + 1)),
                    ErrorCode::too_large);
}

BOOST_AUTO_TEST_CASE(a_watermark_cannot_be_asked_for_as_a_signature) {
  Intent intent = prevote(1, 0, block(1));
  intent.kind = SignedKind::watermark;
  WITAN_CHECK_ERROR(signer::decode_request(signer::encode({1, 1, 0, signer::Sign{intent, {}}})),
                    ErrorCode::unknown_type);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
