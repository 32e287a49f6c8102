#include "actors/api/events_actor.hpp"

#include "actors/api/json.hpp"

namespace witan {

EventsActor::EventsActor(rt::ActorContext& context, std::shared_ptr<EventHub> hub)
    : ActorFor(context), hub_(std::move(hub)) {
  handle<schema::PublishedEvent>(&EventsActor::on_event);
}

void EventsActor::on_event(schema::PublishedEvent::Reader event, const Envelope&) {
  EventText text = event_text(event, context().unix_now());
  hub_->publish(text.height, std::move(text.name), std::move(text.json));
}

}  // namespace witan
