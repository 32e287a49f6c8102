// Where the events actor writes and event streams read: the event log behind a lock.
//
// A stream keeps only its cursor. It takes the next page whenever its connection can carry more, so
// a slow reader holds no memory; one that falls behind the log gets an explicit error event and is
// closed. Nothing between a stream's first event and its last is ever skipped. Thread-safe.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/api/core/event_log.hpp"
#include "actors/api/http_server.hpp"

namespace witan {

class EventHub : public std::enable_shared_from_this<EventHub> {
 public:
  EventHub(std::size_t events_max = 65'536, std::size_t bytes_max = 16 * 1024 * 1024)
      : log_(events_max, bytes_max) {}

  // Called after each publish, from the publishing thread; must not call back.
  void set_wake(std::function<void()> wake);
  EventCursor publish(std::uint64_t height, std::string name, std::string json);

  // A stream that starts at `from`, or with the next event when empty.
  [[nodiscard]] std::unique_ptr<StreamSource> open(std::optional<EventCursor> from);

  // Appends events from `at` on as stream text until about `bytes_max` are there, moving `at` past
  // them. Errors: pruned (see EventLog::first_from); `out` holds what came before.
  Status read(EventCursor& at, std::string& out, std::size_t bytes_max) const;
  [[nodiscard]] EventCursor next() const;

 private:
  mutable std::mutex mutex_;
  EventLog log_;
  std::function<void()> wake_;
};

}  // namespace witan
