#include "actors/consensus/signer/secure_channel.hpp"

#include "actors/consensus/signer/protocol.hpp"

namespace witan::signer {

Result<NoiseSession> SecureChannel::finish(StreamSocket& socket, NoiseHandshake handshake,
                                           Instant until) {
  while (!handshake.done()) {
    Bytes act(handshake.awaited_bytes());
    WITAN_TRY_VOID(socket.read(act, until));
    WITAN_TRY(const Bytes answer, handshake.receive(act));
    WITAN_TRY_VOID(socket.write(answer, until));
  }
  return handshake.take_session();
}

Result<SecureChannel> SecureChannel::initiate(StreamSocket socket, const SecretKey& self,
                                              const NodeId& responder, Instant until) {
  const SecretBytes own = self.secret_bytes();
  const SecretBytes fresh = SecretKey::generate().secret_bytes();
  WITAN_TRY(NoiseHandshake handshake,
            NoiseHandshake::initiator(as_bytes(prologue), own.view(), fresh.view(), responder));
  WITAN_TRY(const Bytes first, handshake.act_one());
  WITAN_TRY_VOID(socket.write(first, until));
  WITAN_TRY(NoiseSession session, finish(socket, std::move(handshake), until));
  return SecureChannel(std::move(socket), std::move(session));
}

Result<SecureChannel> SecureChannel::respond(StreamSocket socket, const SecretKey& self,
                                             Instant until) {
  const SecretBytes own = self.secret_bytes();
  const SecretBytes fresh = SecretKey::generate().secret_bytes();
  WITAN_TRY(NoiseHandshake handshake,
            NoiseHandshake::responder(as_bytes(prologue), own.view(), fresh.view()));
  WITAN_TRY(NoiseSession session, finish(socket, std::move(handshake), until));
  return SecureChannel(std::move(socket), std::move(session));
}

Status SecureChannel::send(ByteView message, Instant until) {
  if (message.size() > NoiseCipher::max_message_bytes)
    return fail(ErrorCode::too_large, "message", "above one Noise message");
  Bytes frame(NoiseCipher::frame_bytes(message.size()));
  WITAN_TRY_VOID(session_.send.encrypt(message, frame));
  return socket_.write(frame, until);
}

Result<Bytes> SecureChannel::receive(Instant until) {
  std::array<std::uint8_t, NoiseCipher::length_frame_bytes> head{};
  WITAN_TRY_VOID(socket_.read(head, until));
  WITAN_TRY(const std::size_t size, session_.receive.decrypt_length(head));
  Bytes body(size + 16);
  WITAN_TRY_VOID(socket_.read(body, until));
  Bytes out(size);
  WITAN_TRY_VOID(session_.receive.decrypt_body(body, out));
  return out;
}

}  // namespace witan::signer
