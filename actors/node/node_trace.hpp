// NodeTrace: the node's recorder (actors/telemetry/trace) and how an operator works it.
//
// SIGUSR1 writes the flight recorder to home/traces. A number sent with it (sigqueue, as `witan
// trace record` does) starts (1) or stops (2) a recording of everything instead. So whoever may
// signal the process may trace it, and nobody else.
#pragma once
#include <memory>

#include "actors/telemetry/services.hpp"
#include "actors/telemetry/trace/recorder.hpp"
#include "config/node_config.hpp"
#include "messages/base/bytes.hpp"

namespace witan::node {

enum class TraceOrder : int { dump = 0, start = 1, stop = 2 };

class NodeTrace {
 public:
  // Starts a recording when the configuration says so. With ring_bytes 0 there is no recorder.
  NodeTrace(const TraceConfig& config, const FilePath& home, trace::NodeInfo node, Logger& log,
            const Clock& clock);
  ~NodeTrace();
  NodeTrace(const NodeTrace&) = delete;
  NodeTrace& operator=(const NodeTrace&) = delete;

  [[nodiscard]] trace::Recorder* recorder() { return recorder_.get(); }
  void obey(TraceOrder order);
  // Before the process ends by a failure.
  void dump(std::string_view reason);
  // Says when a recording ended by itself. The main thread, now and then.
  void look();

 private:
  void say_recording();
  void say_failed(const Error& error);

  Logger& log_;
  std::unique_ptr<trace::Recorder> recorder_;
  bool was_recording_ = false;
};

}  // namespace witan::node
