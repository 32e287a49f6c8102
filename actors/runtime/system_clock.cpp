#include "actors/runtime/system_clock.hpp"

#include <ctime>

namespace witan::rt {
namespace {

std::int64_t read(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return {read(CLOCK_MONOTONIC)}; }
  [[nodiscard]] UnixTime unix_now() const override { return {read(CLOCK_REALTIME)}; }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace witan::rt
