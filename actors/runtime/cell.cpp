// The receive side of the door: every message is counted, traced, faulted and dispatched here, and
// whatever a handler throws ends here.
#include "actors/runtime/detail/cell.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace witan::rt::detail {
namespace {
constexpr std::size_t streak_max = 4;     // of consensus while bulk waits
constexpr std::size_t bulk_turn_max = 8;  // of bulk while nothing else waits
}  // namespace

Cell::Cell(caf::event_based_actor& s, Core& c, ChildSpec child, SlotPtr place, SlotPtr parent)
    : self(s),
      core(c),
      spec(std::move(child)),
      slot(std::move(place)),
      supervisor(std::move(parent)),
      random(core.random.fork(slot->path)),
      context_(*this) {}

namespace {
// One that throws must not keep the others from being told; false: it did.
bool tell_cancelled(ReplyCallback& callback, const char* why) {
  try {
    callback(nullptr, Error{ErrorCode::cancelled, "ask", why});
    return true;
  } catch (...) {
    return false;
  }
}
}  // namespace

template <class F>
HopOutcome Cell::run(const TraceContext& trace, Instant& started, Instant& finished, F&& code) {
  HopOutcome outcome = HopOutcome::threw;
  started = core.now();
  incarnation->busy_since.store(started.ns, std::memory_order_relaxed);
  {
    const CurrentScope scope(core, *slot, trace, started);
    try {
      outcome = code();
    } catch (const std::exception& e) {
      failure_ = e.what();
    } catch (const NodeFailed&) {
      failure_ = "the node has failed";
    } catch (...) {
      failure_ = "exception of unknown type";
    }
  }
  finished = core.now();
  incarnation->busy_since.store(0, std::memory_order_relaxed);
  slot->busy_total.store(slot->busy_total.load(std::memory_order_relaxed) + (finished - started).ns,
                         std::memory_order_relaxed);
  return outcome;
}

bool Cell::ensure_begun() {
  if (begun_) return !ending_;
  begun_ = true;
  TraceContext root;
  root.trace_hi = core.next_span();
  root.trace_lo = core.next_span();
  root.span = core.next_span();
  Instant started;
  Instant finished;
  (void)run(root, started, finished, [&] {
    actor_ = spec.factory(context_);
    if (!actor_) throw std::runtime_error("the factory made no actor");
    core.event(EventKind::actor_started, slot->path);
    actor_->started();
    return HopOutcome::handled;
  });
  settle();
  return !ending_;
}

void Cell::on_begin() {
  if (!core.halted.load(std::memory_order_relaxed)) (void)ensure_begun();
}

void Cell::on_item(Item&& item) {
  if (hold_) [[unlikely]] {
    held_.push_back(std::move(item));
    return;
  }
  if (has_turn(item)) [[likely]]
    return handle(std::move(item), false);
  (item.mailbox == MailboxClass::bulk ? bulk_aside_ : consensus_aside_).push_back(std::move(item));
  ask_for_turn();
}

bool Cell::waits(MailboxClass mailbox) const {
  return incarnation->depth[static_cast<std::size_t>(mailbox)].load(std::memory_order_relaxed) != 0;
}

// Bulk gives way to whatever waits, but not for ever: four of consensus, then one of bulk. Order
// within a class is kept.
bool Cell::has_turn(const Item& item) const {
  if (!item.accounted || item.mailbox == MailboxClass::control) return true;
  if (item.mailbox == MailboxClass::bulk)
    return bulk_aside_.empty() && !waits(MailboxClass::consensus) && !waits(MailboxClass::control);
  return consensus_aside_.empty() && (streak_ < streak_max || !waits(MailboxClass::bulk));
}

// Behind what is in CAF's mailbox now, so that all of it is seen before the turn is given.
void Cell::ask_for_turn() {
  if (std::exchange(turn_asked_, true)) return;
  incarnation->handle->enqueue(
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, Turn{}), nullptr);
}

void Cell::on_turn() {
  turn_asked_ = false;
  const auto next = [this](std::deque<Item>& from) {
    Item item = std::move(from.front());
    from.pop_front();
    handle(std::move(item), false);
  };
  for (std::size_t i = 0; i < streak_max && !consensus_aside_.empty() && !ending_; ++i)
    next(consensus_aside_);
  for (std::size_t i = 0; i < bulk_turn_max && !bulk_aside_.empty() && !ending_; ++i) {
    next(bulk_aside_);
    if (waits(MailboxClass::consensus) || waits(MailboxClass::control)) break;
  }
  if (!ending_ && !(consensus_aside_.empty() && bulk_aside_.empty())) ask_for_turn();
}

