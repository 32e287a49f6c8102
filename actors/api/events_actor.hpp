// The events actor: files every PublishedEvent in the EventHub. The hub is owned outside, so that
// a restart of this actor loses no event that had been filed.
#pragma once
#include <memory>

#include "actors/api/event_hub.hpp"
#include "actors/api/interface.hpp"
#include "actors/runtime/actor.hpp"

namespace witan {

class EventsActor final : public rt::ActorFor<EventsRole> {
 public:
  EventsActor(rt::ActorContext& context, std::shared_ptr<EventHub> hub);

 private:
  void on_event(schema::PublishedEvent::Reader event, const Envelope& envelope);
  std::shared_ptr<EventHub> hub_;
};

}  // namespace witan
