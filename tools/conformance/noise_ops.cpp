// The peer channel: handshake and transport of crypto/noise.hpp.
#include <set>

#include "crypto/noise.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using nlohmann::json;

constexpr std::uint64_t max_transport_messages = 1'000'000;

// The names BOLT-8 gives to failures, from our error code and field.
std::string bolt8_name(const Error& error) {
  const std::string act = error.field.starts_with("act1")   ? "ACT1_"
                          : error.field.starts_with("act2") ? "ACT2_"
                          : error.field.starts_with("act3") ? "ACT3_"
                                                            : "";
  if (act.empty()) return error.to_string();
  switch (error.code) {
    case ErrorCode::malformed:
      return act + "READ_FAILED";
    case ErrorCode::wrong_version:
      return act + "BAD_VERSION";
    case ErrorCode::bad_key:
      return act + "BAD_PUBKEY";
    case ErrorCode::decrypt_failed:
      return act + (error.field.ends_with("ciphertext") ? "BAD_CIPHERTEXT" : "BAD_TAG");
    default:
      return error.to_string();
  }
}

Result<NoiseHandshake> make_handshake(const json& q) {
  const Bytes prologue = hex_field(q, "prologue");
  const Bytes static_secret = hex_field(q, "static_priv");
  const Bytes ephemeral_secret = hex_field(q, "ephemeral_priv");
  const auto role = q.at("role").get<std::string>();
  if (role == "initiator")
    return NoiseHandshake::initiator(prologue, static_secret, ephemeral_secret,
                                     fixed_field<NodeId>(q, "remote_static"));
  if (role != "responder") throw RequestError("role is initiator or responder");
  return NoiseHandshake::responder(prologue, static_secret, ephemeral_secret);
}

json session_reply(NoiseHandshake& handshake, json sent) {
  auto session = handshake.take_session();
  if (!session) return {{"send", sent}, {"error", session.error().to_string()}};
  return {{"send", sent},
          {"send_key", to_hex(session->send.key())},
          {"recv_key", to_hex(session->receive.key())},
          {"chaining_key", to_hex(session->send.chaining_key())},
          {"handshake_hash", to_hex(session->handshake_hash)},
          {"remote_static", to_hex(session->remote_static)}};
}

json run_handshake(const json& q) {
  const auto received = hex_list_field(q, "recv");
  json sent = json::array();
  auto handshake = make_handshake(q);
  if (!handshake) return {{"send", sent}, {"error", handshake.error().to_string()}};
  if (q.at("role") == "initiator") {
    auto act = handshake->act_one();
    if (!act) return {{"send", sent}, {"error", bolt8_name(act.error())}};
    sent.push_back(to_hex(*act));
  }
  for (const Bytes& act : received) {
    auto reply = handshake->receive(act);
    if (!reply) return {{"send", sent}, {"error", bolt8_name(reply.error())}};
    if (!reply->empty()) sent.push_back(to_hex(*reply));
  }
  return session_reply(*handshake, std::move(sent));
}

NoiseCipher cipher_field(const json& q) {
  return NoiseCipher(fixed_field<Hash32>(q, "ck"), fixed_field<Hash32>(q, "key"));
}

json run_transport(const json& q) {
  auto cipher = cipher_field(q);
  const Bytes plain = hex_field(q, "plaintext");
  const auto wanted = q.at("return").get<std::set<std::uint64_t>>();
  const std::uint64_t count = number_field(q, "count");
  if (count > max_transport_messages) throw RequestError("count is above 1000000");
  json frames = json::object();
  Bytes frame(NoiseCipher::frame_bytes(plain.size()));
  for (std::uint64_t i = 0; i < count; ++i) {
    if (auto done = cipher.encrypt(plain, frame); !done) return error_reply(done.error());
    if (wanted.contains(i)) frames[std::to_string(i)] = to_hex(frame);
  }
  return {{"frames", frames}};
}

Result<Bytes> open_frame(NoiseCipher& cipher, ByteView frame) {
  const std::size_t head = std::min(frame.size(), NoiseCipher::length_frame_bytes);
  WITAN_TRY(const std::size_t size, cipher.decrypt_length(frame.first(head)));
  Bytes out(size);
  WITAN_TRY_VOID(cipher.decrypt_body(frame.subspan(head), out));
  return out;
}

json run_open(const json& q) {
  auto cipher = cipher_field(q);
  json messages = json::array();
  for (const Bytes& frame : hex_list_field(q, "frames")) {
    auto message = open_frame(cipher, frame);
    if (!message) return {{"messages", messages}, {"error", message.error().to_string()}};
    messages.push_back(to_hex(*message));
  }
  return {{"messages", messages}};
}

}  // namespace

void register_noise_ops(OpTable& table) {
  table["noise_handshake"] = run_handshake;
  table["noise_transport"] = run_transport;
  table["noise_open"] = run_open;
}

}  // namespace witan::conformance
