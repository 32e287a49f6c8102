// Rate limit: `burst` at once, `per_second` on average. Time is an argument.
#pragma once
#include <algorithm>
#include <cstdint>

#include "messages/base/time.hpp"

namespace witan::peers {

class TokenBucket {
 public:
  TokenBucket() = default;
  TokenBucket(std::uint64_t per_second, std::uint64_t burst)
      : per_second_(per_second), burst_(burst), tokens_milli_(burst * 1000) {}

  // Takes one token; false when none is left.
  [[nodiscard]] bool take(Instant now) {
    const std::int64_t elapsed_us = (now - last_).ns / 1000;
    if (elapsed_us > 0) {
      const auto capped =
          static_cast<std::uint64_t>(std::min<std::int64_t>(elapsed_us, 60'000'000));
      tokens_milli_ = std::min(burst_ * 1000, tokens_milli_ + capped * per_second_ / 1000);
      last_ = now;
    }
    if (tokens_milli_ < 1000) return false;
    tokens_milli_ -= 1000;
    return true;
  }

 private:
  std::uint64_t per_second_ = 0;
  std::uint64_t burst_ = 0;
  std::uint64_t tokens_milli_ = 0;
  Instant last_{};
};

}  // namespace witan::peers
