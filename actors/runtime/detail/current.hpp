// Which actor the current thread is running, and why.
#pragma once
#include "messages/base/time.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::rt::detail {

class Core;
class Slot;

// What the current thread is doing: set while an actor runs, so that a send knows its cause.
struct Current {
  Core* core = nullptr;
  Slot* slot = nullptr;
  TraceContext trace;
  Instant started;
};
Current& current();
class CurrentScope {
 public:
  CurrentScope(Core& core, Slot& slot, const TraceContext& trace, Instant started)
      : saved_(current()) {
    current() = {&core, &slot, trace, started};
  }
  ~CurrentScope() { current() = saved_; }
  CurrentScope(const CurrentScope&) = delete;
  CurrentScope& operator=(const CurrentScope&) = delete;

 private:
  Current saved_;
};

}  // namespace witan::rt::detail
