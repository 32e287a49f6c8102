// Watchdog: a plain thread that looks at every slot from outside. It needs no cooperation from a
// hung actor; it cannot cure one either: it tells, and past the hard limit it ends the process.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "actors/runtime/detail/core.hpp"

namespace witan::rt::detail {

class Watchdog {
 public:
  explicit Watchdog(Core& core);
  ~Watchdog();

 private:
  void run();
  void look();

  Core& core_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace witan::rt::detail
