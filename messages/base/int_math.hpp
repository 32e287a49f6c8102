// Checked integer arithmetic for everything that feeds state. No float, no silent wrap.
#pragma once
#include <cstdint>
#include <optional>

#include "messages/base/check.hpp"

namespace witan {

__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;

template <class T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) {
  T out{};
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}
template <class T>
[[nodiscard]] constexpr std::optional<T> checked_sub(T a, T b) {
  T out{};
  if (__builtin_sub_overflow(a, b, &out)) return std::nullopt;
  return out;
}
template <class T>
[[nodiscard]] constexpr std::optional<T> checked_mul(T a, T b) {
  T out{};
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

// floor(a * b / c) with a 128-bit intermediate. REQUIRES: c != 0 and the result fits 64 bits.
[[nodiscard]] inline std::uint64_t mul_div_floor(std::uint64_t a, std::uint64_t b,
                                                 std::uint64_t c) {
  WITAN_CHECK(c != 0);
  const u128 q = static_cast<u128>(a) * b / c;
  WITAN_CHECK(q <= UINT64_MAX, a, b, c);
  return static_cast<std::uint64_t>(q);
}

}  // namespace witan
