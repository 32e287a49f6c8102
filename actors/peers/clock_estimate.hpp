// How a peer's clock differs from ours, from pings, as NTP does it (RFC 5905 section 8):
//
//   offset = ((t1 - t0) + (t2 - t3)) / 2     t0 ping sent, t3 pong received: our Unix time
//   delay  = (t3 - t0) - (t2 - t1)           t1 ping received, t2 pong sent: the peer's
//
// The true offset lies within delay / 2 of it. Of the last samples the one with the least delay
// counts. The peer may say what it likes: it can only spoil the estimate of its own clock, which
// nothing but traces uses. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "messages/base/time.hpp"

namespace witan::peers {

struct ClockEstimate {
  Duration offset;  // peer's minus ours
  Duration error;
  bool operator==(const ClockEstimate&) const = default;
};

class ClockEstimator {
 public:
  // The estimate after this sample; empty when the four times contradict each other.
  std::optional<ClockEstimate> add(UnixTime t0, UnixTime t1, UnixTime t2, UnixTime t3) {
    for (const UnixTime t : {t0, t1, t2, t3})
      if (t.ns <= 0 || t.ns > time_max) return std::nullopt;
    const std::int64_t delay = (t3 - t0).ns - (t2 - t1).ns;
    if (t3 < t0 || t2 < t1 || delay < 0) return std::nullopt;
    const std::int64_t offset = ((t1 - t0).ns + (t2 - t3).ns) / 2;
    samples_[next_++ % samples_.size()] = ClockEstimate{{offset}, {delay / 2 + 1}};
    const ClockEstimate* best = nullptr;
    for (const auto& sample : samples_)
      if (sample && (best == nullptr || sample->error < best->error)) best = &*sample;
    return *best;
  }

 private:
  static constexpr std::int64_t time_max = std::int64_t{1} << 62;  // differences and sums fit
  std::array<std::optional<ClockEstimate>, 8> samples_;
  std::size_t next_ = 0;
};

}  // namespace witan::peers
