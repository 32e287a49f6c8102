// The door: what every message passes, once on the send side and once on the receive side.
// Four hooks, all null by default and then worth one branch: tracing, faults, poison, events.
// Implementations are called from many threads at once and must outlive the Runtime.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/runtime/actor_ref.hpp"
#include "messages/base/time.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::rt {

enum class HopKind : std::uint8_t {
  message,
  reply,
  timer,
  network,  // a peer's message, taken from its connection (ActorContext::receive)
};
enum class HopOutcome : std::uint8_t {
  handled,      // the handler returned
  threw,        // the handler threw; its actor is restarted by policy
  unknown,      // the receiver has no handler for this type
  stale,        // a reply after its deadline, or a second one
  shed,         // refused at the bound of its mailbox class
  no_receiver,  // nobody in the slot
  dropped,      // taken by a fault rule
  lost,         // its receiver ended with the message still in the mailbox
  quarantined,  // refused: its handling threw before (PoisonGuard)
};
[[nodiscard]] std::string_view name_of(HopKind kind);
[[nodiscard]] std::string_view name_of(HopOutcome outcome);

// Paths of slots by number, for a sink that does not want them with every hop.
class SlotNames {
 public:
  virtual ~SlotNames() = default;
  // "" when the slot is gone.
  [[nodiscard]] virtual std::string path_of(std::uint32_t slot) const = 0;
};

// One message from one actor to another, reported once, when its fate is known. References are
// valid during the call only; `envelope` may be copied to keep the words.
struct Hop {
  const Envelope& envelope;  // type, trace (span and parent), sender, words
  HopKind kind;
  HopOutcome outcome;
  MailboxClass mailbox;
  std::string_view from;  // path; "" when sent from outside any actor; network: the peer's node id
  std::string_view to;
  Instant sent;             // timers: when armed
  Instant started;          // handler entry; equal to `sent` when never handled
  Instant finished;         // handler exit
  std::uint32_t depth;      // messages of this class in the mailbox when sent, this one included
  std::uint32_t from_slot;  // 0: outside; network: the session itself
  std::uint32_t to_slot;
  const SlotNames& names;
};

class TraceSink {
 public:
  // Without `paths`, Hop::from stays empty for hops between actors: looking it up costs more than
  // the rest of a hop.
  explicit TraceSink(bool paths = true) : wants_paths(paths) {}
  virtual ~TraceSink() = default;
  virtual void hop(const Hop& hop) noexcept = 0;
  const bool wants_paths;
  // While false, a message sent by a handler is said to be sent when the handler began: reading the
  // clock again costs a tenth of a hop.
  std::atomic<bool> exact_times{true};
};

struct FaultVerdict {
  enum Action : std::uint8_t { pass, drop, duplicate, delay } action = pass;
  Duration by{};  // of delay
};

// What on_handle may throw beside a handler's own exceptions.
struct ActorKilled {};  // the actor ends here: the message is lost, its asker hears `unavailable`
struct ActorHeld {      // this message and those behind it wait
  Duration by;          // zero: as long as still_held(ticket)
  std::uint32_t ticket = 0;
};

// Faults inside a node. Faults of links, disks and clocks live behind those interfaces.
class FaultPlan {
 public:
  virtual ~FaultPlan() = default;
  // Send side, in the sender's thread. A duplicate is not judged again.
  virtual FaultVerdict on_deliver(const Envelope& envelope, std::string_view from,
                                  std::string_view to) = 0;
  // Receive side, just before the handler, in the receiver's thread. What it throws counts as
  // thrown by the handler; blocking here is a hang of that actor.
  virtual void on_handle(const Envelope& envelope, std::string_view path) = 0;
  // Whether an actor held by this ticket stays so.
  virtual bool still_held(std::uint32_t ticket) {
    (void)ticket;
    return false;
  }
};

// A path with each part that is only digits as `*`: the workers of a pool, and the sessions that
// come and go, are one kind of actor each.
[[nodiscard]] std::string kind_of_actor(std::string_view path);

// Keeps messages whose handling throws away from their receivers (quarantine/quarantine.hpp).
//
// Asked about what one actor sent another in the classes consensus and bulk, and about what a peer
// sent (ActorContext::receive). Never about control messages, timers, replies and the runtime's own
// messages: the write-ahead log, the signer and supervision work with those alone.
// Safety: to refuse a message is to lose it, which every receiver and every peer must bear anyway;
// a lost message can delay a decision, never change one.
class PoisonGuard {
 public:
  struct Judgement {
    bool refused = false;
    std::uint64_t watch = 0;  // not 0: tell handled() when its handler has returned
    std::string id;           // of a refused one
    std::uint64_t count = 0;  // of its refusals so far, this one included
  };
  // A message whose handler threw. References are valid during the call only.
  struct Thrown {
    const Envelope& envelope;
    HopKind kind;
    MailboxClass mailbox;
    std::string_view from;  // path, or a peer's node id; "" from outside any actor
    std::string_view to;
    std::string_view reason;
    UnixTime at;
  };
  virtual ~PoisonGuard() = default;
  // False for almost every message: one relaxed load.
  [[nodiscard]] bool may_know(std::uint64_t type) const {
    return (types_.load(std::memory_order_relaxed) & bit_of(type)) != 0;
  }
  // Before the handler, in the receiver's thread; only when may_know().
  [[nodiscard]] virtual Judgement judge(const Envelope& envelope,
                                        std::string_view path) noexcept = 0;
  virtual void handled(std::uint64_t watch) noexcept = 0;
  virtual void threw(const Thrown& thrown) noexcept = 0;

 protected:
  [[nodiscard]] static std::uint64_t bit_of(std::uint64_t type) {
    return std::uint64_t{1} << ((type * 0x9e3779b97f4a7c15ULL) >> 58);
  }
  std::atomic<std::uint64_t> types_{0};  // bits of the types of all messages it knows
};

// What the runtime itself has to say: for logs, metrics and the health actor.
enum class EventKind : std::uint8_t {
  actor_started,
  actor_stopped,
  actor_failed,      // text: reason
  actor_restarting,  // text: reason; amount: backoff in ms
  escalated,         // a supervisor's restart budget is used up
  unknown_message,   // amount: type id
  mailbox_shed,      // first of a burst, then every 1024th; amount: shed so far
  stop_overdue,      // a child did not stop in time and is killed
  abandoned,         // a killed child still does not end; the process must be ended
  stuck,             // watchdog: handler busy; amount: ms
  starved,           // watchdog: mailbox head waiting; amount: ms
  node_failed,       // text: reason; amount: exit code
  message_refused,   // in quarantine; text: its id; amount: refusals of it so far
};
[[nodiscard]] std::string_view name_of(EventKind kind);

struct RuntimeEvent {
  EventKind kind;
  std::string_view path;
  std::string_view text;
  std::uint64_t amount = 0;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void event(const RuntimeEvent& event) noexcept = 0;
};

}  // namespace witan::rt
