// Noise_XK_secp256k1_ChaChaPoly_SHA256 exactly as BOLT-8 (Lightning): the encrypted, mutually
// authenticated channel between two nodes.
//
// The initiator knows the responder's static key beforehand (it is the peer's address); the
// responder learns the initiator's static key in act three, encrypted. Acts of 50, 50 and 66 bytes;
// then frames of 18 (encrypted length) + n + 16 (encrypted body) bytes.
//
// Everything here is bytes in, bytes out: no sockets, no clock, no randomness. Errors are final: a
// handshake or a cipher that has failed fails for ever and the connection must be closed.
// Thread rule: one thread at a time per object; the send and receive ciphers are independent.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

// Prologue of this product's connections: both sides must mix the same text.
inline constexpr std::string_view noise_peer_prologue = "witan/peer/v1";

// One direction of an established connection. Every 1000 uses of a key (two per message) both sides
// derive the next one from the chaining key, so a nonce never passes 999.
class NoiseCipher {
 public:
  static constexpr std::size_t max_message_bytes = 65535;
  static constexpr std::size_t length_frame_bytes = 2 + 16;
  // Bytes on the wire for a message of n bytes.
  static constexpr std::size_t frame_bytes(std::size_t n) { return length_frame_bytes + n + 16; }

  NoiseCipher(const Hash32& chaining_key, const Hash32& key);
  ~NoiseCipher();
  NoiseCipher(NoiseCipher&& other) noexcept;
  NoiseCipher& operator=(NoiseCipher&& other) noexcept;
  NoiseCipher(const NoiseCipher&) = delete;
  NoiseCipher& operator=(const NoiseCipher&) = delete;

  // Writes the whole frame. REQUIRES out.size() == frame_bytes(message.size()). No copy is made;
  // the message may already lie at out[length_frame_bytes] (encryption in place).
  // Errors: too_large (message above 65535 bytes), out_of_range (size of out). Both leave the
  // cipher as it was.
  [[nodiscard]] Status encrypt(ByteView message, std::span<std::uint8_t> out);

  // Step one of receiving: the first 18 bytes of a frame give the size n of the message.
  // Then read n + 16 bytes and call decrypt_body. Errors: decrypt_failed (final), malformed (size).
  [[nodiscard]] Result<std::size_t> decrypt_length(ByteView length_frame);
  // Step two. REQUIRES out.size() == n; `out` may be the front of `body_frame` (decryption in
  // place). Errors: decrypt_failed (final), malformed (size, or no length was decrypted before).
  [[nodiscard]] Status decrypt_body(ByteView body_frame, std::span<std::uint8_t> out);

  // For tests against vectors only: the keys in use.
  [[nodiscard]] const Hash32& key() const { return key_; }
  [[nodiscard]] const Hash32& chaining_key() const { return chaining_key_; }

 private:
  void count_use();

  Hash32 chaining_key_;
  Hash32 key_;
  std::uint64_t nonce_ = 0;                    // uses of key_ so far, < 1000
  std::optional<std::size_t> pending_length_;  // decrypted, body still to come
  bool failed_ = false;
};

// What a finished handshake gives.
struct NoiseSession {
  NoiseCipher send;
  NoiseCipher receive;
  NodeId remote_static;   // the peer has proved to hold this key
  Hash32 handshake_hash;  // equal on both sides, unique per connection: binds later proofs to it
};

// Initiator: act_one() -> send; receive(act two) -> reply is act three; done().
// Responder: receive(act one) -> reply is act two; receive(act three) -> no reply; done().
class NoiseHandshake {
 public:
  static constexpr std::size_t act_one_bytes = 50;
  static constexpr std::size_t act_two_bytes = 50;
  static constexpr std::size_t act_three_bytes = 66;

  // The secrets are 32-byte scalars; the ephemeral one must be fresh and random for every
  // connection. They are copied and wiped with this object.
  // Errors: bad_key (field names which).
  [[nodiscard]] static Result<NoiseHandshake> initiator(ByteView prologue, ByteView static_secret,
                                                        ByteView ephemeral_secret,
                                                        const NodeId& responder);
  [[nodiscard]] static Result<NoiseHandshake> responder(ByteView prologue, ByteView static_secret,
                                                        ByteView ephemeral_secret);
  ~NoiseHandshake();
  NoiseHandshake(NoiseHandshake&&) noexcept;
  NoiseHandshake& operator=(NoiseHandshake&&) noexcept;
  NoiseHandshake(const NoiseHandshake&) = delete;
  NoiseHandshake& operator=(const NoiseHandshake&) = delete;

  // The initiator's first message. Errors: not_allowed (responder, or called twice).
  [[nodiscard]] Result<Bytes> act_one();
  // Size of the act to read next; 0 when none is awaited.
  [[nodiscard]] std::size_t awaited_bytes() const;
  // Takes the peer's next act (exactly awaited_bytes()), returns the act to send back, or no bytes.
  // Errors, all final, field "actN" or "actN.<part>": malformed (size), wrong_version, bad_key,
  // decrypt_failed (the peer is not who we dialled, has another prologue, or the bytes were
  // changed), not_allowed (no act is awaited).
  [[nodiscard]] Result<Bytes> receive(ByteView act);
  [[nodiscard]] bool done() const { return step_ == Step::done; }
  // The keys, once. Errors: not_allowed (not done, or taken already).
  [[nodiscard]] Result<NoiseSession> take_session();

 private:
  // No act follows `failed` or `taken`.
  enum class Step { send_one, await_one, await_two, await_three, done, taken, failed };

  NoiseHandshake() = default;
  static Result<NoiseHandshake> create(ByteView prologue, ByteView static_secret,
                                       ByteView ephemeral_secret);
  void mix_hash(ByteView bytes);
  Status mix_key(ByteView secret, const NodeId& point, std::string_view field);
  Result<Bytes> seal(std::uint64_t nonce, ByteView plain);
  Result<Bytes> open(std::uint64_t nonce, ByteView sealed, std::string_view field);
  Result<Bytes> receive_act(ByteView act);
  Result<Bytes> send_ephemeral(const NodeId& point, ByteView secret_for_point);
  Status receive_ephemeral(ByteView act, std::string_view name, ByteView secret_for_point);
  Result<Bytes> send_static();
  Status receive_static(ByteView act);
  void wipe_secrets();

  Step step_ = Step::failed;
  bool initiator_ = false;
  Hash32 hash_;          // h: everything said so far
  Hash32 chaining_key_;  // ck
  Hash32 temp_key_;      // key of the act in progress
  Hash32 static_secret_;
  Hash32 ephemeral_secret_;
  NodeId static_public_;
  NodeId ephemeral_public_;
  NodeId remote_static_;
  NodeId remote_ephemeral_;
};

}  // namespace witan
