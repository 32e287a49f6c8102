// The last events of this node in the order they happened, addressed by (height, index): what an
// event stream reads from and resumes in. Pure; one thread at a time (EventHub adds the lock).
//
// Invariants: cursors strictly increase; heights never go back (an event that names a lower height
// is filed under the current one); at most `events_max` events and `bytes_max` bytes of text are
// kept, the oldest go first. A reader that asks for something already gone is told so, it never
// skips silently.
#pragma once
#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "messages/base/result.hpp"

namespace witan {

// Place of an event; its text form "height-index" is the `id` of a server-sent event.
struct EventCursor {
  std::uint64_t height = 0;
  std::uint32_t index = 0;  // within the height
  constexpr auto operator<=>(const EventCursor&) const = default;
  [[nodiscard]] std::string to_string() const;
  // "7-3", or "7" for the first event of height 7. Errors: malformed.
  static Result<EventCursor> parse(std::string_view text);
};

struct LoggedEvent {
  EventCursor at;
  std::string name;
  std::string json;  // one line
};

class EventLog {
 public:
  EventLog(std::size_t events_max, std::size_t bytes_max)
      : events_max_(events_max), bytes_max_(bytes_max) {}

  // Files an event under max(height, current height); returns its place.
  EventCursor append(std::uint64_t height, std::string name, std::string json);

  // The first event at or after `at`; null when there is none yet. Errors: pruned when events at or
  // after `at` may have been dropped (the field names the oldest one kept).
  [[nodiscard]] Result<const LoggedEvent*> first_from(EventCursor at) const;

  // Oldest event kept, and where the next one will be at the earliest.
  [[nodiscard]] std::optional<EventCursor> oldest() const;
  [[nodiscard]] EventCursor next() const { return next_; }
  [[nodiscard]] std::size_t size() const { return events_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void trim();
  std::size_t events_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  EventCursor next_;
  std::optional<EventCursor> last_dropped_;
  std::deque<LoggedEvent> events_;  // ascending by `at`
};

}  // namespace witan
