// Time as data. A Clock is passed in; nothing below actors/runtime reads a real one.
#pragma once
#include <compare>
#include <cstdint>

namespace witan {

// A span of time in nanoseconds.
struct Duration {
  std::int64_t ns = 0;
  constexpr auto operator<=>(const Duration&) const = default;
  static constexpr Duration from_ms(std::int64_t v) { return {v * 1'000'000}; }
  static constexpr Duration from_us(std::int64_t v) { return {v * 1'000}; }
  static constexpr Duration from_s(std::int64_t v) { return {v * 1'000'000'000}; }
  [[nodiscard]] constexpr std::int64_t ms() const { return ns / 1'000'000; }
  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(ns) * 1e-9; }
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, std::int64_t k) { return {a.ns * k}; }
};

// A point on the node's monotonic clock: for timeouts and latencies.
struct Instant {
  std::int64_t ns = 0;
  constexpr auto operator<=>(const Instant&) const = default;
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
};

// Wall-clock time: nanoseconds since the Unix epoch, UTC. For block times and logs only.
struct UnixTime {
  std::int64_t ns = 0;
  constexpr auto operator<=>(const UnixTime&) const = default;
  friend constexpr Duration operator-(UnixTime a, UnixTime b) { return {a.ns - b.ns}; }
  friend constexpr UnixTime operator+(UnixTime t, Duration d) { return {t.ns + d.ns}; }
};

// The node's two clocks. Thread-safe. The simulator supplies a virtual one per node.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual UnixTime unix_now() const = 0;
};

}  // namespace witan
