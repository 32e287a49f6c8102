// Inside of the runtime: slots, incarnations and what all actors of a node share. CAF shows here,
// so only the .cpp files of this folder include it (after the precompiled detail/caf.hpp).
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "actors/runtime/detail/caf.hpp"
#include "actors/runtime/detail/current.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/base/random.hpp"

namespace witan::rt::detail {

class Core;
class Slot;

// Held for a few instructions only; yields when the holder lost its processor.
class SpinLock {
 public:
  void lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_;
};

// One life of an actor in a slot. Mailbox counters belong to it: they die with its mailbox.
// Holds its CAF actor, and that holds this until it exits: Shell::on_exit breaks the circle.
class Incarnation : public caf::ref_counted {
 public:
  Incarnation(SlotPtr s, caf::strong_actor_ptr h, std::uint32_t n, bool is_blocking)
      : slot(std::move(s)), handle(std::move(h)), number(n), blocking(is_blocking) {}

  const SlotPtr slot;
  const caf::strong_actor_ptr handle;
  const std::uint32_t number;  // 1, 2, ... per slot
  const bool blocking;
  std::array<std::uint32_t, mailbox_classes> bound{};
  std::array<std::atomic<std::uint32_t>, mailbox_classes> depth{};
  std::array<std::atomic<std::int64_t>, mailbox_classes> head_since{};  // see Slot::status
  std::atomic<std::int64_t> busy_since{0};
};
using IncarnationPtr = caf::intrusive_ptr<Incarnation>;

class Slot {
 public:
  Slot(std::shared_ptr<Core> c, std::string p, std::uint32_t n)
      : core(std::move(c)), path(std::move(p)), number(n) {}
  ~Slot();

  // Who stands here now; null if nobody.
  [[nodiscard]] IncarnationPtr current();
  // Puts a new incarnation in. REQUIRES: the slot is claimed by the caller's supervisor.
  IncarnationPtr install(const SlotPtr& self, caf::strong_actor_ptr handle, bool blocking,
                         const MailboxBounds& bounds);
  void uninstall(const Incarnation* incarnation);
  // A slot has one owner at a time: the supervisor that starts actors in it.
  [[nodiscard]] bool claim();
  void release();

  void set_state(ActorState state);
  void set_reason(std::string reason);
  [[nodiscard]] std::string reason();
  void count_restart();
  [[nodiscard]] ActorStatus status(Instant now);

  const std::shared_ptr<Core> core;
  const std::string path;
  const std::uint32_t number;
  // Totals over all incarnations.
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> unknown{0};
  std::atomic<std::int64_t> busy_total{0};
  std::array<std::atomic<std::uint64_t>, mailbox_classes> shed{};
  std::array<std::atomic<std::uint32_t>, mailbox_classes> high_water{};
  // Of supervisors: children made by start_child, and their bound.
  std::atomic<bool> supervisor{false};
  std::atomic<std::uint32_t> dynamic_children{0};
  std::atomic<std::uint32_t> max_children{0};

 private:
  SpinLock lock_;
  IncarnationPtr current_;
  bool claimed_ = false;
  ActorState state_ = ActorState::empty;
  std::uint32_t incarnations_ = 0;
  std::uint32_t restarts_ = 0;
  std::string reason_;
};

// The element of a mailbox: an envelope and its accounting. Destroyed unread (its receiver ended),
// it answers a request with `unavailable`.
struct Item {
  Item() = default;
  Item(Item&& other) noexcept = default;
  // Never called with a live item; CAF wants message types copyable.
  Item(const Item& other) : mailbox(other.mailbox), kind(other.kind) {}
  Item& operator=(const Item&) = delete;
  ~Item();

  Envelope envelope;
  IncarnationPtr to;
  Instant sent;
  std::uint32_t from = 0;
  std::uint32_t depth = 0;
  MailboxClass mailbox = MailboxClass::control;
  HopKind kind = HopKind::message;
  bool accounted = false;  // counted in to->depth
  mutable bool taken = false;
};

class Core : public std::enable_shared_from_this<Core>, public SlotNames {
 public:
  explicit Core(RuntimeOptions o);
  ~Core() override;

  // --- slots ---
  SlotPtr slot(std::string_view path);
  SlotPtr slot_by_number(std::uint32_t number);
  void forget(std::uint32_t number, const std::string& path);
  std::vector<SlotPtr> slots();

  // --- the door, send side ---
  // Sender and span of an envelope about to be sent by this thread.
  void stamp(Envelope& envelope);
  Delivery route(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, HopKind kind);
  void route_timer(const IncarnationPtr& to, Envelope&& envelope, Duration delay);
  void reply_to(const Envelope& request, Envelope&& reply);
  void report_hop(const Item& item, const Slot& to, HopOutcome outcome, Instant started,
                  Instant finished);
  // The context of what `cause`, a peer's word, leads to: its trace, a span of ours.
  TraceContext child_of(const TraceContext& cause);
  [[nodiscard]] std::string path_of(std::uint32_t slot) const override;
  void event(EventKind kind, std::string_view path, std::string_view text = {},
             std::uint64_t amount = 0) const;
  std::uint64_t next_span();
  [[nodiscard]] Instant now() const { return clock->now(); }

