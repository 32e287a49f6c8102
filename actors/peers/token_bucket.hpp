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
    refill(now);
    if (tokens_milli_ < 1000) return false;
    tokens_milli_ -= 1000;
    return true;
  }

 private:
  // Only whole milli-tokens are granted, and only their time is used up: callers that come more
  // often than a milli-token grows still get their rate.
  void refill(Instant now) {
    const std::int64_t elapsed_ns = (now - last_).ns;
    if (elapsed_ns <= 0 || per_second_ == 0) return;
    const auto capped =
        static_cast<std::uint64_t>(std::min<std::int64_t>(elapsed_ns, 60'000'000'000));
    const std::uint64_t gained = capped * per_second_ / 1'000'000;
    tokens_milli_ += gained;
    if (tokens_milli_ >= burst_ * 1000 || capped != static_cast<std::uint64_t>(elapsed_ns)) {
      tokens_milli_ = std::min(tokens_milli_, burst_ * 1000);
      last_ = now;
    } else {
      last_ = last_ + Duration{static_cast<std::int64_t>(gained * 1'000'000 / per_second_)};
    }
  }

  std::uint64_t per_second_ = 0;
  std::uint64_t burst_ = 0;
  std::uint64_t tokens_milli_ = 0;
  Instant last_{};
};

}  // namespace witan::peers
