#include "crypto/noise.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

// Secret scalars of the two parties; the public key is that of the responder's scalar 0x21...21,
// as published in BOLT-8 appendix A.
const Bytes initiator_static(32, 0x11);
const Bytes initiator_ephemeral(32, 0x12);
const Bytes responder_static(32, 0x21);
const Bytes responder_ephemeral(32, 0x22);

NodeId node_id(std::string_view text) { return fixed_from_hex<NodeId>(text, "key").value(); }
const NodeId initiator_public =
    node_id("034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa");
const NodeId responder_public =
    node_id("028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7");

NoiseHandshake make_initiator(const NodeId& responder = responder_public,
                              std::string_view prologue = noise_peer_prologue) {
  return NoiseHandshake::initiator(as_bytes(prologue), initiator_static, initiator_ephemeral,
                                   responder)
      .value();
}

NoiseHandshake make_responder(std::string_view prologue = noise_peer_prologue) {
  return NoiseHandshake::responder(as_bytes(prologue), responder_static, responder_ephemeral)
      .value();
}

struct Acts {
  Bytes one, two, three;
};

Acts honest_acts() {
  auto initiator = make_initiator();
  auto responder = make_responder();
  Acts acts;
  acts.one = initiator.act_one().value();
  acts.two = responder.receive(acts.one).value();
  acts.three = initiator.receive(acts.two).value();
  return acts;
}

struct Channel {
  NoiseSession a, b;
};

Channel connect() {
  auto initiator = make_initiator();
  auto responder = make_responder();
  const Bytes two = responder.receive(initiator.act_one().value()).value();
  BOOST_REQUIRE(responder.receive(initiator.receive(two).value()).value().empty());
  return {initiator.take_session().value(), responder.take_session().value()};
}

Bytes sealed(NoiseCipher& cipher, ByteView message) {
  Bytes frame(NoiseCipher::frame_bytes(message.size()));
  WITAN_REQUIRE_OK(cipher.encrypt(message, frame));
  return frame;
}

Result<Bytes> opened(NoiseCipher& cipher, ByteView frame) {
  WITAN_TRY(const std::size_t size,
            cipher.decrypt_length(frame.first(NoiseCipher::length_frame_bytes)));
  Bytes out(size);
  WITAN_TRY_VOID(cipher.decrypt_body(frame.subspan(NoiseCipher::length_frame_bytes), out));
  return out;
}

