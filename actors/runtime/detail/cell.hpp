// Cell: one incarnation of an actor inside its CAF shell: the receive side of the door, requests.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/detail/core.hpp"

namespace witan::rt::detail {

// Requests waiting for their reply. A number names incarnation, generation and place, so that a
// late or second reply finds nothing.
class PendingTable {
 public:
  using TimePoint = caf::actor_clock::time_point;
  struct Entry {
    ReplyCallback callback;
    TimePoint deadline;
    std::uint32_t generation = 1;
    bool used = false;
  };

  std::uint64_t add(std::uint32_t incarnation, ReplyCallback callback, TimePoint deadline);
  // The callback of this request, which is thereby ended; empty if there is none (any more).
  ReplyCallback take(std::uint32_t incarnation, std::uint64_t request);
  // Numbers of all requests due at `now`; the earliest deadline of the others.
  std::vector<std::uint64_t> due(std::uint32_t incarnation, TimePoint now,
                                 std::optional<TimePoint>& next) const;
  std::vector<ReplyCallback> take_all();
  [[nodiscard]] std::size_t size() const { return used_; }

 private:
  [[nodiscard]] static std::uint64_t number(std::uint32_t incarnation, std::uint32_t generation,
                                            std::size_t place);
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;
};

// Thrown by fail_node to unwind the handler when the process did not end (tests, simulator).
struct NodeFailed {};

class Cell {
 public:
  Cell(caf::event_based_actor& self, Core& core, ChildSpec spec, SlotPtr slot, SlotPtr supervisor);

  void on_begin();
  void on_item(Item&& item);
  void on_stop();
  void on_sweep();
  void on_resume();
  void on_turn();
  void on_question(Question& question);
  void on_exit();
  void receive(Envelope& envelope, std::string_view peer, const std::function<void()>& code);
  void after(Duration delay, Envelope&& envelope);

  // --- for ActorContext ---
  void request(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, Duration deadline,
               ReplyCallback callback);
  Result<ErasedRef> start_child(const SlotPtr& under, ChildSpec spec);

  caf::event_based_actor& self;
  Core& core;
  const ChildSpec spec;
  const SlotPtr slot;
  const SlotPtr supervisor;
  IncarnationPtr incarnation;
  Random random;
  std::optional<std::string> stop_reason;

 private:
  // Runs code of the actor: clock, cause, exceptions. False if it failed or asked to stop.
  template <class F>
  HopOutcome run(const TraceContext& trace, Instant& started, Instant& finished, F&& code);
  bool ensure_begun();
  // `judged`: the faults of this message were asked before.
  void handle(Item&& item, bool judged);
  HopOutcome process(const Item& item, bool judged);
  static bool may_be_poison(const Item& item);
  // False for almost every message: then nobody needs to be asked.
  [[nodiscard]] bool may_be_kept(const Envelope& envelope) const {
    const PoisonGuard* guard = core.options.poison;
    return guard != nullptr && guard->may_know(envelope.type);
  }
  // Whether the quarantine keeps this message out; else `watch` is what it wants to be told with.
  // REQUIRES: may_be_kept.
  bool refused(const Envelope& envelope, std::uint64_t& watch);
  void tell_thrown(const Item& item);
  // Runs code(); what it throws is told to the quarantine and thrown on.
  void guarded(const Envelope& envelope, std::string_view peer, const std::function<void()>& code);
  void resume_after_hold();
  void give_back(const Item& item);  // ~Item answers a request and reports the loss
  [[nodiscard]] bool waits(MailboxClass mailbox) const;
  [[nodiscard]] bool has_turn(const Item& item) const;
  void ask_for_turn();
  void settle();  // after running: end this incarnation if it failed or stopped itself
  void arm_sweep(PendingTable::TimePoint at);

  ActorContext context_;
  std::unique_ptr<Actor> actor_;
  bool begun_ = false;
  bool in_timer_ = false;  // a timer is being handled
  bool ending_ = false;
  std::optional<std::string> failure_;
  std::optional<ActorHeld> hold_;  // by a fault; the messages wait in held_
  std::deque<Item> held_;
  // CAF hands out both bounded classes in one order; here they take turns. A message whose turn has
  // not come is put aside, which costs far less than to handle it. Empty while hold_ is set.
  std::deque<Item> consensus_aside_, bulk_aside_;
  bool turn_asked_ = false;
  std::size_t streak_ = 0;  // of the consensus class, since one of bulk
  PendingTable pending_;
  std::optional<PendingTable::TimePoint> sweep_at_;
};

}  // namespace witan::rt::detail
