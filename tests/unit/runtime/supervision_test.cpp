// Restart policies, order, budgets, escalation, dynamic children, graceful and forced stop,
// fail-stop.
#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {
namespace {

void check_lines(const std::vector<std::string>& have, const std::vector<std::string>& want) {
  BOOST_CHECK_EQUAL_COLLECTIONS(have.begin(), have.end(), want.begin(), want.end());
}

std::vector<std::string> after_crash_of_b(Strategy strategy) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(
      node({group("g", strategy,
                  {announced("a", journal), announced("b", journal), announced("c", journal)})}));
  runtime.drain();
  const auto before = journal.lines().size();
  (void)runtime.ref<ProbeRole>("/node/g/b").send(crash("x"));
  runtime.advance(Duration::from_s(1));
  auto lines = journal.lines();
  BOOST_CHECK_EQUAL(before, 3u);
  lines.erase(lines.begin(), lines.begin() + 3);
  return lines;
}

// The stops are in reverse order; the starts that follow have no order among themselves (each actor
// starts on its own), so they are compared sorted.
void check_restart(std::vector<std::string> have, std::vector<std::string> stops,
                   std::vector<std::string> starts) {
  BOOST_REQUIRE_EQUAL(have.size(), stops.size() + starts.size());
  std::sort(have.begin() + static_cast<std::ptrdiff_t>(stops.size()), have.end());
  stops.insert(stops.end(), starts.begin(), starts.end());
  check_lines(have, stops);
}

class Events final : public EventSink {
 public:
  void event(const RuntimeEvent& e) noexcept override {
    journal.add(std::string(name_of(e.kind)) + " " + std::string(e.path) + " " +
                std::string(e.text));
    if (e.kind == EventKind::actor_restarting) backoffs.push_back(e.amount);
  }
  Journal journal;
  std::vector<std::uint64_t> backoffs;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(supervision_test)

BOOST_AUTO_TEST_CASE(one_for_one_restarts_only_the_child_that_failed) {
  check_restart(after_crash_of_b(Strategy::one_for_one), {}, {"+b"});
}
BOOST_AUTO_TEST_CASE(one_for_all_stops_the_others_in_reverse_and_restarts_all) {
  check_restart(after_crash_of_b(Strategy::one_for_all), {"-c", "-a"}, {"+a", "+b", "+c"});
}
BOOST_AUTO_TEST_CASE(rest_for_one_restarts_the_child_and_those_after_it) {
  check_restart(after_crash_of_b(Strategy::rest_for_one), {"-c"}, {"+b", "+c"});
}

BOOST_AUTO_TEST_CASE(a_reference_survives_a_restart_and_the_reason_is_kept) {
  Journal journal;
  Script script;
  script.note = [&](Scripted&, Note::Reader m, const Envelope&) {
    journal.add(m.getText().cStr());
  };
  Runtime runtime(virtual_options());
  runtime.start(node({announced("a", journal, script)}));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(crash("first reason"));
  runtime.drain();
  BOOST_CHECK(a.send(note("in between")) == Delivery::no_receiver);
  BOOST_CHECK(row(runtime, "/node/a").state == ActorState::restarting);
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK(a.send(note("again")) == Delivery::delivered);
  runtime.drain();
  check_lines(journal.lines(), {"+a", "+a", "again"});
  const auto status = row(runtime, "/node/a");
  BOOST_CHECK_EQUAL(status.restarts, 1u);
  BOOST_CHECK_EQUAL(status.last_reason, "first reason");
  BOOST_CHECK(status.state == ActorState::running);
}

BOOST_AUTO_TEST_CASE(an_exception_of_any_kind_is_captured_wherever_it_is_thrown) {
  int lives = 0;
  Script script;
  script.started = [&](Scripted&) {
    if (lives == 2) throw std::runtime_error("in started");
  };
  script.note = [](Scripted&, Note::Reader, const Envelope&) { throw 42; };
  script.stopping = [](Scripted&) { throw std::runtime_error("in stopping"); };
  auto spec = child("a", script);
  spec.factory = [&lives, make = spec.factory](ActorContext& context) {
    if (++lives == 1) throw std::runtime_error("in the constructor");
    return make(context);
  };
  Events events;
  auto o = virtual_options();
  o.events = &events;
  Runtime runtime(std::move(o));
  runtime.start(node({spec}));
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK_EQUAL(lives, 3);
  (void)runtime.ref<ProbeRole>("/node/a").send(note("x"));
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK_EQUAL(runtime.stop(Duration::from_s(10)).code, 0);
  for (const char* reason :
       {"in the constructor", "in started", "exception of unknown type", "in stopping"}) {
    events.journal.wait_for(std::string("actor_failed /node/a ") + reason);
  }
}

BOOST_AUTO_TEST_CASE(transient_and_temporary_children_end_by_policy) {
  Journal journal;
  Script quits;
  quits.order = [](Scripted& self, Order::Reader, const Envelope&) {
    self.ctx().stop_self("done");
  };
  Runtime runtime(virtual_options());
  runtime.start(node({announced("perm", journal, quits, Restart::permanent),
                      announced("trans", journal, quits, Restart::transient),
                      announced("temp", journal, quits, Restart::temporary)}));
  runtime.drain();
  for (const char* name : {"/node/perm", "/node/trans", "/node/temp"}) {
    (void)runtime.ref<ProbeRole>(name).send(numbered<Order>(1));
  }
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK(row(runtime, "/node/perm").state == ActorState::running);
  BOOST_CHECK(row(runtime, "/node/trans").state == ActorState::stopped);
  BOOST_CHECK(row(runtime, "/node/temp").state == ActorState::stopped);
  BOOST_CHECK_EQUAL(row(runtime, "/node/trans").last_reason, "done");
}

BOOST_AUTO_TEST_CASE(a_transient_child_that_fails_is_restarted) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(node({announced("t", journal, {}, Restart::transient)}));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/t").send(crash("x"));
  runtime.advance(Duration::from_s(1));
  check_lines(journal.lines(), {"+t", "+t"});
}