// The part of act one, two or three a byte belongs to decides the error.
ErrorCode expected_error(std::size_t at, bool act_three, ErrorCode got) {
  if (at == 0) return ErrorCode::wrong_version;
  if (act_three || at > 33) return ErrorCode::decrypt_failed;
  // A changed ephemeral key is off the curve half of the time, else another point.
  return got == ErrorCode::bad_key ? ErrorCode::bad_key : ErrorCode::decrypt_failed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(noise)

BOOST_AUTO_TEST_CASE(both_sides_agree_on_keys_and_identities) {
  auto [a, b] = connect();
  BOOST_CHECK_EQUAL(a.send.key(), b.receive.key());
  BOOST_CHECK_EQUAL(a.receive.key(), b.send.key());
  BOOST_CHECK_NE(a.send.key(), a.receive.key());
  BOOST_CHECK_EQUAL(a.handshake_hash, b.handshake_hash);
  BOOST_CHECK_EQUAL(a.remote_static, responder_public);
  BOOST_CHECK_EQUAL(b.remote_static, initiator_public);
}

BOOST_AUTO_TEST_CASE(acts_have_the_sizes_of_bolt_8) {
  const Acts acts = honest_acts();
  BOOST_CHECK_EQUAL(acts.one.size(), NoiseHandshake::act_one_bytes);
  BOOST_CHECK_EQUAL(acts.two.size(), NoiseHandshake::act_two_bytes);
  BOOST_CHECK_EQUAL(acts.three.size(), NoiseHandshake::act_three_bytes);
  auto initiator = make_initiator();
  BOOST_CHECK_EQUAL(initiator.awaited_bytes(), 0U);
  BOOST_REQUIRE(initiator.act_one().has_value());
  BOOST_CHECK_EQUAL(initiator.awaited_bytes(), 50U);
  auto responder = make_responder();
  BOOST_CHECK_EQUAL(responder.awaited_bytes(), 50U);
  BOOST_REQUIRE(responder.receive(acts.one).has_value());
  BOOST_CHECK_EQUAL(responder.awaited_bytes(), 66U);
  BOOST_REQUIRE(responder.receive(acts.three).has_value());
  BOOST_CHECK_EQUAL(responder.awaited_bytes(), 0U);
  BOOST_CHECK(responder.done());
}

BOOST_AUTO_TEST_CASE(any_changed_byte_of_an_act_ends_the_handshake) {
  const Acts acts = honest_acts();
  for (std::size_t i = 0; i < acts.one.size(); ++i) {
    Bytes wrong = acts.one;
    wrong[i] ^= 0x04;
    const auto reply = make_responder().receive(wrong);
    BOOST_REQUIRE(!reply.has_value());
    BOOST_CHECK_EQUAL(reply.error().code, expected_error(i, false, reply.error().code));
    BOOST_CHECK(reply.error().field.starts_with("act1"));
  }
  for (std::size_t i = 0; i < acts.two.size(); ++i) {
    Bytes wrong = acts.two;
    wrong[i] ^= 0x04;
    auto initiator = make_initiator();
    BOOST_REQUIRE(initiator.act_one().has_value());
    const auto reply = initiator.receive(wrong);
    BOOST_REQUIRE(!reply.has_value());
    BOOST_CHECK_EQUAL(reply.error().code, expected_error(i, false, reply.error().code));
    BOOST_CHECK(!initiator.done());
  }
  for (std::size_t i = 0; i < acts.three.size(); ++i) {
    Bytes wrong = acts.three;
    wrong[i] ^= 0x04;
    auto responder = make_responder();
    BOOST_REQUIRE(responder.receive(acts.one).has_value());
    const auto reply = responder.receive(wrong);
    BOOST_REQUIRE(!reply.has_value());
    BOOST_CHECK_EQUAL(reply.error().code, expected_error(i, true, reply.error().code));
    WITAN_CHECK_ERROR(responder.take_session(), ErrorCode::not_allowed);
  }
}

BOOST_AUTO_TEST_CASE(acts_of_another_size_are_malformed) {
  const Acts acts = honest_acts();
  WITAN_CHECK_ERROR(make_responder().receive({}), ErrorCode::malformed);
  WITAN_CHECK_ERROR(make_responder().receive(ByteView(acts.one).first(49)), ErrorCode::malformed);
  WITAN_CHECK_ERROR(make_responder().receive(acts.three), ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(a_failed_handshake_stays_failed) {
  const Acts acts = honest_acts();
  auto responder = make_responder();
  WITAN_CHECK_ERROR(responder.receive({}), ErrorCode::malformed);
  WITAN_CHECK_ERROR(responder.receive(acts.one), ErrorCode::not_allowed);
  WITAN_CHECK_ERROR(responder.take_session(), ErrorCode::not_allowed);
}

BOOST_AUTO_TEST_CASE(dialling_the_wrong_node_fails_at_act_one) {
  auto initiator = make_initiator(initiator_public);
  WITAN_CHECK_ERROR(make_responder().receive(initiator.act_one().value()),
                    ErrorCode::decrypt_failed);
}

BOOST_AUTO_TEST_CASE(another_prologue_fails_at_act_one) {
  auto initiator = make_initiator(responder_public, "witan/peer/v2");
  WITAN_CHECK_ERROR(make_responder().receive(initiator.act_one().value()),
                    ErrorCode::decrypt_failed);
}

BOOST_AUTO_TEST_CASE(invalid_keys_are_refused_at_the_start) {
  const auto prologue = as_bytes(noise_peer_prologue);
  const Bytes zero(32, 0), above_order(32, 0xff);
  for (const Bytes& bad : {zero, above_order, Bytes(31, 1), Bytes{}}) {
    WITAN_CHECK_ERROR(NoiseHandshake::responder(prologue, bad, responder_ephemeral),
                      ErrorCode::bad_key);
    WITAN_CHECK_ERROR(NoiseHandshake::responder(prologue, responder_static, bad),
                      ErrorCode::bad_key);
  }
  WITAN_CHECK_ERROR(
      NoiseHandshake::initiator(prologue, initiator_static, initiator_ephemeral, NodeId{}),
      ErrorCode::bad_key);
}

BOOST_AUTO_TEST_CASE(steps_out_of_order_are_not_allowed) {
  auto initiator = make_initiator();
  WITAN_CHECK_ERROR(initiator.receive(Bytes(50)), ErrorCode::not_allowed);
  WITAN_REQUIRE_OK(initiator.act_one());
  WITAN_CHECK_ERROR(initiator.act_one(), ErrorCode::not_allowed);
  WITAN_CHECK_ERROR(make_responder().act_one(), ErrorCode::not_allowed);
  WITAN_CHECK_ERROR(initiator.take_session(), ErrorCode::not_allowed);
}

BOOST_AUTO_TEST_CASE(a_session_is_taken_once) {
  const Acts acts = honest_acts();
  auto responder = make_responder();
  WITAN_REQUIRE_OK(responder.receive(acts.one));
  WITAN_REQUIRE_OK(responder.receive(acts.three));
  WITAN_REQUIRE_OK(responder.take_session());
  WITAN_CHECK_ERROR(responder.take_session(), ErrorCode::not_allowed);
  WITAN_CHECK_ERROR(responder.receive(acts.three), ErrorCode::not_allowed);
}

BOOST_AUTO_TEST_CASE(messages_pass_both_ways_over_many_key_rotations) {
  auto [a, b] = connect();
  const Hash32 first_key = a.send.key();
  std::size_t rotations = 0;
  Hash32 key = first_key;
  for (std::uint32_t i = 0; i < 2600; ++i) {
    const Bytes ping{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
    BOOST_REQUIRE(opened(b.receive, sealed(a.send, ping)).value() == ping);
    if (i % 3 == 0) BOOST_REQUIRE(opened(a.receive, sealed(b.send, ping)).value() == ping);
    if (a.send.key() != key) {
      BOOST_CHECK_EQUAL(i % 500, 499U);
      key = a.send.key();
      ++rotations;
    }
    BOOST_REQUIRE_EQUAL(a.send.key(), b.receive.key());
  }
  BOOST_CHECK_EQUAL(rotations, 5U);
}

BOOST_AUTO_TEST_CASE(equal_messages_never_give_equal_frames) {
  auto [a, b] = connect();
  std::vector<Bytes> frames;
  for (int i = 0; i < 1200; ++i) frames.push_back(sealed(a.send, as_bytes("same")));
  std::sort(frames.begin(), frames.end());
  BOOST_CHECK(std::adjacent_find(frames.begin(), frames.end()) == frames.end());
}

BOOST_AUTO_TEST_CASE(sizes_from_zero_to_the_maximum_pass) {
  auto [a, b] = connect();
  for (const std::size_t size : {0U, 1U, 255U, 256U, 65534U, 65535U}) {
    const Bytes message(size, 0x77);
    BOOST_CHECK(opened(b.receive, sealed(a.send, message)).value() == message);
  }
}

BOOST_AUTO_TEST_CASE(a_refused_encryption_leaves_the_cipher_usable) {
  auto [a, b] = connect();
  const Bytes large(65536);
  Bytes frame(NoiseCipher::frame_bytes(large.size()));
  WITAN_CHECK_ERROR(a.send.encrypt(large, frame), ErrorCode::too_large);
  WITAN_CHECK_ERROR(a.send.encrypt(as_bytes("x"), frame), ErrorCode::out_of_range);
  BOOST_CHECK(opened(b.receive, sealed(a.send, as_bytes("x"))).has_value());
}

BOOST_AUTO_TEST_CASE(encryption_and_decryption_work_in_place) {
  auto [a, b] = connect();
  const Bytes message(300, 0x42);
  const std::size_t head = NoiseCipher::length_frame_bytes;
  Bytes buffer(NoiseCipher::frame_bytes(message.size()));
  std::copy(message.begin(), message.end(), buffer.begin() + static_cast<std::ptrdiff_t>(head));
  WITAN_REQUIRE_OK(a.send.encrypt(ByteView(buffer).subspan(head, message.size()), buffer));
  BOOST_CHECK_EQUAL(b.receive.decrypt_length(ByteView(buffer).first(head)).value(), message.size());
  const auto body = std::span(buffer).subspan(head);
  WITAN_REQUIRE_OK(b.receive.decrypt_body(body, body.first(message.size())));
  BOOST_CHECK(Bytes(body.begin(), body.begin() + 300) == message);
}

BOOST_AUTO_TEST_CASE(a_changed_dropped_or_repeated_frame_ends_the_connection) {
  for (const std::size_t at : {0U, 17U, 18U, 21U, 37U}) {
    auto [a, b] = connect();
    Bytes frame = sealed(a.send, as_bytes("abcd"));
    frame[at] ^= 1;
    WITAN_CHECK_ERROR(opened(b.receive, frame), ErrorCode::decrypt_failed);
    WITAN_CHECK_ERROR(opened(b.receive, sealed(a.send, as_bytes("later"))),
                      ErrorCode::decrypt_failed);
  }
  auto [a, b] = connect();
  const Bytes one = sealed(a.send, as_bytes("one"));
  WITAN_REQUIRE_OK(opened(b.receive, one));
  WITAN_CHECK_ERROR(opened(b.receive, one), ErrorCode::decrypt_failed);
  auto [c, d] = connect();
  (void)sealed(c.send, as_bytes("dropped"));
  WITAN_CHECK_ERROR(opened(d.receive, sealed(c.send, as_bytes("next"))), ErrorCode::decrypt_failed);
}

BOOST_AUTO_TEST_CASE(length_and_body_alternate) {
  auto [a, b] = connect();
  const Bytes frame = sealed(a.send, as_bytes("abcd"));
  const ByteView head = ByteView(frame).first(18);
  Bytes out(4);
  WITAN_CHECK_ERROR(b.receive.decrypt_body(ByteView(frame).subspan(18), out), ErrorCode::malformed);
  WITAN_CHECK_ERROR(b.receive.decrypt_length(head.first(17)), ErrorCode::malformed);
  WITAN_REQUIRE_OK(b.receive.decrypt_length(head));
  WITAN_CHECK_ERROR(b.receive.decrypt_length(head), ErrorCode::malformed);
  WITAN_CHECK_ERROR(b.receive.decrypt_body(ByteView(frame).subspan(19), out), ErrorCode::malformed);
  WITAN_REQUIRE_OK(b.receive.decrypt_body(ByteView(frame).subspan(18), out));
  BOOST_CHECK_EQUAL(as_text(out), "abcd");
}

WITAN_PROPERTY(streams_of_messages_arrive_unchanged, [](const std::vector<Bytes>& messages) {
  auto [a, b] = connect();
  for (const Bytes& message : messages)
    RC_ASSERT(opened(b.receive, sealed(a.send, message)) == message);
})

BOOST_AUTO_TEST_SUITE_END()
