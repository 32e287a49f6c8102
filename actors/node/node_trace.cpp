#include "actors/node/node_trace.hpp"

namespace witan::node {

NodeTrace::NodeTrace(const TraceConfig& config, const FilePath& home, trace::NodeInfo node,
                     Logger& log, const Clock& clock)
    : log_(log) {
  if (config.ring_bytes == 0) return;
  trace::RecorderOptions options;
  options.node = std::move(node);
  options.clock = &clock;
  options.ring_bytes = config.ring_bytes;
  options.files.folder = trace::traces_folder(home);
  options.files.segment_bytes = config.segment_bytes;
  options.files.total_bytes = config.total_bytes;
  recorder_ = std::make_unique<trace::Recorder>(std::move(options), posix_file_system());
  trace::dump_on_crash(recorder_.get());
  if (config.record) obey(TraceOrder::start);
}

NodeTrace::~NodeTrace() {
  if (recorder_) trace::dump_on_crash(nullptr);
}

void NodeTrace::obey(TraceOrder order) {
  if (!recorder_)
    return say_failed({ErrorCode::not_allowed, "trace.ring_bytes", "0: this node does not trace"});
  switch (order) {
    case TraceOrder::dump:
      return dump("request");
    case TraceOrder::start:
      if (const Status started = recorder_->start_recording(); !started)
        return say_failed(started.error());
      was_recording_ = true;
      return say_recording();
    case TraceOrder::stop:
      recorder_->stop_recording();
      return look();
  }
}

void NodeTrace::dump(std::string_view reason) {
  if (!recorder_) return;
  const auto path = recorder_->dump(reason);
  if (!path) return say_failed(path.error());
  log_event(log_, Event::trace_dumped, {{"path", path->string()}, {"reason", reason}});
}

void NodeTrace::look() {
  if (!was_recording_ || recorder_->status().recording) return;
  was_recording_ = false;
  const trace::RecorderStatus status = recorder_->status();
  if (!status.error.empty()) log_event(log_, Event::trace_failed, {{"text", status.error}});
  say_recording();
}

void NodeTrace::say_recording() {
  const trace::RecorderStatus status = recorder_->status();
  log_event(log_, Event::trace_recording,
            {{"path", status.file.string()}, {"bytes", status.bytes}, {"lost", status.lost}});
}

void NodeTrace::say_failed(const Error& error) {
  log_event(log_, Event::trace_failed, {{"text", error.to_string()}});
}

}  // namespace witan::node
