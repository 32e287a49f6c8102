// The send side of the door: causality, faults, bounds, accounting, then CAF's mailbox.
#include "actors/runtime/door.hpp"

#include "actors/runtime/detail/core.hpp"

namespace witan::rt {

std::string_view name_of(HopKind kind) {
  constexpr std::array<std::string_view, 4> names{"message", "reply", "timer", "network"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(HopOutcome outcome) {
  constexpr std::array<std::string_view, 9> names{"handled", "threw", "unknown",
                                                  "stale",   "shed",  "no_receiver",
                                                  "dropped", "lost",  "quarantined"};
  return names[static_cast<std::size_t>(outcome)];
}

std::string_view name_of(EventKind kind) {
  constexpr std::array<std::string_view, 13> names{
      "actor_started",   "actor_stopped", "actor_failed",   "actor_restarting", "escalated",
      "unknown_message", "mailbox_shed",  "stop_overdue",   "abandoned",        "stuck",
      "starved",         "node_failed",   "message_refused"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(ActorState state) {
  constexpr std::array<std::string_view, 6> names{"empty",    "running", "restarting",
                                                  "stopping", "stopped", "failed"};
  return names[static_cast<std::size_t>(state)];
}

std::string kind_of_actor(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    const bool number =
        !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    out += number ? std::string_view("*") : part;
    if (end < path.size()) out += '/';
    at = end + 1;
  }
  return out;
}

Error error_from(schema::Failure::Reader failure) {
  const std::string_view name(failure.getCode().begin(), failure.getCode().size());
  Error out{ErrorCode::internal, std::string(failure.getField().cStr()),
            std::string(failure.getText().cStr())};
#define WITAN_X(known, meaning) \
  if (name == #known) out.code = ErrorCode::known;
  WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  return out;
}

Draft<schema::Failure> failure_draft(const Error& error) {
  Draft<schema::Failure> draft(32 + (error.field.size() + error.text.size()) / 8);
  draft->setCode(std::string(name_of(error.code)));
  draft->setField(error.field);
  draft->setText(error.text);
  return draft;
}

namespace detail {
namespace {

std::uint64_t mix(std::uint64_t z) {  // splitmix64 output function
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

// Spans outside deterministic mode: one stream per thread, no shared counter.
std::uint64_t thread_span(std::uint64_t seed) {
  static std::atomic<std::uint64_t> threads{0};
  thread_local std::uint64_t state = mix(seed + golden * (1 + threads.fetch_add(1)));
  return mix(state += golden);
}

// A peer may say any number: it stops at the top instead of beginning anew.
std::uint16_t one_more_hop(std::uint16_t hops) {
  return hops == 0xffff ? hops : static_cast<std::uint16_t>(hops + 1);
}

void push(const IncarnationPtr& to, Item&& item) {
  const bool urgent = item.mailbox == MailboxClass::control && item.kind != HopKind::reply;
  auto element = caf::make_mailbox_element(
      nullptr, urgent ? high_priority() : caf::make_message_id(), {}, std::move(item));
  to->handle->enqueue(std::move(element), nullptr);
}

}  // namespace

Current& current() {
  thread_local Current value;
  return value;
}

std::uint64_t Core::next_span() {
  std::uint64_t id = 0;
  while (id == 0) {
    id = options.deterministic
             ? mix(options.seed + golden * spans_.fetch_add(1, std::memory_order_relaxed))
             : thread_span(options.seed);
  }
  return id;
}

void Core::stamp(Envelope& envelope) {
  const Current& here = current();
  const bool inside = here.core == this;
  if (envelope.request == 0) envelope.sender = inside ? here.slot->number : 0;
  const TraceContext& cause = inside ? here.trace : envelope.trace;
  TraceContext next;
  next.span = next_span();
  if (cause.span != 0) {
    next.trace_hi = cause.trace_hi;
    next.trace_lo = cause.trace_lo;
    next.parent = cause.span;
    next.hops = one_more_hop(cause.hops);
  } else {
    next.trace_hi = next_span();
    next.trace_lo = next_span();
  }
  envelope.trace = next;
}

TraceContext Core::child_of(const TraceContext& cause) {
  TraceContext next = cause;
  next.span = next_span();
  next.parent = cause.span;
  next.hops = one_more_hop(cause.hops);
  if (cause.trace_hi == 0 && cause.trace_lo == 0) {
    next.trace_hi = next_span();
    next.trace_lo = next_span();
  }
  return next;
}

Delivery deliver(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox) {
  if (!to) return Delivery::no_receiver;
  Core& core = *to->core;
  core.stamp(envelope);
  return core.route(to, std::move(envelope), mailbox, HopKind::message);
}

Delivery Core::route(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, HopKind kind) {
  FaultPlan* plan = faults.load(std::memory_order_acquire);
  if (plan == nullptr) [[likely]] {
    return enqueue(to, std::move(envelope), mailbox, kind, {});
  }
  const Current& here = current();
  const std::string_view from = here.core == this ? std::string_view(here.slot->path) : "";
  const FaultVerdict verdict = plan->on_deliver(envelope, from, to->path);
  switch (verdict.action) {
    case FaultVerdict::drop:
      (void)refuse(to, std::move(envelope), mailbox, kind, HopOutcome::dropped);
      return Delivery::delivered;
    case FaultVerdict::duplicate: {
      Envelope twin = envelope;
      (void)enqueue(to, std::move(twin), mailbox, kind, {});
      break;
    }
    case FaultVerdict::delay:
      return enqueue(to, std::move(envelope), mailbox, kind, verdict.by);
    case FaultVerdict::pass:
      break;
  }
  return enqueue(to, std::move(envelope), mailbox, kind, {});
}

Delivery Core::enqueue(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, HopKind kind,
                       Duration delay) {
  if (halted.load(std::memory_order_relaxed)) return Delivery::no_receiver;
  IncarnationPtr who = to->current();
  if (!who) {
    return refuse(to, std::move(envelope), mailbox, kind, HopOutcome::no_receiver);
  }
  const auto box = static_cast<std::size_t>(mailbox);
  const std::uint32_t depth = who->depth[box].fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint32_t bound = who->bound[box];
  if (bound != 0 && depth > bound && kind == HopKind::message) {
    who->depth[box].fetch_sub(1, std::memory_order_relaxed);
    const auto shed = to->shed[box].fetch_add(1, std::memory_order_relaxed) + 1;
    if (shed % 1024 == 1) event(EventKind::mailbox_shed, to->path, name_of(mailbox), shed);
    return refuse(to, std::move(envelope), mailbox, kind, HopOutcome::shed);
  }
  if (depth > to->high_water[box].load(std::memory_order_relaxed)) {
    to->high_water[box].store(depth, std::memory_order_relaxed);
  }
  const Current& here = current();
  const bool inside = here.core == this;
  Item item;
  item.envelope = std::move(envelope);
  item.from = inside ? here.slot->number : 0;
  // Inside a handler its start time is near enough, unless a trace wants the truth.
  const TraceSink* sink = trace.load(std::memory_order_relaxed);
  const bool exact = sink != nullptr && sink->exact_times.load(std::memory_order_relaxed);
  item.sent = inside && !exact ? here.started : now();
  item.to = who;
  item.depth = depth;
  item.mailbox = mailbox;
  item.kind = kind;
  item.accounted = true;
  if (depth == 1) who->head_since[box].store(item.sent.ns, std::memory_order_relaxed);
  if (delay.ns > 0) {
    post_after(*this, who->handle, delay, std::move(item));
  } else {
    push(who, std::move(item));
  }
  return Delivery::delivered;
}

void Core::route_timer(const IncarnationPtr& to, Envelope&& envelope, Duration delay) {
  if (halted.load(std::memory_order_relaxed)) return;
  int copies = 1;
  if (FaultPlan* plan = faults.load(std::memory_order_acquire)) {
    const auto verdict = plan->on_deliver(envelope, to->slot->path, to->slot->path);
    if (verdict.action == FaultVerdict::drop) copies = 0;
    if (verdict.action == FaultVerdict::duplicate) copies = 2;
    if (verdict.action == FaultVerdict::delay) delay = delay + verdict.by;
  }
  for (; copies > 0; --copies) {
    Item item;
    item.envelope = envelope;
    item.from = to->slot->number;
    item.sent = now();
    item.to = to;
    item.kind = HopKind::timer;
    post_after(*this, to->handle, delay, std::move(item));
  }
}

Delivery Core::refuse(const SlotPtr& to, Envelope&& envelope, MailboxClass mailbox, HopKind kind,
                      HopOutcome outcome) {
  if (trace.load(std::memory_order_acquire) != nullptr) {
    const Current& here = current();
    Item item;
    item.envelope = std::move(envelope);
    item.from = here.core == this ? here.slot->number : 0;
    item.sent = now();
    item.mailbox = mailbox;
    item.kind = kind;
    report_hop(item, *to, outcome, item.sent, item.sent);
  }
  return outcome == HopOutcome::shed ? Delivery::shed : Delivery::no_receiver;
}

// An answer to an envelope that asked for one.
void Core::reply_to(const Envelope& request, Envelope&& reply) {
  if (request.request == 0) return;
  const SlotPtr asker_slot = slot_by_number(request.sender);
  if (!asker_slot) return;
  const TraceContext unset;
  reply.trace = current().core == this ? unset : request.trace;
  reply.request = 0;
  stamp(reply);
  reply.request = request.request;
  (void)route(asker_slot, std::move(reply), MailboxClass::control, HopKind::reply);
}

void Core::report_hop(const Item& item, const Slot& to, HopOutcome outcome, Instant started,
                      Instant finished) {
  TraceSink* sink = trace.load(std::memory_order_acquire);
  if (sink == nullptr) return;
  SlotPtr from;
  if (sink->wants_paths && item.from != 0) from = slot_by_number(item.from);
  sink->hop({item.envelope, item.kind, outcome, item.mailbox, slot_path(from), to.path, item.sent,
             started, finished, item.depth, item.from, to.number, *this});
}

std::string Core::path_of(std::uint32_t slot) const {
  const SlotPtr found = const_cast<Core*>(this)->slot_by_number(slot);
  return std::string(slot_path(found));
}

void Core::event(EventKind kind, std::string_view path, std::string_view text,
                 std::uint64_t amount) const {
  if (options.events != nullptr) options.events->event({kind, path, text, amount});
}

// Runs when the receiver ended with the message unread: its mailbox was closed under it.
Item::~Item() {
  if (!to || taken) return;
  if (accounted) {
    to->depth[static_cast<std::size_t>(mailbox)].fetch_sub(1, std::memory_order_relaxed);
  }
  Core& core = *to->slot->core;
  if (core.closing.load(std::memory_order_relaxed) || core.halted.load(std::memory_order_relaxed)) {
    return;
  }
  const Current interrupted = std::exchange(current(), {});  // this thread may be in another actor
  const Instant t = core.now();
  core.report_hop(*this, *to->slot, HopOutcome::lost, t, t);
  if (envelope.request != 0 && kind == HopKind::message) {
    core.reply_to(envelope, failure_draft({ErrorCode::unavailable, to->slot->path,
                                           "receiver ended before it read the request"})
                                .seal());
  }
  current() = interrupted;
}

}  // namespace detail
}  // namespace witan::rt
