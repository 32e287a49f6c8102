#include "actors/peers/frame.hpp"

#include "messages/base/check.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan::peers {
namespace {

constexpr std::size_t frame_header_bytes = 4;
constexpr std::size_t message_header_bytes = 38;
constexpr std::uint8_t flag_first = 1;
constexpr std::uint8_t flag_last = 2;

bool is_bulk(std::size_t channel) { return witan::is_bulk(static_cast<Channel>(channel)); }

Bytes flatten(const Envelope& envelope) {
  const std::size_t words_bytes = envelope.words->flat_bytes();
  ByteWriter header(message_header_bytes + words_bytes);
  header.u64(envelope.type)
      .u32(static_cast<std::uint32_t>(words_bytes))
      .u64(envelope.trace.trace_hi)
      .u64(envelope.trace.trace_lo)
      .u64(envelope.trace.span)
      .u16(envelope.trace.hops);
  Bytes out = header.take();
  envelope.words->append_flat(out);
  return out;
}

}  // namespace

bool SendQueue::push(Channel channel, const Envelope& envelope) {
  const auto c = static_cast<std::size_t>(channel);
  const std::size_t size = message_header_bytes + envelope.words->flat_bytes();
  const std::size_t bytes_max = is_bulk(c) ? limits_.bytes_max / 2 : limits_.bytes_max;
  if (bytes_ + size > bytes_max || channel_bytes_[c] + size > limits_.channel_bytes_max)
    return false;
  queues_[c].push_back({flatten(envelope), 0});
  channel_bytes_[c] += size;
  bytes_ += size;
  return true;
}

std::size_t SendQueue::drop_waiting(Channel channel) {
  const auto c = static_cast<std::size_t>(channel);
  auto& queue = queues_[c];
  const std::size_t kept = !queue.empty() && queue.front().sent > 0 ? 1 : 0;
  const std::size_t dropped = queue.size() - kept;
  for (; queue.size() > kept; queue.pop_back()) {
    channel_bytes_[c] -= queue.back().flat.size();
    bytes_ -= queue.back().flat.size();
  }
  return dropped;
}

bool SendQueue::next_packet(Bytes& packet) {
  packet.clear();
  for (std::size_t channel = 0; channel < channel_count; ++channel) {
    const std::size_t packet_max = is_bulk(channel) ? bulk_packet_bytes_max : packet_bytes_max;
    if (!append_frames(packet, channel, packet_max)) break;
  }
  return !packet.empty();
}

Status SendQueue::grant(Channel channel, std::size_t bytes) {
  std::size_t& spent = spent_[static_cast<std::size_t>(channel)];
  if (bytes > spent)
    return fail(ErrorCode::out_of_range, "credit",
                "more " + std::string(name_of(channel)) + " granted than was sent");
  spent -= bytes;
  return {};
}

// Appends frames of one channel while they fit; false when the packet is full.
bool SendQueue::append_frames(Bytes& packet, std::size_t channel, std::size_t packet_max) {
  auto& queue = queues_[channel];
  while (!queue.empty()) {
    if (packet.size() + frame_header_bytes + 64 > packet_max) return false;
    Item& item = queue.front();
    std::size_t room = packet_max - packet.size() - frame_header_bytes;
    // The message header is never split: a first frame holds it whole.
    if (item.sent == 0 && room < message_header_bytes) return false;
    if (is_bulk(channel)) {
      const std::size_t credit = credit_window_bytes - spent_[channel];
      if (credit < std::min(message_header_bytes, item.flat.size() - item.sent)) return true;
      room = std::min(room, credit);
    }
    const std::size_t size = std::min(room, item.flat.size() - item.sent);
    const bool last = item.sent + size == item.flat.size();
    ByteWriter frame(frame_header_bytes);
    frame.u8(static_cast<std::uint8_t>(channel))
        .u8(static_cast<std::uint8_t>((item.sent == 0 ? flag_first : 0) | (last ? flag_last : 0)))
        .u16(static_cast<std::uint16_t>(size));
    append(packet, frame.view());
    append(packet, ByteView(item.flat).subspan(item.sent, size));
    item.sent += size;
    channel_bytes_[channel] -= size;
    bytes_ -= size;
    if (is_bulk(channel)) spent_[channel] += size;
    if (last) queue.pop_front();
  }
  return true;
}