BOOST_AUTO_TEST_CASE(a_restart_of_the_group_leaves_temporary_children_out) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(
      node({group("g", Strategy::one_for_all,
                  {announced("a", journal), announced("t", journal, {}, Restart::temporary)})}));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/g/a").send(crash("x"));
  runtime.advance(Duration::from_s(1));
  check_lines(journal.lines(), {"+a", "+t", "-t", "+a"});
  BOOST_CHECK(row(runtime, "/node/g/t").state == ActorState::stopped);
  BOOST_CHECK_EQUAL(row(runtime, "/node/g/t").restarts, 0u);
}

BOOST_AUTO_TEST_CASE(a_normal_end_of_a_transient_child_does_not_touch_its_group) {
  Journal journal;
  Script quits;
  quits.order = [](Scripted& self, Order::Reader, const Envelope&) {
    self.ctx().stop_self("done");
  };
  Runtime runtime(virtual_options());
  runtime.start(
      node({group("g", Strategy::one_for_all,
                  {announced("t", journal, quits, Restart::transient), announced("a", journal)})}));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/g/t").send(numbered<Order>(1));
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK(row(runtime, "/node/g/t").state == ActorState::stopped);
  BOOST_CHECK(row(runtime, "/node/g/a").state == ActorState::running);
  BOOST_CHECK_EQUAL(row(runtime, "/node/g/a").restarts, 0u);
}

BOOST_AUTO_TEST_CASE(a_child_that_never_starts_uses_up_the_budget) {
  int tries = 0;
  auto never = child("never", {});
  never.factory = [&tries](ActorContext&) -> std::unique_ptr<Actor> {
    ++tries;
    throw std::runtime_error("no such device");
  };
  Runtime runtime(virtual_options());
  auto root = node({never});
  root.max_restarts = 2;
  runtime.start(std::move(root));
  runtime.advance(Duration::from_s(10));
  BOOST_CHECK_EQUAL(tries, 3);
  BOOST_REQUIRE(runtime.ended());
  BOOST_CHECK_EQUAL(runtime.wait().reason, "/node/never failed too often: no such device");
}