void Cell::give_back(const Item& item) {
  item.taken = false;
  if (item.accounted)
    incarnation->depth[static_cast<std::size_t>(item.mailbox)].fetch_add(1,
                                                                         std::memory_order_relaxed);
}

void Cell::handle(Item&& item, bool judged) {
  item.taken = true;
  const auto box = static_cast<std::size_t>(item.mailbox);
  if (item.accounted) {
    incarnation->depth[box].fetch_sub(1, std::memory_order_relaxed);
    incarnation->head_since[box].store(item.sent.ns, std::memory_order_relaxed);
  }
  if (core.halted.load(std::memory_order_relaxed)) return;
  if (!begun_ || ending_) [[unlikely]] {
    if (!ensure_begun()) return give_back(item);
  }
  Instant started;
  Instant finished;
  in_timer_ = item.kind == HopKind::timer;
  if (item.mailbox == MailboxClass::bulk) {
    streak_ = 0;
  } else if (item.mailbox == MailboxClass::consensus) {
    ++streak_;
  }
  const HopOutcome outcome =
      run(item.envelope.trace, started, finished, [&] { return process(item, judged); });
  if (outcome == HopOutcome::lost) [[unlikely]] {  // a fault: killed or held before the handler
    give_back(item);
    if (hold_) {
      held_.push_front(std::move(item));
      for (auto* aside : {&consensus_aside_, &bulk_aside_}) {
        std::move(aside->begin(), aside->end(), std::back_inserter(held_));
        aside->clear();
      }
      resume_after_hold();
    } else {
      settle();
    }
    return;
  }
  slot->handled.store(slot->handled.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  core.report_hop(item, *slot, outcome, started, finished);
  if (failure_) [[unlikely]] {
    tell_thrown(item);
  }
  if (failure_ && item.envelope.request != 0 && item.kind == HopKind::message) {
    core.reply_to(item.envelope,
                  failure_draft({ErrorCode::internal, slot->path, *failure_}).seal());
  }
  if (failure_ || stop_reason) [[unlikely]] {
    settle();
  }
}

void Cell::resume_after_hold() {
  constexpr Duration look_again = Duration::from_ms(10);
  post_after(core, incarnation->handle, hold_->by.ns > 0 ? hold_->by : look_again, Resume{});
}

void Cell::on_resume() {
  if (!hold_ || ending_) return;
  FaultPlan* plan = core.faults.load(std::memory_order_acquire);
  if (hold_->by.ns == 0 && plan != nullptr && plan->still_held(hold_->ticket))
    return resume_after_hold();
  hold_.reset();
  for (bool judged = true; !held_.empty() && !hold_ && !ending_; judged = false) {
    Item item = std::move(held_.front());
    held_.pop_front();
    handle(std::move(item), judged);
  }
}

HopOutcome Cell::process(const Item& item, bool judged) {
  std::uint64_t watch = 0;
  if (may_be_kept(item.envelope)) [[unlikely]] {
    if (may_be_poison(item) && refused(item.envelope, watch)) return HopOutcome::quarantined;
  }
  FaultPlan* plan = core.faults.load(std::memory_order_acquire);
  if (plan != nullptr && !judged) {
    try {
      plan->on_handle(item.envelope, slot->path);
    } catch (const ActorKilled&) {
      failure_ = "killed by a fault rule";
      return HopOutcome::lost;
    } catch (const ActorHeld& held) {
      hold_ = held;
      return HopOutcome::lost;
    }
  }
  if (item.kind == HopKind::reply) {
    ReplyCallback callback = pending_.take(incarnation->number, item.envelope.request);
    if (!callback) return HopOutcome::stale;
    callback(&item.envelope, {});
    return HopOutcome::handled;
  }
  if (actor_->dispatch(item.envelope)) {
    if (watch != 0) core.options.poison->handled(watch);
    return HopOutcome::handled;
  }
  slot->unknown.fetch_add(1, std::memory_order_relaxed);
  core.event(EventKind::unknown_message, slot->path, {}, item.envelope.type);
  context_.reply_error(item.envelope,
                       {ErrorCode::unknown_type, slot->path, "receiver has no handler for it"});
  return HopOutcome::unknown;
}

void Cell::settle() {
  if (ending_) return;
  if (failure_ && !supervisor) {  // the asker: one bad callback must not end all others' answers
    core.event(EventKind::actor_failed, slot->path, *failure_);
    failure_.reset();
    return;
  }
  if (failure_) {
    ending_ = true;
    slot->set_reason(*failure_);
    core.event(EventKind::actor_failed, slot->path, *failure_);
    self.quit(caf::make_error(caf::sec::runtime_error));
  } else if (stop_reason) {
    ending_ = true;
    slot->set_reason(*stop_reason);
    core.event(EventKind::actor_stopped, slot->path, *stop_reason);
    self.quit();
  }
}

void Cell::on_stop() {
  if (ending_) return;
  slot->set_state(ActorState::stopping);
  if (actor_ && !core.halted.load(std::memory_order_relaxed)) {
    Instant started;
    Instant finished;
    (void)run({}, started, finished, [&] {
      actor_->stopping();
      return HopOutcome::handled;
    });
  }
  if (!failure_ && !stop_reason) stop_reason = "stopped";
  settle();
}

void Cell::on_exit() {
  ending_ = true;
  slot->uninstall(incarnation.get());
  auto left = pending_.take_all();
  if (!supervisor) {  // the asker: somebody outside waits for each of them
    for (auto& callback : left)
      if (!tell_cancelled(callback, "stopped"))
        core.event(EventKind::actor_failed, slot->path, "a callback threw when it was cancelled");
  }
  left.clear();
  held_.clear();
  consensus_aside_.clear();
  bulk_aside_.clear();
  actor_.reset();
  incarnation.reset();
}

void Cell::request(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, Duration deadline,
                   ReplyCallback callback) {
  WITAN_CHECK(deadline.ns > 0, deadline.ns);
  const auto at = core.system->clock().now() + std::chrono::nanoseconds(deadline.ns);
  const std::uint64_t number = pending_.add(incarnation->number, std::move(callback), at);
  arm_sweep(at);
  envelope.sender = slot->number;
  envelope.request = number;
  core.stamp(envelope);
  Delivery delivery = Delivery::no_receiver;
  Envelope probe;  // what reply_to needs if the request is refused
  probe.sender = envelope.sender;
  probe.request = number;
  if (to) delivery = core.route(to, std::move(envelope), mailbox, HopKind::message);
  if (delivery == Delivery::delivered) return;
  const bool shed = delivery == Delivery::shed;
  core.reply_to(probe, failure_draft({shed ? ErrorCode::busy : ErrorCode::unavailable,
                                      std::string(slot_path(to)),
                                      shed ? "mailbox is full" : "nobody stands in this slot"})
                           .seal());
}

void Cell::arm_sweep(PendingTable::TimePoint at) {
  if (sweep_at_ && *sweep_at_ <= at) return;
  sweep_at_ = at;
  auto& clock = core.system->clock();
  clock.schedule_message(at, incarnation->handle,
                         caf::make_mailbox_element(nullptr, high_priority(), {}, Sweep{}));
}

// A timeout is a Failure reply through the door like any other: traced, recorded, replayed.
void Cell::on_sweep() {
  if (ending_ || core.halted.load(std::memory_order_relaxed)) return;
  const auto now = core.system->clock().now();
  if (sweep_at_ && *sweep_at_ > now) return;  // an older, longer timer; the nearer one is armed
  sweep_at_.reset();
  std::optional<PendingTable::TimePoint> next;
  for (const std::uint64_t number : pending_.due(incarnation->number, now, next)) {
    Envelope probe;
    probe.sender = slot->number;
    probe.request = number;
    core.reply_to(probe,
                  failure_draft({ErrorCode::timeout, "", "no reply before the deadline"}).seal());
  }
  // Not more often than every millisecond, however the deadlines are spread.
  if (next) arm_sweep(std::max(*next, now + std::chrono::milliseconds(1)));
}

void Cell::on_question(Question& question) {
  if (ending_) return;
  const CurrentScope scope(core, *slot, question.envelope.trace, core.now());
  request(question.to.slot(), std::move(question.envelope), question.mailbox, question.deadline,
          std::move(question.callback));
}

namespace {
// Gives what is sent while it lives another trace.
class TraceScope {
 public:
  explicit TraceScope(const TraceContext& trace) : saved_(current().trace) {
    current().trace = trace;
  }
  ~TraceScope() { current().trace = saved_; }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  TraceContext saved_;
};
}  // namespace

void Cell::receive(Envelope& envelope, std::string_view peer, const std::function<void()>& code) {
  envelope.trace = core.child_of(envelope.trace);
  TraceSink* sink = core.trace.load(std::memory_order_acquire);
  const Instant started = sink != nullptr ? core.now() : Instant{};
  std::uint64_t watch = 0;
  const bool kept_out = may_be_kept(envelope) && refused(envelope, watch);
  if (!kept_out) {
    const TraceScope scope(envelope.trace);
    guarded(envelope, peer, code);
    if (watch != 0) core.options.poison->handled(watch);
  }
  if (sink == nullptr) return;
  sink->hop({envelope, HopKind::network, kept_out ? HopOutcome::quarantined : HopOutcome::handled,
             MailboxClass::control, peer, slot->path, started, started, core.now(), 0, slot->number,
             slot->number, core});
}

// A timer armed by a timer begins a new trace, or a periodic one would be one trace without end.
// What led to it is still its parent.
void Cell::after(Duration delay, Envelope&& envelope) {
  core.stamp(envelope);
  if (in_timer_) {
    envelope.trace.trace_hi = core.next_span();
    envelope.trace.trace_lo = core.next_span();
    envelope.trace.hops = 0;
  }
  core.route_timer(incarnation, std::move(envelope), delay);
}

Result<ErasedRef> Cell::start_child(const SlotPtr& under, ChildSpec child) {
  const IncarnationPtr parent = under ? under->current() : nullptr;
  if (!parent || !under->supervisor) {
    return fail(ErrorCode::unavailable, std::string(slot_path(under)), "no supervisor runs here");
  }
  if (under->dynamic_children.fetch_add(1) >= under->max_children) {
    under->dynamic_children.fetch_sub(1);
    return fail(ErrorCode::busy, under->path, "supervisor has max_children children");
  }
  auto adoption = std::make_shared<Adoption>();
  adoption->supervisor = under;
  adoption->slot = core.slot(under->path + "/" + child.name);
  if (!adoption->slot->claim()) {
    adoption->slot.reset();
    under->dynamic_children.fetch_sub(1);
    return fail(ErrorCode::duplicate, child.name, "this child exists");
  }
  adoption->spec = std::move(child);
  adoption->handle = spawn_actor(core, adoption->spec, adoption->slot, under);
  post(adoption->handle, Begin{});
  ErasedRef out(adoption->slot);
  post(parent->handle, Adopt{std::move(adoption)});
  return out;
}

Adoption::~Adoption() {
  if (adopted || !slot) return;
  kill(handle);
  slot->release();
  supervisor->dynamic_children.fetch_sub(1);
}

Question::~Question() {
  if (callback) (void)tell_cancelled(callback, "the node has stopped");
}

namespace {
constexpr int background_nice = 5;  // a third of the weight of a thread at 0
}

// The CAF actor around a Cell.
class Shell final : public caf::event_based_actor {
 public:
  Shell(caf::actor_config& cfg, Core& core, const ChildSpec& spec, const SlotPtr& slot,
        const SlotPtr& supervisor)
      : caf::event_based_actor(cfg),
        thread_(spec.thread),
        cell_(*this, core, spec, slot, supervisor) {
    cell_.incarnation = slot->install(slot, caf::strong_actor_ptr(ctrl()),
                                      spec.thread != Thread::pooled, spec.mailbox);
    set_default_handler([](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      return caf::sec::unexpected_message;
    });
  }
  const char* name() const override { return "witan.actor"; }
  caf::behavior make_behavior() override {
    if (!cell_.core.options.deterministic) enter_thread();
    // The mailbox element is ours alone: nobody else sees what is taken out of it.
    return {[this](const Item& item) { cell_.on_item(std::move(const_cast<Item&>(item))); },
            [this](const Begin&) { cell_.on_begin(); },
            [this](const Stop&) { cell_.on_stop(); },
            [this](const Sweep&) { cell_.on_sweep(); },
            [this](const Resume&) { cell_.on_resume(); },
            [this](const Turn&) { cell_.on_turn(); },
            [this](const Ask& ask) { cell_.on_question(*ask.question); }};
  }
  void on_exit() override { cell_.on_exit(); }

 private:
  // A thread of its own has its name (its end, 15 characters) in `top -H` and its priority.
  void enter_thread() const {
    if (thread_ == Thread::pooled) return;
    const std::string& path = cell_.slot->path;
    const std::size_t begin = path.find_last_not_of("/0123456789");
    const std::string name = path.substr(path.rfind('/', begin) + 1);
    pthread_setname_np(pthread_self(), name.c_str() + (name.size() > 15 ? name.size() - 15 : 0));
    if (thread_ == Thread::background)
      (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), background_nice);
  }

  Thread thread_;
  Cell cell_;
};

