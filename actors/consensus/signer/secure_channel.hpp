// Messages over a stream: Noise_XK with node keys (crypto/noise.hpp) under this protocol's own
// prologue, then one Noise message for each message. Any error is final: close the connection.
// One thread at a time.
#pragma once
#include "actors/consensus/signer/stream_socket.hpp"
#include "crypto/keys.hpp"
#include "crypto/noise.hpp"

namespace witan::signer {

class SecureChannel {
 public:
  // Errors: network, timeout, and those of NoiseHandshake (decrypt_failed: not who was dialled).
  [[nodiscard]] static Result<SecureChannel> initiate(StreamSocket socket, const SecretKey& self,
                                                      const NodeId& responder, Instant until);
  [[nodiscard]] static Result<SecureChannel> respond(StreamSocket socket, const SecretKey& self,
                                                     Instant until);

  // Errors: too_large (above 65,535 bytes), network, timeout.
  [[nodiscard]] Status send(ByteView message, Instant until);
  // Errors: network, timeout, decrypt_failed.
  [[nodiscard]] Result<Bytes> receive(Instant until);
  [[nodiscard]] const NodeId& remote() const { return session_.remote_static; }
  [[nodiscard]] const StreamSocket& socket() const { return socket_; }

 private:
  SecureChannel(StreamSocket socket, NoiseSession session)
      : socket_(std::move(socket)), session_(std::move(session)) {}
  static Result<NoiseSession> finish(StreamSocket& socket, NoiseHandshake handshake, Instant until);
  StreamSocket socket_;
  NoiseSession session_;
};

}  // namespace witan::signer