BOOST_AUTO_TEST_CASE(a_used_up_budget_escalates_to_the_process_with_a_reason) {
  Journal journal;
  Runtime runtime(virtual_options());
  auto inner = group("g", Strategy::one_for_one, {announced("a", journal)});
  inner.max_restarts = 2;
  auto root = node({inner});
  root.max_restarts = 0;
  runtime.start(std::move(root));
  runtime.drain();
  const auto a = runtime.ref<ProbeRole>("/node/g/a");
  for (int i = 0; i < 3; ++i) {
    BOOST_CHECK(!runtime.ended());
    (void)a.send(crash("crash " + std::to_string(i)));
    runtime.advance(Duration::from_s(1));
  }
  BOOST_REQUIRE(runtime.ended());
  BOOST_CHECK_EQUAL(runtime.ended()->code, static_cast<int>(ExitCode::supervision));
  BOOST_CHECK_EQUAL(runtime.wait().reason,
                    "/node/g failed too often: /node/g/a failed too often: crash 2");
}

BOOST_AUTO_TEST_CASE(an_escalation_restarts_the_group_when_the_parent_has_budget) {
  Journal journal;
  Runtime runtime(virtual_options());
  auto inner =
      group("g", Strategy::one_for_one, {announced("a", journal), announced("b", journal)});
  inner.max_restarts = 0;
  runtime.start(node({inner}));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/g/a").send(crash("x"));
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK(!runtime.ended());
  BOOST_CHECK_EQUAL(row(runtime, "/node/g").restarts, 1u);
  BOOST_CHECK_EQUAL(journal.lines().size(), 5u);  // +a +b -b +a +b
  BOOST_CHECK(runtime.ref<ProbeRole>("/node/g/b").send(numbered<Order>(1)) == Delivery::delivered);
}

BOOST_AUTO_TEST_CASE(backoff_grows_has_jitter_and_a_limit_and_failures_leave_the_window) {
  Events events;
  auto o = virtual_options();
  o.events = &events;
  Runtime runtime(std::move(o));
  auto root = node({child("a", {})});
  root.backoff_min = Duration::from_ms(100);
  root.backoff_max = Duration::from_ms(400);
  root.max_restarts = 4;
  root.window = Duration::from_s(30);
  runtime.start(std::move(root));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  for (int i = 0; i < 4; ++i) {
    (void)a.send(crash("x"));
    runtime.advance(Duration::from_s(1));
  }
  BOOST_REQUIRE_EQUAL(events.backoffs.size(), 4u);
  const std::uint64_t base[] = {100, 200, 400, 400};
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_CHECK_GE(events.backoffs[i], base[i]);
    BOOST_CHECK_LE(events.backoffs[i], base[i] * 5 / 4);
  }
  runtime.advance(Duration::from_s(60));
  (void)a.send(crash("x"));
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK(!runtime.ended());
  BOOST_CHECK_LE(events.backoffs.back(), 125u);
}

BOOST_AUTO_TEST_CASE(a_graceful_stop_runs_children_in_reverse_order) {
  Journal journal;
  Runtime runtime(options());
  runtime.start(
      node({group("g", Strategy::one_for_one, {announced("a", journal), announced("b", journal)}),
            announced("c", journal)}));
  journal.wait(3);
  const auto status = runtime.stop(Duration::from_s(20));
  BOOST_CHECK_EQUAL(status.code, 0);
  auto lines = journal.lines();
  lines.erase(lines.begin(), lines.begin() + 3);
  check_lines(lines, {"-c", "-b", "-a"});
  BOOST_CHECK(runtime.ref<ProbeRole>("/node/c").send(note("x")) == Delivery::no_receiver);
}

