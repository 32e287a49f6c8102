// A fixed-size secret: wiped when it goes, moved but never copied by accident, never printed.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <iosfwd>

#include "crypto/hash.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/check.hpp"

namespace witan {

// N secret bytes, compared in constant time. Not thread-safe to write; reading from several threads
// is fine. A copy is spelled `clone()`, so that each one is visible in review.
template <std::size_t N>
class Secret {
 public:
  static constexpr std::size_t size_bytes = N;

  Secret() = default;
  ~Secret() { wipe(bytes_); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }

  // REQUIRES: bytes.size() == N.
  [[nodiscard]] static Secret from(ByteView bytes) {
    WITAN_CHECK(bytes.size() == N, bytes.size());
    Secret out;
    std::memcpy(out.bytes_.data(), bytes.data(), N);
    return out;
  }
  [[nodiscard]] Secret clone() const { return from(view()); }

  [[nodiscard]] ByteView view() const { return {bytes_.data(), N}; }
  [[nodiscard]] std::uint8_t* data() { return bytes_.data(); }
  [[nodiscard]] const std::uint8_t* data() const { return bytes_.data(); }

  friend bool operator==(const Secret& a, const Secret& b) {
    return constant_time_equal(a.view(), b.view());
  }
  // A secret is never written to a stream or a log.
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  alignas(8) std::array<std::uint8_t, N> bytes_{};
};

}  // namespace witan