caf::actor spawn_actor(Core& core, const ChildSpec& spec, const SlotPtr& slot,
                       const SlotPtr& supervisor) {
  if (spec.thread != Thread::pooled && !core.options.deterministic) {
    return core.system->spawn<Shell, caf::detached>(core, spec, slot, supervisor);
  }
  return core.system->spawn<Shell>(core, spec, slot, supervisor);
}

caf::actor spawn_asker(Core& core) {
  ChildSpec spec;
  spec.name = "ask";
  spec.factory = [](ActorContext& context) { return std::make_unique<Actor>(context); };
  const SlotPtr slot = core.slot("/ask");
  WITAN_CHECK(slot->claim());
  return core.system->spawn<Shell>(core, spec, slot, SlotPtr{});
}

void kill(const caf::actor& who) {
  if (who) post(who, caf::exit_msg{who.address(), caf::exit_reason::kill});
}

}  // namespace witan::rt::detail

namespace witan::rt {

Instant ActorContext::now() const { return cell_.core.now(); }
UnixTime ActorContext::unix_now() const { return cell_.core.clock->unix_now(); }
Random& ActorContext::random() { return cell_.random; }
const std::string& ActorContext::path() const { return cell_.slot->path; }
TraceContext ActorContext::trace() const { return detail::current().trace; }

void ActorContext::receive(Envelope& envelope, std::string_view peer,
                           const std::function<void()>& code) {
  cell_.receive(envelope, peer, code);
}
void ActorContext::in_trace(TraceId id, const std::function<void()>& code) {
  TraceContext next = trace();
  next.trace_hi = id.hi;
  next.trace_lo = id.lo;
  next.hops = 0;
  const detail::TraceScope scope(next);
  code();
}

ErasedRef ActorContext::erased_ref(std::string_view path) const {
  return ErasedRef(cell_.core.slot(path));
}
ErasedRef ActorContext::erased_self() const { return ErasedRef(cell_.slot); }
ErasedRef ActorContext::sender_of(const Envelope& envelope) const {
  return envelope.sender == 0 ? ErasedRef() : ErasedRef(cell_.core.slot_by_number(envelope.sender));
}

Delivery ActorContext::self_impl(Envelope&& envelope) {
  return detail::deliver(cell_.slot, std::move(envelope), MailboxClass::control);
}
void ActorContext::after_impl(Duration delay, Envelope&& envelope) {
  cell_.after(delay, std::move(envelope));
}
void ActorContext::request_impl(const ErasedRef& to, Envelope&& envelope, MailboxClass mailbox,
                                Duration deadline, detail::ReplyCallback callback) {
  cell_.request(to.slot(), std::move(envelope), mailbox, deadline, std::move(callback));
}
void ActorContext::reply_impl(const Envelope& request, Envelope&& reply) {
  cell_.core.reply_to(request, std::move(reply));
}
void ActorContext::reply_error(const Envelope& request, const Error& error) {
  if (request.request != 0) cell_.core.reply_to(request, failure_draft(error).seal());
}

Result<ErasedRef> ActorContext::start_child(ChildSpec spec) {
  return cell_.start_child(cell_.supervisor, std::move(spec));
}
Result<ErasedRef> ActorContext::start_child(std::string_view supervisor, ChildSpec spec) {
  return cell_.start_child(cell_.core.slot(supervisor), std::move(spec));
}
void ActorContext::stop_self(std::string reason) { cell_.stop_reason = std::move(reason); }
void ActorContext::stop_child(const ErasedRef& child) {
  const std::string_view path = child.path();
  // The supervisor is the nearest prefix of the path that supervises ("session/17" has two parts).
  for (auto cut = path.rfind('/'); cut != std::string_view::npos && cut > 0;
       cut = path.substr(0, cut).rfind('/')) {
    const auto slot = cell_.core.slot(path.substr(0, cut));
    if (!slot->supervisor) continue;
    if (const auto who = slot->current())
      detail::post(who->handle, detail::StopChild{child.number()});
    return;
  }
}

void ActorContext::fail_node(ErrorCode code, const std::string& text) {
  cell_.core.fail_node(code, cell_.slot->path, text);
  throw detail::NodeFailed{};
}

}  // namespace witan::rt