BOOST_AUTO_TEST_CASE(a_hung_child_is_overdue_then_abandoned_and_the_process_ends) {
  Journal journal;
  Latch latch;
  Latch entered;
  Events events;
  auto o = options();
  o.events = &events;
  std::vector<ExitStatus> calls;
  o.end_process = [&](const ExitStatus& s) {
    calls.push_back(s);
    latch.open();
  };
  Runtime runtime(std::move(o));
  Script script;
  script.gate = [&](Scripted&, Gate::Reader, const Envelope&) {
    entered.open();
    latch.wait();
  };
  auto spec = announced("hung", journal, script);
  spec.shutdown = Duration::from_ms(5);
  runtime.start(node({announced("before", journal), spec}));
  (void)runtime.ref<ProbeRole>("/node/hung").send(numbered<Gate>(1));
  entered.wait();
  const auto status = runtime.stop(Duration::from_s(20));
  BOOST_CHECK_EQUAL(status.code, static_cast<int>(ExitCode::forced_stop));
  BOOST_CHECK_EQUAL(status.reason, "/node/hung does not stop");
  BOOST_REQUIRE_EQUAL(calls.size(), 1u);
  events.journal.wait_for("stop_overdue /node/hung ");
}

BOOST_AUTO_TEST_CASE(a_stop_that_overruns_its_deadline_ends_the_process) {
  Latch latch;
  Latch entered;
  auto o = options();
  std::vector<ExitStatus> calls;
  o.end_process = [&](const ExitStatus& s) {
    calls.push_back(s);
    latch.open();
  };
  Runtime runtime(std::move(o));
  Script script;
  script.gate = [&](Scripted&, Gate::Reader, const Envelope&) {
    entered.open();
    latch.wait();
  };
  auto spec = child("hung", script);
  spec.shutdown = Duration::from_s(1000);
  runtime.start(node({spec}));
  (void)runtime.ref<ProbeRole>("/node/hung").send(numbered<Gate>(1));
  entered.wait();
  BOOST_CHECK_EQUAL(runtime.stop(Duration::from_ms(10)).code,
                    static_cast<int>(ExitCode::forced_stop));
  BOOST_CHECK_EQUAL(calls.size(), 1u);
}

BOOST_AUTO_TEST_CASE(p28_fail_node_ends_with_the_code_of_its_error_and_nothing_is_sent_after) {
  Journal journal;
  Ended ended;
  auto o = options(&ended);
  o.deterministic = true;
  Runtime runtime(std::move(o));
  Script store;
  store.order = [&](Scripted& self, Order::Reader, const Envelope&) {
    (void)self.ctx().ref<ProbeRole>("/node/b").send(note("before"));
    try {
      self.ctx().fail_node(ErrorCode::no_space, "disk full");
    } catch (...) {
      BOOST_CHECK(self.ctx().ref<ProbeRole>("/node/b").send(note("after")) ==
                  Delivery::no_receiver);
      throw;
    }
  };
  Script other;
  other.note = [&](Scripted&, Note::Reader m, const Envelope&) { journal.add(m.getText().cStr()); };
  runtime.start(node({announced("a", journal, store), announced("b", journal, other)}));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/a").send(numbered<Order>(1));
  runtime.advance(Duration::from_s(60));
  BOOST_CHECK_EQUAL(journal.lines().size(), 2u);  // the two starts; "before" was not handled either
  BOOST_REQUIRE_EQUAL(ended.calls.size(), 1u);
  const auto status = runtime.wait();
  BOOST_CHECK_EQUAL(status.code, static_cast<int>(ExitCode::storage_io));
  BOOST_CHECK_EQUAL(status.reason, "/node/a: no_space: disk full");
}

