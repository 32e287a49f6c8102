#include "actors/api/event_hub.hpp"

#include "actors/api/http_error.hpp"

namespace witan {
namespace {

void append_event(std::string& out, const LoggedEvent& e) {
  out += "id: " + e.at.to_string() + "\nevent: " + e.name + "\ndata: " + e.json + "\n\n";
}

class HubStream final : public StreamSource {
 public:
  HubStream(std::shared_ptr<const EventHub> hub, EventCursor at) : hub_(std::move(hub)), at_(at) {}

  More next(std::string& out, std::size_t bytes_max) override {
    const Status status = hub_->read(at_, out, bytes_max);
    if (status) return More::go_on;
    out += "event: error\ndata: " + error_json(status.error()) + "\n\n";
    return More::end;
  }

 private:
  std::shared_ptr<const EventHub> hub_;
  EventCursor at_;
};

}  // namespace

void EventHub::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

EventCursor EventHub::publish(std::uint64_t height, std::string name, std::string json) {
  const std::lock_guard lock(mutex_);
  const EventCursor at = log_.append(height, std::move(name), std::move(json));
  if (wake_) wake_();
  return at;
}

std::unique_ptr<StreamSource> EventHub::open(std::optional<EventCursor> from) {
  return std::make_unique<HubStream>(shared_from_this(), from.value_or(next()));
}

Status EventHub::read(EventCursor& at, std::string& out, std::size_t bytes_max) const {
  const std::lock_guard lock(mutex_);
  while (out.size() < bytes_max) {
    WITAN_TRY(const LoggedEvent* event, log_.first_from(at));
    if (event == nullptr) return {};
    append_event(out, *event);
    at = {event->at.height, event->at.index + 1};
  }
  return {};
}

EventCursor EventHub::next() const {
  const std::lock_guard lock(mutex_);
  return log_.next();
}

}  // namespace witan
