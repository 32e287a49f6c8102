// Framing inside the encrypted connection: many channels, urgent ones first.
//
//   packet  = frame+         the plaintext of one Noise message, at most packet_bytes_max
//   frame   = channel:u8 flags:u8 size:u16 payload[size]
//             flags: 1 = first, 2 = last frame of a message
//   message = header words   cut into frames; the header is in the first one
//   header  = type:u64 flat_bytes:u32 trace_hi:u64 trace_lo:u64 span:u64 hops:u16 (38 bytes)
//
// Messages of one channel arrive in order and are never interleaved; frames of different channels
// may be. A vote therefore waits for at most one packet of bulk data (decisions.md D7).
//
// Of each bulk channel at most credit_window_bytes of payload are on their way: the receiver grants
// them again (Credit) when it has processed them and the mailbox behind has room. Bulk that nobody
// takes thus waits at the sender, and what decides passes it (docs/adr/0020-credit-per-channel.md).
#pragma once
#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "messages/wire/peer_wire.hpp"

namespace witan::peers {

inline constexpr std::size_t packet_bytes_max = 65'535;          // BOLT-8 message limit
inline constexpr std::size_t bulk_packet_bytes_max = 16 * 1024;  // bulk yields after this much
inline constexpr std::size_t credit_window_bytes = 1024 * 1024;  // of one bulk channel

// Outgoing messages of one connection. Not thread-safe; owned by its session.
class SendQueue {
 public:
  struct Limits {
    std::size_t bytes_max = 16 * 1024 * 1024;         // all channels together; bulk: half of it
    std::size_t channel_bytes_max = 8 * 1024 * 1024;  // one channel
  };
  explicit SendQueue(Limits limits) : limits_(limits) {}

  // False when the channel or the queue is full: the message was not taken.
  [[nodiscard]] bool push(Channel channel, const Envelope& envelope);
  // Forgets the messages of a channel of which nothing has left yet; how many they were.
  std::size_t drop_waiting(Channel channel);
  // Fills `packet` with the next frames, most urgent channel first; false when nothing may leave:
  // nothing waits, or only bulk without credit.
  [[nodiscard]] bool next_packet(Bytes& packet);
  // The peer takes so many more bytes of a bulk channel. Error: more than were sent.
  [[nodiscard]] Status grant(Channel channel, std::size_t bytes);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_ == 0; }

 private:
  struct Item {
    Bytes flat;  // header and words
    std::size_t sent = 0;
  };
  bool append_frames(Bytes& packet, std::size_t channel, std::size_t packet_max);

  Limits limits_;
  std::array<std::deque<Item>, channel_count> queues_;
  std::array<std::size_t, channel_count> channel_bytes_{};
  std::array<std::size_t, channel_count> spent_{};  // of the window; bulk only
  std::size_t bytes_ = 0;
};

// A message that arrived whole; its words passed the check of its WireType.
struct WireMessage {
  const WireType* type = nullptr;
  Envelope envelope;
};

// Reassembles messages from decrypted packets. Memory: at most one message per channel, never more
// than its type's limit. Errors end the connection: malformed, unknown_type, too_large, and
// not_allowed for bulk beyond its credit.
class FrameReader {
 public:
  using Sink = std::function<void(WireMessage)>;
  [[nodiscard]] Status read_packet(ByteView packet, const Sink& sink);
  // Bytes of a bulk channel read since the last grant. Granting them: returns them, to be told.
  [[nodiscard]] std::size_t ungranted(Channel channel) const {
    return taken_[static_cast<std::size_t>(channel)];
  }
  [[nodiscard]] std::size_t grant(Channel channel) {
    return std::exchange(taken_[static_cast<std::size_t>(channel)], 0);
  }

 private:
  struct Partial {
    const WireType* type = nullptr;
    TraceContext trace;
    kj::Array<capnp::word> words;
    std::size_t filled = 0;
  };
  Status begin(std::size_t channel, ByteView& payload);
  Status finish(std::size_t channel, const Sink& sink);

  std::array<Partial, channel_count> partial_;
  std::array<std::size_t, channel_count> taken_{};  // of the window; bulk only
};

}  // namespace witan::peers