BOOST_AUTO_TEST_CASE(children_started_at_run_time_can_be_used_at_once_and_stopped) {
  Journal journal;
  Runtime runtime(virtual_options());
  Script session;
  session.note = [&](Scripted&, Note::Reader m, const Envelope&) {
    journal.add(m.getText().cStr());
  };
  ErasedRef first;
  Script listener;
  listener.order = [&](Scripted& self, Order::Reader, const Envelope&) {
    auto made =
        self.ctx().start_child(announced("session/1", journal, session, Restart::temporary));
    WITAN_REQUIRE_OK(made);
    first = *made;
    (void)ActorRef<ProbeRole>(first).send(note("hello"));
    WITAN_CHECK_ERROR(self.ctx().start_child(child("session/1", {})), ErrorCode::duplicate);
    WITAN_CHECK_ERROR(self.ctx().start_child("/nowhere", child("x", {})), ErrorCode::unavailable);
  };
  listener.note = [&](Scripted& self, Note::Reader, const Envelope&) {
    self.ctx().stop_child(first);
  };
  auto peers = group("peers", Strategy::one_for_one, {child("listener", listener)});
  peers.max_children = 2;
  runtime.start(node({peers}));
  const auto l = runtime.ref<ProbeRole>("/node/peers/listener");
  (void)l.send(numbered<Order>(1));
  runtime.drain();
  check_lines(journal.lines(), {"+session/1", "hello"});
  BOOST_CHECK_EQUAL(first.path(), "/node/peers/session/1");
  (void)l.send(note("stop it"));
  runtime.advance(Duration::from_s(5));
  BOOST_CHECK_EQUAL(journal.lines().back(), "-session/1");
  BOOST_CHECK(first.send(note("x").seal(), MailboxClass::bulk) == Delivery::no_receiver);
  (void)l.send(numbered<Order>(1));  // the name is free again, and the old reference finds it
  runtime.drain();
  BOOST_CHECK_EQUAL(journal.lines().back(), "hello");
  BOOST_CHECK(first.send(note("x").seal(), MailboxClass::bulk) == Delivery::delivered);
}

BOOST_AUTO_TEST_CASE(the_number_of_dynamic_children_is_bounded) {
  Runtime runtime(virtual_options());
  std::vector<ErrorCode> codes;
  Script listener;
  listener.order = [&](Scripted& self, Order::Reader m, const Envelope&) {
    const auto made =
        self.ctx().start_child(child("s" + str(m.getNumber()), {}, Restart::temporary));
    codes.push_back(made ? ErrorCode::ok : made.error().code);
  };
  auto peers = group("peers", Strategy::one_for_one, {child("listener", listener)});
  peers.max_children = 2;
  runtime.start(node({peers}));
  const auto l = runtime.ref<ProbeRole>("/node/peers/listener");
  for (std::uint64_t i = 0; i < 3; ++i) (void)l.send(numbered<Order>(i));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/peers/s0").send(crash("gone"));
  runtime.drain();
  (void)l.send(numbered<Order>(9));
  runtime.drain();
  const std::vector<ErrorCode> expected{ErrorCode::ok, ErrorCode::ok, ErrorCode::busy,
                                        ErrorCode::ok};
  BOOST_CHECK(codes == expected);
  BOOST_CHECK(row(runtime, "/node/peers/s0").path.empty());  // its slot is forgotten
}

BOOST_AUTO_TEST_CASE(the_watchdog_tells_a_stuck_handler_and_ends_the_process_at_the_hard_limit) {
  Latch latch;
  Latch told;
  Events events;
  auto o = options();
  o.events = &events;
  o.watchdog = {.period = Duration::from_ms(2),
                .busy_limit = Duration::from_ms(5),
                .wait_limit = Duration::from_ms(5),
                .hard_limit = Duration::from_ms(20)};
  o.end_process = [&](const ExitStatus&) { told.open(); };
  Runtime runtime(std::move(o));
  Script script;
  script.gate = [&](Scripted&, Gate::Reader, const Envelope&) { latch.wait(); };
  runtime.start(node({child("a", script)}));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(numbered<Gate>(1));
  (void)a.send(note("waits"));
  told.wait();
  latch.open();
  events.journal.wait_for("stuck /node/a ");
  events.journal.wait_for("starved /node/a ");
  BOOST_CHECK_EQUAL(runtime.wait().code, static_cast<int>(ExitCode::watchdog));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
