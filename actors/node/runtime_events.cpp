#include "actors/node/runtime_events.hpp"

namespace witan::node {

// tidy: table
void RuntimeEvents::event(const rt::RuntimeEvent& e) noexcept {
  switch (e.kind) {
    case rt::EventKind::actor_started:
      return log_event(services_.log, Event::actor_started, {{"actor", e.path}});
    case rt::EventKind::actor_stopped:
      return;
    case rt::EventKind::actor_failed:
      return log_event(services_.log, Event::actor_failed, {{"actor", e.path}, {"text", e.text}});
    case rt::EventKind::actor_restarting:
      services_.metrics.actor_restarts.with({e.path}).add();
      return log_event(services_.log, Event::actor_restarted,
                       {{"actor", e.path}, {"backoff_ms", e.amount}});
    case rt::EventKind::escalated:
      return log_event(services_.log, Event::actor_escalated, {{"actor", e.path}});
    case rt::EventKind::unknown_message:
      return log_event(services_.log, Event::actor_failed,
                       {{"actor", e.path}, {"text", "message without a handler"}});
    case rt::EventKind::mailbox_shed:
      services_.metrics.mailbox_shed.with({e.text}).add();
      return log_event(services_.log, Event::mailbox_full,
                       {{"actor", e.path}, {"class", e.text}, {"depth", e.amount}});
    case rt::EventKind::stop_overdue:
    case rt::EventKind::abandoned:
    case rt::EventKind::stuck:
    case rt::EventKind::starved:
      return log_event(services_.log, Event::actor_stalled,
                       {{"actor", e.path}, {"message", rt::name_of(e.kind)}, {"ms", e.amount}});
    case rt::EventKind::node_failed:
      return log_event(services_.log, Event::node_fatal,
                       {{"exit_code", e.amount}, {"text", e.text}});
    case rt::EventKind::message_refused:
      services_.metrics.quarantine_refused.add();
      if (e.amount % 1024 != 1) return;
      return log_event(services_.log, Event::message_refused,
                       {{"actor", e.path}, {"id", e.text}, {"count", e.amount}});
  }
}

}  // namespace witan::node
