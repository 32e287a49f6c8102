// Randomness of the operating system, for keys, nonces and salts only. Everything that must be
// reproducible (jitter, sampling, the simulator) uses messages/base/random.hpp instead.
// Thread-safe. Ends the process if the operating system has no randomness (libsodium's policy).
#pragma once
#include <span>

#include "crypto/secret.hpp"
#include "messages/base/bytes.hpp"

namespace witan {

void random_fill(std::span<std::uint8_t> out);
[[nodiscard]] Bytes random_bytes(std::size_t count);

template <std::size_t N>
[[nodiscard]] Secret<N> random_secret() {
  Secret<N> out;
  random_fill({out.data(), N});
  return out;
}

}  // namespace witan
