// What every actor may use besides its context: the node's log and metrics.
#pragma once
#include "actors/telemetry/log.hpp"
#include "actors/telemetry/metrics.hpp"

namespace witan {

// Both outlive every actor and are thread-safe.
struct Services {
  Logger& log;
  Metrics& metrics;
};

}  // namespace witan
