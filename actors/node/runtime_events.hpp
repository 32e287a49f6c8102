// What the runtime has to say about actors, as log events and metrics.
#pragma once
#include "actors/runtime/door.hpp"
#include "actors/telemetry/services.hpp"

namespace witan::node {

class RuntimeEvents final : public rt::EventSink {
 public:
  explicit RuntimeEvents(Services services) : services_(services) {}
  void event(const rt::RuntimeEvent& event) noexcept override;

 private:
  Services services_;
};

}  // namespace witan::node
