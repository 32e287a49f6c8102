// Packets as an authenticated but hostile peer may send them: u16 length, then the packet,
// repeated. The reader never crashes, and hands on only messages of the table on their own channel.
#include "actors/peers/frame.hpp"
#include "messages/base/check.hpp"
#include "messages/base/codec_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  peers::FrameReader reader;
  ByteReader in(ByteView(data, size));
  while (in.left() > 0) {
    const std::size_t length = in.u16();
    const ByteView packet = in.raw(std::min(length, in.left()));
    const Status status = reader.read_packet(packet, [](peers::WireMessage message) {
      WITAN_CHECK(message.type == find_wire_type(message.envelope.type));
      WITAN_CHECK(message.envelope.words->flat_bytes() <= message.type->bytes_max);
      WITAN_CHECK(message.type->check(*message.envelope.words).has_value());
    });
    if (!status) return 0;
  }
  return 0;
}
