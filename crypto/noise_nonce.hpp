// Internal to crypto/noise*.cpp: BOLT-8 nonces.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>

#include "crypto/aead.hpp"

namespace witan {

// Four zero bytes, then the counter as 64-bit little-endian.
inline std::array<std::uint8_t, aead_nonce_bytes> noise_nonce(std::uint64_t counter) {
  std::array<std::uint8_t, aead_nonce_bytes> out{};
  for (std::size_t i = 0; i < 8; ++i) out[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  return out;
}

}  // namespace witan
