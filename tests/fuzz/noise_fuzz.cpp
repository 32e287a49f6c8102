// Bytes of a hostile peer. The first byte says what is attacked: a transport cipher (0), a
// responder (1), an initiator (2), a responder waiting for act three (3). The rest is cut into acts
// or frames. Nothing may crash, and only the honest acts may finish a handshake.
#include <cstdlib>

#include "crypto/noise.hpp"

using namespace witan;

namespace {

const Bytes own_secret(32, 0x21);
const Bytes own_ephemeral(32, 0x22);

NoiseHandshake responder() {
  return NoiseHandshake::responder(as_bytes(noise_peer_prologue), own_secret, own_ephemeral)
      .value();
}

// A second honest party, so that the fuzzer also reaches the acts behind valid ones.
NoiseHandshake initiator() {
  static const NodeId remote = [] {
    constexpr std::array<std::uint8_t, 33> compressed{
        0x02, 0x8d, 0x75, 0x00, 0xdd, 0x4c, 0x12, 0x68, 0x5d, 0x1f, 0x56,
        0x8b, 0x4c, 0x2b, 0x50, 0x48, 0xe8, 0x53, 0x4b, 0x87, 0x33, 0x19,
        0xf3, 0xa8, 0xda, 0xa6, 0x12, 0xb4, 0x69, 0x13, 0x2e, 0xc7, 0xf7};
    return NodeId::from(compressed);
  }();
  return NoiseHandshake::initiator(as_bytes(noise_peer_prologue), Bytes(32, 0x11), Bytes(32, 0x12),
                                   remote)
      .value();
}

// What the honest peer of a victim in this mode sends, byte for byte: all keys here are fixed.
Bytes honest_bytes(int mode) {
  auto a = initiator();
  auto b = responder();
  const Bytes one = a.act_one().value();
  const Bytes two = b.receive(one).value();
  const Bytes three = a.receive(two).value();
  if (mode == 2) return two;
  Bytes out = mode == 1 ? one : Bytes{};
  append(out, three);
  return out;
}

// Feeds acts of the awaited size; the last one may be short.
void feed(NoiseHandshake& victim, ByteView input) {
  while (victim.awaited_bytes() != 0 && !input.empty()) {
    const auto act = input.first(std::min(victim.awaited_bytes(), input.size()));
    input = input.subspan(act.size());
    if (!victim.receive(act)) break;
  }
}

void attack_frames(ByteView input) {
  NoiseCipher cipher{Hash32{}, Hash32{}};
  const std::size_t head = NoiseCipher::length_frame_bytes;
  const auto size = cipher.decrypt_length(input.first(std::min(head, input.size())));
  if (!size) return;
  Bytes out(*size);
  const auto rest = input.subspan(head);
  (void)cipher.decrypt_body(rest.first(std::min(rest.size(), *size + 16)), out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  const int mode = data[0] & 3;
  if (mode == 0) {
    attack_frames(input);
    return 0;
  }
  auto victim = mode == 2 ? initiator() : responder();
  if (mode == 2 && !victim.act_one()) std::abort();
  if (mode == 3 && !victim.receive(initiator().act_one().value())) std::abort();
  feed(victim, input);
  if (!victim.done()) return 0;
  static const std::array<Bytes, 4> honest{Bytes{}, honest_bytes(1), honest_bytes(2),
                                           honest_bytes(3)};
  const Bytes& expected = honest[static_cast<std::size_t>(mode)];
  if (input.size() < expected.size()) std::abort();
  if (!std::equal(expected.begin(), expected.end(), input.begin())) std::abort();
  return 0;
}
