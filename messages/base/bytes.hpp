// Byte containers: owned, borrowed and fixed-size.
#pragma once
#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace witan {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Exactly N bytes with a meaning given by Tag. Value-initialised to zero; ordered
// lexicographically.
template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t size_bytes = N;
  std::array<std::uint8_t, N> data{};

  constexpr auto operator<=>(const FixedBytes&) const = default;
  // In words: the comparison of two ids is too short to be worth a call of memcmp.
  constexpr bool operator==(const FixedBytes& other) const {
    if (N % 8 != 0 || std::is_constant_evaluated()) return data == other.data;
    std::uint64_t difference = 0;
    for (std::size_t at = 0; at + 8 <= N; at += 8) {
      std::uint64_t a = 0;
      std::uint64_t b = 0;
      std::memcpy(&a, data.data() + at, 8);
      std::memcpy(&b, other.data.data() + at, 8);
      difference |= a ^ b;
    }
    return difference == 0;
  }
  [[nodiscard]] ByteView view() const { return ByteView(data.data(), N); }
  [[nodiscard]] bool is_zero() const {
    return std::all_of(data.begin(), data.end(), [](std::uint8_t b) { return b == 0; });
  }
  // REQUIRES: view.size() == N (checked decoders use fixed_from in result.hpp's users).
  static FixedBytes from(ByteView view) {
    FixedBytes out;
    if (!view.empty()) std::memcpy(out.data.data(), view.data(), std::min(N, view.size()));
    return out;
  }
};

using Hash32 = FixedBytes<struct Hash32Tag, 32>;        // SHA-256 of something
using PublicKey = FixedBytes<struct PublicKeyTag, 32>;  // BIP-340 x-only key
using Signature = FixedBytes<struct SignatureTag, 64>;  // BIP-340 Schnorr signature
using NodeId = FixedBytes<struct NodeIdTag, 33>;        // compressed secp256k1 transport key

inline ByteView as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline std::string_view as_text(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}
inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace witan

template <class Tag, std::size_t N>
struct std::hash<witan::FixedBytes<Tag, N>> {
  // The content is a hash or a key already: its first word is a good hash. Never iterate a hashed
  // container where the order can be observed (determinism).
  std::size_t operator()(const witan::FixedBytes<Tag, N>& b) const noexcept {
    std::size_t h = 0;
    std::memcpy(&h, b.data.data() + (N > 32 ? 1 : 0), sizeof h);
    return h;
  }
};
