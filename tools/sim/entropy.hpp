// The randomness of the simulated machines. Programs that link witan_sim get witan::random_fill and
// random_bytes (crypto/random.hpp) from here instead of from the operating system: nonces of
// signatures are part of every certificate, and with it of every block. This is decided by the
// linker, which finds these definitions first; there is nothing in the node's own code that could
// make its randomness predictable.
#pragma once
#include <cstdint>

namespace witan::sim {

// This thread's randomness from here on is determined by the seed.
void seed_entropy(std::uint64_t seed);

}  // namespace witan::sim