  // --- the end ---
  // First status wins. Wakes wait().
  void finish(ExitStatus status);
  // Ends the process through the hook; returns only if the hook does.
  void end_process(ExitStatus status);
  void fail_node(ErrorCode code, const std::string& path, const std::string& text);
  [[nodiscard]] std::optional<ExitStatus> ended();

  RuntimeOptions options;
  std::unique_ptr<Clock> own_clock;
  const Clock* clock = nullptr;
  std::atomic<TraceSink*> trace{nullptr};
  std::atomic<FaultPlan*> faults{nullptr};
  std::atomic<bool> halted{false};   // nothing is sent or handled any more
  std::atomic<bool> closing{false};  // the actor system is being taken down
  std::atomic<bool> stopping{false};
  const Random random;

  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler = nullptr;  // deterministic only
  Random order;                                           // of ready actors; deterministic only

  caf::actor root;
  caf::actor asker;
  std::condition_variable ended_cv;
  std::mutex ended_mutex;
  std::optional<ExitStatus> status;  // guarded by ended_mutex
  bool root_down = true;             // guarded by ended_mutex
  bool asker_down = true;            // guarded by ended_mutex

 private:
  Delivery enqueue(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, HopKind kind,
                   Duration delay);
  Delivery refuse(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, HopKind kind,
                  HopOutcome outcome);

  mutable std::shared_mutex slots_mutex_;
  std::map<std::string, std::weak_ptr<Slot>, std::less<>> by_path_;
  std::vector<std::weak_ptr<Slot>> by_number_;  // index = low 20 bits of the number
  std::vector<std::uint32_t> free_;             // numbers to reuse, generation already raised
  std::atomic<std::uint64_t> spans_{0};
};

inline caf::message_id high_priority() { return caf::make_message_id(caf::message_priority::high); }
// Sends one of the runtime's own messages (Begin, Stop, ...), ahead of everything queued.
template <class T>
void post(const caf::strong_actor_ptr& to, T&& message) {
  if (to) {
    to->enqueue(caf::make_mailbox_element(nullptr, high_priority(), {}, std::forward<T>(message)),
                nullptr);
  }
}
template <class T>
void post(const caf::actor& to, T&& message) {
  post(caf::actor_cast<caf::strong_actor_ptr>(to), std::forward<T>(message));
}
template <class T>
void post_after(Core& core, const caf::strong_actor_ptr& to, Duration delay, T&& message) {
  auto& clock = core.system->clock();
  clock.schedule_message(
      clock.now() + std::chrono::nanoseconds(delay.ns), to,
      caf::make_mailbox_element(nullptr, high_priority(), {}, std::forward<T>(message)));
}

// The runtime's own messages.
struct Begin {};
struct Stop {};
struct Sweep {};
struct Resume {};  // of an actor held by a fault
struct Turn {};    // of the messages that a cell has put aside
struct RestartOne {
  std::uint64_t kid;
};
struct RestartGroup {
  std::uint64_t generation;
};
struct Overdue {
  std::uint64_t kid;
  caf::actor_id incarnation;
  bool killed;
};
struct Adoption;
struct Adopt {
  std::shared_ptr<Adoption> child;
};
struct StopChild {
  std::uint32_t slot;
};
struct Question;
struct Ask {
  std::shared_ptr<Question> question;
};

// A request of Runtime::ask on its way to the asker. Destroyed unanswered, it answers `cancelled`.
struct Question {
  ~Question();
  ErasedRef to;
  Envelope envelope;
  MailboxClass mailbox = MailboxClass::bulk;
  Duration deadline;
  ReplyCallback callback;
};

// A started child on its way to its supervisor. Destroyed unadopted, the child is killed.
struct Adoption {
  ~Adoption();
  ChildSpec spec;
  SlotPtr supervisor;
  SlotPtr slot;
  caf::actor handle;
  bool adopted = false;
};

// Starts an actor in its (claimed) slot; it waits for Begin.
caf::actor spawn_actor(Core& core, const ChildSpec& spec, const SlotPtr& slot,
                       const SlotPtr& supervisor);
// Starts a supervisor and, in their slots, all it supervises; it passes Begin on.
caf::actor spawn_supervisor(Core& core, const SupervisorSpec& spec, const SlotPtr& slot);
// The actor behind Runtime::ask.
caf::actor spawn_asker(Core& core);
void kill(const caf::actor& who);

}  // namespace witan::rt::detail

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Item)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Stop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Sweep)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Resume)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::RestartOne)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::RestartGroup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Adopt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::StopChild)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(witan::rt::detail::Ask)
