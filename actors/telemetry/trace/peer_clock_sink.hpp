// Who wants to know how peers' clocks differ from ours.
#pragma once
#include <string_view>

#include "messages/base/time.hpp"

namespace witan::trace {

class PeerClockSink {
 public:
  virtual ~PeerClockSink() = default;
  // `offset`: peer's Unix time minus ours, right within `error`. Any thread.
  virtual void peer_clock(std::string_view node_id_hex, Duration offset,
                          Duration error) noexcept = 0;
};

}  // namespace witan::trace
