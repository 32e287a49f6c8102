// The operating system's clocks, behind the Clock interface. The only place that reads them.
#pragma once
#include "messages/base/time.hpp"

namespace witan::rt {

// CLOCK_MONOTONIC and CLOCK_REALTIME. Shared, stateless, thread-safe.
[[nodiscard]] const Clock& system_clock();

}  // namespace witan::rt
