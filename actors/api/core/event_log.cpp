#include "actors/api/core/event_log.hpp"

#include <algorithm>
#include <charconv>

namespace witan {
namespace {
template <class T>
bool parse_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}
std::size_t cost(const LoggedEvent& e) {
  return sizeof(LoggedEvent) + e.name.size() + e.json.size();
}
}  // namespace

std::string EventCursor::to_string() const {
  return std::to_string(height) + "-" + std::to_string(index);
}

Result<EventCursor> EventCursor::parse(std::string_view text) {
  EventCursor out;
  const std::size_t dash = text.find('-');
  const bool good =
      parse_number(text.substr(0, dash), out.height) &&
      (dash == std::string_view::npos || parse_number(text.substr(dash + 1), out.index));
  if (!good)
    return fail(ErrorCode::malformed, "from", "expected `height-index` or `height`, in decimal");
  return out;
}

EventCursor EventLog::append(std::uint64_t height, std::string name, std::string json) {
  if (height > next_.height) next_ = {height, 0};
  const EventCursor at = next_;
  ++next_.index;
  events_.push_back({at, std::move(name), std::move(json)});
  bytes_ += cost(events_.back());
  trim();
  return at;
}

void EventLog::trim() {
  while (events_.size() > events_max_ || bytes_ > bytes_max_) {
    last_dropped_ = events_.front().at;
    bytes_ -= cost(events_.front());
    events_.pop_front();
    if (events_.empty()) return;
  }
}

Result<const LoggedEvent*> EventLog::first_from(EventCursor at) const {
  if (last_dropped_ && at <= *last_dropped_) {
    const EventCursor kept = oldest().value_or(next_);
    return fail(ErrorCode::pruned, kept.to_string(),
                "events before " + kept.to_string() + " are no longer kept; resume from there");
  }
  const auto found = std::lower_bound(events_.begin(), events_.end(), at,
                                      [](const LoggedEvent& e, EventCursor c) { return e.at < c; });
  return found == events_.end() ? nullptr : &*found;
}

std::optional<EventCursor> EventLog::oldest() const {
  if (events_.empty()) return std::nullopt;
  return events_.front().at;
}

}  // namespace witan