Status FrameReader::begin(std::size_t channel, ByteView& payload) {
  Partial& partial = partial_[channel];
  if (partial.type != nullptr)
    return fail(ErrorCode::malformed, "frame", "a message began inside another");
  if (payload.size() < message_header_bytes)
    return fail(ErrorCode::malformed, "frame", "message header is cut short");
  ByteReader header(payload.first(message_header_bytes));
  const WireType* type = find_wire_type(header.u64());
  if (type == nullptr) return fail(ErrorCode::unknown_type, "frame.type");
  if (static_cast<std::size_t>(type->channel) != channel)
    return fail(ErrorCode::malformed, "frame.channel", "message type belongs to another channel");
  const std::size_t flat_bytes = header.u32();
  if (flat_bytes > type->bytes_max)
    return fail(ErrorCode::too_large, std::string(type->name), "message above its limit");
  if (flat_bytes == 0 || flat_bytes % 8 != 0)
    return fail(ErrorCode::malformed, std::string(type->name), "length is not a multiple of 8");
  partial.trace.trace_hi = header.u64();
  partial.trace.trace_lo = header.u64();
  partial.trace.span = header.u64();
  partial.trace.hops = header.u16();
  partial.type = type;
  partial.words = kj::heapArray<capnp::word>(flat_bytes / 8);
  partial.filled = 0;
  payload = payload.subspan(message_header_bytes);
  return {};
}

Status FrameReader::finish(std::size_t channel, const Sink& sink) {
  Partial partial = std::move(partial_[channel]);
  partial_[channel] = Partial{};
  if (partial.filled != partial.words.size() * 8)
    return fail(ErrorCode::malformed, std::string(partial.type->name), "message is cut short");
  auto words = Words::adopt_flat(kj::mv(partial.words));
  if (!words) return fail(words.error());
  WITAN_TRY_VOID(partial.type->check(**words));
  WireMessage message;
  message.type = partial.type;
  message.envelope.type = partial.type->type;
  message.envelope.trace = partial.trace;
  message.envelope.words = std::move(*words);
  sink(std::move(message));
  return {};
}

Status FrameReader::read_packet(ByteView packet, const Sink& sink) {
  ByteReader in(packet);
  while (in.left() > 0) {
    const std::size_t channel = in.u8();
    const std::uint8_t flags = in.u8();
    const std::uint16_t size = in.u16();
    ByteView payload = in.raw(size);
    if (in.failed() || payload.size() != size)
      return fail(ErrorCode::malformed, "frame", "frame is cut short");
    if (channel >= channel_count) return fail(ErrorCode::out_of_range, "frame.channel");
    if (is_bulk(channel)) {
      taken_[channel] += size;
      if (taken_[channel] > credit_window_bytes)
        return fail(ErrorCode::not_allowed, std::string(name_of(static_cast<Channel>(channel))),
                    "more than its credit");
    }
    if ((flags & flag_first) != 0) WITAN_TRY_VOID(begin(channel, payload));
    Partial& partial = partial_[channel];
    if (partial.type == nullptr)
      return fail(ErrorCode::malformed, "frame", "continuation without a beginning");
    if (payload.size() > partial.words.size() * 8 - partial.filled)
      return fail(ErrorCode::malformed, "frame", "message is longer than announced");
    if (!payload.empty())
      std::memcpy(reinterpret_cast<std::uint8_t*>(partial.words.begin()) + partial.filled,
                  payload.data(), payload.size());
    partial.filled += payload.size();
    if ((flags & flag_last) != 0) WITAN_TRY_VOID(finish(channel, sink));
  }
  return {};
}

}  // namespace witan::peers
