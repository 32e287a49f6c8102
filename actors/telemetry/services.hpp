// What every actor may use besides its context: the node's log and metrics.
#pragma once
#include "actors/telemetry/log.hpp"
#include "actors/telemetry/metrics.hpp"
#include "actors/telemetry/trace/peer_clock_sink.hpp"

namespace witan {

// All outlive every actor and are thread-safe.
struct Services {
  Logger& log;
  Metrics& metrics;
  trace::PeerClockSink* clocks = nullptr;  // null: nobody wants to know
};

}  // namespace witan
