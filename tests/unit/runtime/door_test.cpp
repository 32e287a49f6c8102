// The door: faults and traces.
#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {
namespace {

class Plan final : public FaultPlan {
 public:
  FaultVerdict on_deliver(const Envelope& e, std::string_view, std::string_view to) override {
    return deliver && e.is<Note>() && to == "/node/a" ? deliver() : FaultVerdict{};
  }
  void on_handle(const Envelope& e, std::string_view path) override {
    if (handle && e.is<Note>()) handle(path);
  }
  bool still_held(std::uint32_t ticket) override { return held && ticket == 7; }
  std::function<FaultVerdict()> deliver;
  std::function<void(std::string_view)> handle;
  bool held = false;
};

struct Seen {
  std::uint64_t type;
  TraceContext trace;
  HopOutcome outcome;
  HopKind kind;
  std::string from;
  std::string to;
};
class Sink final : public TraceSink {
 public:
  void hop(const Hop& h) noexcept override {
    hops.push_back({h.envelope.type, h.envelope.trace, h.outcome, h.kind, std::string(h.from),
                    std::string(h.to)});
  }
  std::vector<Seen> hops;
};

std::vector<std::string> with_plan(Plan& plan, Duration advance = Duration::from_s(1)) {
  Journal journal;
  Script script;
  script.note = [&](Scripted&, Note::Reader m, const Envelope&) {
    journal.add(m.getText().cStr());
  };
  auto o = virtual_options();
  o.faults = &plan;
  Runtime runtime(std::move(o));
  runtime.start(node({child("a", script)}));
  runtime.drain();
  const auto a = runtime.ref<ProbeRole>("/node/a");
  BOOST_CHECK(a.send(note("1")) == Delivery::delivered);
  BOOST_CHECK(a.send(note("2")) == Delivery::delivered);
  runtime.advance(advance);
  return journal.lines();
}

void check_lines(const std::vector<std::string>& have, const std::vector<std::string>& want) {
  BOOST_CHECK_EQUAL_COLLECTIONS(have.begin(), have.end(), want.begin(), want.end());
}

// The verdict for the first note only.
std::function<FaultVerdict()> first(FaultVerdict verdict) {
  return [verdict, n = 0]() mutable { return n++ == 0 ? verdict : FaultVerdict{}; };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(door_test)

BOOST_AUTO_TEST_CASE(a_rule_may_drop_duplicate_or_delay) {
  Plan plan;
  plan.deliver = first({FaultVerdict::drop, {}});
  check_lines(with_plan(plan), {"2"});
  plan.deliver = first({FaultVerdict::duplicate, {}});
  check_lines(with_plan(plan), {"1", "1", "2"});
  plan.deliver = first({FaultVerdict::delay, Duration::from_ms(50)});
  check_lines(with_plan(plan), {"2", "1"});
  plan.deliver = first({FaultVerdict::delay, Duration::from_ms(50)});
  check_lines(with_plan(plan, Duration::from_ms(49)), {"2"});
}

BOOST_AUTO_TEST_CASE(a_rule_that_throws_fails_the_actor_which_is_restarted) {
  Plan plan;
  plan.handle = [n = 0](std::string_view) mutable {
    if (n++ == 0) throw std::runtime_error("injected");
  };
  auto o = virtual_options();
  o.faults = &plan;
  Journal journal;
  Script script;
  script.note = [&](Scripted&, Note::Reader m, const Envelope&) {
    journal.add(m.getText().cStr());
  };
  Runtime runtime(std::move(o));
  runtime.start(node({child("a", script)}));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(note("1"));
  runtime.advance(Duration::from_s(1));
  (void)a.send(note("2"));
  runtime.drain();
  check_lines(journal.lines(), {"2"});
  BOOST_CHECK_EQUAL(row(runtime, "/node/a").last_reason, "injected");
  BOOST_CHECK_EQUAL(row(runtime, "/node/a").restarts, 1u);
}

BOOST_AUTO_TEST_CASE(a_killed_actor_does_not_handle_and_its_asker_hears_unavailable) {
  Plan plan;
  plan.handle = [](std::string_view) { throw ActorKilled{}; };
  Sink sink;
  auto o = virtual_options();
  o.trace = &sink;
  Journal journal;
  Script script;
  script.note = [&](Scripted&, Note::Reader, const Envelope&) { journal.add("handled"); };
  script.question = [](Scripted& self, Question::Reader, const Envelope& e) {
    self.ctx().reply(e, numbered<Answer>(1));
  };
  Runtime runtime(std::move(o));
  runtime.start(node({child("a", script)}));
  runtime.drain();
  runtime.set_faults(&plan);
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(note("1"));
  runtime.ask<Answer>(a, numbered<Question>(1), Duration::from_s(5), [&](Result<Answer::Reader> r) {
    journal.add(r ? "answered" : std::string(name_of(r.error().code)));
  });
  runtime.advance(Duration::from_s(1));
  check_lines(journal.lines(), {"unavailable"});
  BOOST_CHECK_EQUAL(row(runtime, "/node/a").restarts, 1u);
  BOOST_CHECK_EQUAL(row(runtime, "/node/a").last_reason, "killed by a fault rule");
  BOOST_CHECK(sink.hops.front().outcome == HopOutcome::lost);
}

BOOST_AUTO_TEST_CASE(a_held_actor_keeps_its_messages_in_order_until_the_time_is_over) {
  for (const bool timed : {true, false}) {
    Plan plan;
    plan.handle = [n = 0, timed](std::string_view) mutable {
      if (n++ == 0) throw ActorHeld{timed ? Duration::from_ms(50) : Duration{}, 7};
    };
    plan.held = true;
    Journal journal;
    Script script;
    script.note = [&](Scripted&, Note::Reader m, const Envelope&) {
      journal.add(m.getText().cStr());
    };
    auto o = virtual_options();
    o.faults = &plan;
    Runtime runtime(std::move(o));
    runtime.start(node({child("a", script)}));
    const auto a = runtime.ref<ProbeRole>("/node/a");
    for (const char* text : {"1", "2", "3"}) (void)a.send(note(text));
    runtime.advance(Duration::from_ms(49));
    (void)a.send(note("4"));
    runtime.drain();
    check_lines(journal.lines(), {});
    BOOST_CHECK_EQUAL(row(runtime, "/node/a").mailbox[1].depth, 4u);
    plan.held = false;
    runtime.advance(Duration::from_ms(20));
    check_lines(journal.lines(), {"1", "2", "3", "4"});
    BOOST_CHECK_EQUAL(row(runtime, "/node/a").mailbox[1].depth, 0u);
  }
}

BOOST_AUTO_TEST_CASE(what_a_held_actor_had_not_read_when_it_stopped_is_lost_not_leaked) {
  Plan plan;
  plan.handle = [](std::string_view) { throw ActorHeld{Duration::from_s(100), 7}; };
  Sink sink;
  auto o = virtual_options();
  o.faults = &plan;
  o.trace = &sink;
  Runtime runtime(std::move(o));
  runtime.start(node({child("a", {})}));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(note("1"));
  (void)a.send(note("2"));
  runtime.drain();
  (void)runtime.stop(Duration::from_s(1));
  BOOST_CHECK_EQUAL(sink.hops.size(), 2u);
  for (const auto& hop : sink.hops) BOOST_CHECK(hop.outcome == HopOutcome::lost);
}

BOOST_AUTO_TEST_CASE(spans_form_a_tree_across_three_actors) {
  Sink sink;
  auto o = virtual_options();
  o.trace = &sink;
  Runtime runtime(std::move(o));
  Script a;
  a.note = [](Scripted& self, Note::Reader, const Envelope&) {
    (void)self.ctx().ref<ProbeRole>("/node/b").send(numbered<Order>(1));
    self.ctx().request<Answer>(self.ctx().ref<ProbeRole>("/node/c"), numbered<Question>(1),
                               Duration::from_s(1),
                               [](Result<Answer::Reader> r) { BOOST_CHECK(r.has_value()); });
  };
  Script b;
  b.order = [](Scripted& self, Order::Reader, const Envelope&) {
    (void)self.ctx().ref<ProbeRole>("/node/c").send(numbered<Load>(1));
  };
  Script c;
  c.load = [](Scripted&, Load::Reader, const Envelope&) {};
  c.question = [](Scripted& self, Question::Reader, const Envelope& e) {
    self.ctx().reply(e, numbered<Answer>(1));
  };
  runtime.start(node({child("a", a), child("b", b), child("c", c)}));
  (void)runtime.ref<ProbeRole>("/node/a").send(note("root"));
  runtime.drain();
  BOOST_REQUIRE_EQUAL(sink.hops.size(), 5u);
  const auto find = [&](std::uint64_t type) {
    for (const auto& hop : sink.hops) {
      if (hop.type == type) return hop;
    }
    BOOST_FAIL("no such hop");
    return sink.hops.front();
  };
  const auto root = find(capnp::typeId<Note>());
  const auto order = find(capnp::typeId<Order>());
  const auto load = find(capnp::typeId<Load>());
  const auto question = find(capnp::typeId<Question>());
  const auto answer = find(capnp::typeId<Answer>());
  BOOST_CHECK_EQUAL(root.trace.parent, 0u);
  BOOST_CHECK_EQUAL(root.from, "");
  BOOST_CHECK_EQUAL(order.trace.parent, root.trace.span);
  BOOST_CHECK_EQUAL(question.trace.parent, root.trace.span);
  BOOST_CHECK_EQUAL(load.trace.parent, order.trace.span);
  BOOST_CHECK_EQUAL(answer.trace.parent, question.trace.span);
  BOOST_CHECK_EQUAL(answer.from, "/node/c");
  BOOST_CHECK_EQUAL(answer.to, "/node/a");
  BOOST_CHECK(answer.kind == HopKind::reply);
  BOOST_CHECK_EQUAL(load.trace.hops, 2);
  for (const auto& hop : sink.hops) {
    BOOST_CHECK_EQUAL(hop.trace.trace_hi, root.trace.trace_hi);
    BOOST_CHECK_EQUAL(hop.trace.trace_lo, root.trace.trace_lo);
    BOOST_CHECK(hop.outcome == HopOutcome::handled);
    BOOST_CHECK_NE(hop.trace.span, 0u);
  }
}

// What a peer says of a trace is a label: its largest numbers and zeros make no difference.
BOOST_AUTO_TEST_CASE(a_message_from_a_peer_goes_on_in_its_trace) {
  for (const TraceContext said : {TraceContext{1, 2, 3, 4, 0xffff},
                                  TraceContext{~0ULL, ~0ULL, ~0ULL, 0, 7}, TraceContext{}}) {
    Sink sink;
    auto o = virtual_options();
    o.trace = &sink;
    Runtime runtime(std::move(o));
    Script a;
    a.note = [&](Scripted& self, Note::Reader, const Envelope&) {
      Envelope wire = numbered<Load>(1).seal();
      wire.trace = said;
      self.ctx().receive(wire, "02ab",
                         [&] { (void)self.ctx().ref<ProbeRole>("/node/b").send<Load>(wire); });
      (void)self.ctx().ref<ProbeRole>("/node/b").send(numbered<Order>(1));
    };
    Script b;
    b.load = [](Scripted&, Load::Reader, const Envelope&) {};
    b.order = [](Scripted&, Order::Reader, const Envelope&) {};
    runtime.start(node({child("a", a), child("b", b)}));
    (void)runtime.ref<ProbeRole>("/node/a").send(note("root"));
    runtime.drain();
    BOOST_REQUIRE_EQUAL(sink.hops.size(), 4u);
    const Seen& network = sink.hops[0];
    const Seen& root = sink.hops[1];
    BOOST_CHECK(network.kind == HopKind::network);
    BOOST_CHECK_EQUAL(network.from, "02ab");
    BOOST_CHECK_EQUAL(network.to, "/node/a");
    BOOST_CHECK_EQUAL(network.trace.parent, said.span);
    BOOST_CHECK_NE(network.trace.trace_hi, 0u);
    if (said.trace_hi != 0) BOOST_CHECK_EQUAL(network.trace.trace_hi, said.trace_hi);
    for (std::size_t i = 2; i < 4; ++i) {
      const Seen& hop = sink.hops[i];
      const bool wire = hop.type == capnp::typeId<Load>();
      BOOST_CHECK_EQUAL(hop.trace.parent, wire ? network.trace.span : root.trace.span);
      BOOST_CHECK_EQUAL(hop.trace.trace_lo, wire ? network.trace.trace_lo : root.trace.trace_lo);
      BOOST_CHECK_GE(hop.trace.hops, 1u);  // it does not wrap
    }
  }
}

BOOST_AUTO_TEST_CASE(a_named_trace_begins_with_its_cause_as_parent) {
  Sink sink;
  auto o = virtual_options();
  o.trace = &sink;
  Runtime runtime(std::move(o));
  Script a;
  a.note = [&](Scripted& self, Note::Reader, const Envelope&) {
    const auto b = self.ctx().ref<ProbeRole>("/node/b");
    self.ctx().in_trace({5, 6}, [&] { (void)b.send(numbered<Load>(1)); });
    (void)b.send(numbered<Order>(1));
  };
  Script b;
  b.load = [](Scripted&, Load::Reader, const Envelope&) {};
  b.order = [](Scripted&, Order::Reader, const Envelope&) {};
  runtime.start(node({child("a", a), child("b", b)}));
  (void)runtime.ref<ProbeRole>("/node/a").send(note("root"));
  runtime.drain();
  BOOST_REQUIRE_EQUAL(sink.hops.size(), 3u);
  for (const Seen& hop : sink.hops) {
    if (hop.type == capnp::typeId<Note>()) continue;
    const bool named = hop.type == capnp::typeId<Load>();
    BOOST_CHECK_EQUAL(hop.trace.parent, sink.hops[0].trace.span);
    BOOST_CHECK_EQUAL(hop.trace.trace_hi == 5 && hop.trace.trace_lo == 6, named);
  }
}

BOOST_AUTO_TEST_CASE(every_fate_of_a_message_is_told) {
  Sink sink;
  Plan plan;
  plan.deliver = first({FaultVerdict::drop, {}});
  auto o = virtual_options();
  o.trace = &sink;
  o.faults = &plan;
  Runtime runtime(std::move(o));
  auto spec = child("a", {}, Restart::temporary);
  spec.mailbox.bulk = 1;
  runtime.start(node({spec}));
  runtime.drain();
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(note("dropped"));
  (void)a.send(numbered<Load>(1));  // unknown: no handler
  (void)a.send(numbered<Load>(2));  // shed
  runtime.drain();
  (void)a.send(crash("threw"));
  (void)a.send(numbered<Load>(3));  // lost
  runtime.drain();
  (void)a.send(numbered<Load>(4));  // no receiver
  std::vector<std::string> have;
  for (const auto& hop : sink.hops) have.emplace_back(name_of(hop.outcome));
  check_lines(have, {"dropped", "shed", "unknown", "threw", "lost", "no_receiver"});
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
