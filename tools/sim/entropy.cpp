#include "tools/sim/entropy.hpp"

#include "crypto/random.hpp"
#include "messages/base/random.hpp"

namespace witan {
namespace {

thread_local Random source{0};

}  // namespace

namespace sim {
void seed_entropy(std::uint64_t seed) { source = Random(seed).fork("entropy"); }
}  // namespace sim

void random_fill(std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size();) {
    std::uint64_t word = source.next();
    for (int b = 0; b < 8 && i < out.size(); ++b, word >>= 8U)
      out[i++] = static_cast<std::uint8_t>(word);
  }
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  random_fill(out);
  return out;
}

}  // namespace witan
