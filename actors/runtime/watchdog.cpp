#include "actors/runtime/detail/watchdog.hpp"

#include <algorithm>
#include <chrono>

namespace witan::rt::detail {

Watchdog::Watchdog(Core& core) : core_(core), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  const std::chrono::nanoseconds period(core_.options.watchdog.period.ns);
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, period, [this] { return stop_; })) {
    guard.unlock();
    look();
    guard.lock();
  }
}

void Watchdog::look() {
  const auto& limits = core_.options.watchdog;
  const Instant now = core_.now();
  for (const auto& slot : core_.slots()) {
    const ActorStatus status = slot->status(now);
    const auto who = slot->current();
    if (!who) continue;
    if (status.busy_now > limits.busy_limit && !who->blocking) {
      core_.event(EventKind::stuck, slot->path, {},
                  static_cast<std::uint64_t>(status.busy_now.ms()));
      if (limits.hard_limit.ns > 0 && status.busy_now > limits.hard_limit) {
        core_.end_process({static_cast<int>(ExitCode::watchdog), slot->path + " is stuck"});
        return;
      }
    }
    Duration oldest;
    for (const auto& box : status.mailbox) oldest = std::max(oldest, box.oldest);
    if (oldest > limits.wait_limit) {
      core_.event(EventKind::starved, slot->path, {}, static_cast<std::uint64_t>(oldest.ms()));
    }
  }
}

}  // namespace witan::rt::detail
