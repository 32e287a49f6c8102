// Who follows a run while it is made: every line of its log and every hop of every envelope, in
// order. A recording is made so, and so is the comparison with one. Watching changes nothing.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "messages/base/time.hpp"

namespace witan::sim {

// One hop. The names are valid during the call that brings it.
struct HopSeen {
  Instant at{};            // when its fate was known: virtual time
  std::uint32_t node = 0;  // n0, n1, ...
  std::string_view from;   // path; "" from outside; of a network hop: the peer's node id
  std::string_view to;
  std::uint64_t type = 0;     // Cap'n Proto type id
  std::uint64_t content = 0;  // digest of the message
  std::uint32_t bytes = 0;    // of the message
  std::uint32_t depth = 0;    // of the mailbox when it was sent
  std::uint8_t kind = 0;      // rt::HopKind
  std::uint8_t outcome = 0;   // rt::HopOutcome
  std::uint8_t mailbox = 0;   // rt::MailboxClass
  bool operator==(const HopSeen&) const = default;
};

// What an actor holds, in words. Valid during the call that brings it; costs only when called.
using StateTeller = std::function<std::string()>;

class RunWatch {
 public:
  virtual ~RunWatch() = default;
  // One line of the run's log, with its end of line.
  virtual void line(std::string_view text) = 0;
  // The next message of this actor is about to be handled.
  virtual void before(std::uint32_t node, std::string_view path, const StateTeller& state) {
    (void)node, (void)path, (void)state;
  }
  // `state`: of its receiver.
  virtual void hop(const HopSeen& hop, const StateTeller& state) = 0;
  // Nothing more is wanted: the run may end.
  [[nodiscard]] virtual bool done() const { return false; }
};

}  // namespace witan::sim
