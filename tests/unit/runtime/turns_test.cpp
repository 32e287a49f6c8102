// The two bounded classes of a mailbox take turns: under a flood of one the other keeps its
// latency.
#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {
namespace {

// Lines "n<number>", "l<number>", "o<number>" in the order of handling.
Script recorder(Journal& journal) {
  Script script;
  script.note = [&](Scripted&, Note::Reader m, const Envelope&) {
    journal.add(std::string("n") + m.getText().cStr());
  };
  script.load = [&](Scripted&, Load::Reader m, const Envelope&) {
    journal.add("l" + str(m.getNumber()));
  };
  script.order = [&](Scripted&, Order::Reader m, const Envelope&) {
    journal.add("o" + str(m.getNumber()));
  };
  return script;
}

struct Flood {
  Flood() : runtime(with(plan)) {
    runtime.start(node({child("a", recorder(journal))}));
    runtime.drain();
    a = runtime.ref<ProbeRole>("/node/a");
  }
  void notes(int from, int to) {
    for (int i = from; i < to; ++i)
      BOOST_REQUIRE(a.send(note(std::to_string(i))) == Delivery::delivered);
  }
  void loads(int from, int to) {
    for (int i = from; i < to; ++i)
      BOOST_REQUIRE(a.send(numbered<Load>(static_cast<std::uint64_t>(i))) == Delivery::delivered);
  }
  std::vector<std::string> handled() {
    runtime.drain();
    return journal.lines();
  }
  static RuntimeOptions with(FaultPlan& plan) {
    auto o = virtual_options();
    o.faults = &plan;
    return o;
  }

  // Holds the actor at the note "stop".
  struct Hold final : FaultPlan {
    FaultVerdict on_deliver(const Envelope&, std::string_view, std::string_view) override {
      return {};
    }
    void on_handle(const Envelope& e, std::string_view) override {
      if (e.is<Note>() && std::exchange(armed, false)) throw ActorHeld{Duration::from_ms(50), 1};
    }
    bool armed = false;
  } plan;
  Journal journal;
  Runtime runtime;
  Probe a;
};

std::size_t place(const std::vector<std::string>& lines, const std::string& line) {
  const auto found = std::find(lines.begin(), lines.end(), line);
  BOOST_REQUIRE_MESSAGE(found != lines.end(), line << " was not handled");
  return static_cast<std::size_t>(found - lines.begin());
}

// The lines of one class, in order.
std::vector<std::string> only(char kind, const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines)
    if (line.front() == kind) out.push_back(line);
  return out;
}

void check_complete(const std::vector<std::string>& lines, char kind, int count) {
  const auto mine = only(kind, lines);
  BOOST_REQUIRE_EQUAL(mine.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    BOOST_REQUIRE_EQUAL(mine[static_cast<std::size_t>(i)], kind + std::to_string(i));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(turns_test)

BOOST_AUTO_TEST_CASE(consensus_does_not_wait_for_a_flood_of_bulk) {
  Flood flood;
  flood.loads(0, 1000);
  flood.notes(0, 5);
  const auto lines = flood.handled();
  BOOST_CHECK_LE(place(lines, "n4"), 8u);
  check_complete(lines, 'l', 1000);
  check_complete(lines, 'n', 5);
}

BOOST_AUTO_TEST_CASE(bulk_does_not_wait_for_a_flood_of_consensus) {
  Flood flood;
  flood.notes(0, 4000);
  flood.loads(0, 3);
  const auto lines = flood.handled();
  BOOST_CHECK_LE(place(lines, "l0"), 10u);
  BOOST_CHECK_LE(place(lines, "l2"), 25u);
  check_complete(lines, 'n', 4000);
}

// On real workers: the simulator gives control strict precedence.
BOOST_AUTO_TEST_CASE(neither_waits_for_a_flood_of_control) {
  Latch latch;
  Journal journal;
  Script script = recorder(journal);
  script.gate = [&](Scripted&, Gate::Reader, const Envelope&) { latch.wait(); };
  Runtime runtime(options());
  runtime.start(node({child("a", script)}));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  (void)a.send(Draft<Gate>());
  for (std::uint64_t i = 0; i < 1000; ++i) (void)a.send(numbered<Order>(i));
  (void)a.send(note("0"));
  (void)a.send(numbered<Load>(0));
  latch.open();
  const auto lines = journal.wait(1002);
  BOOST_CHECK_LE(place(lines, "n0"), 30u);
  BOOST_CHECK_LE(place(lines, "l0"), 60u);
  check_complete(lines, 'o', 1000);
}

BOOST_AUTO_TEST_CASE(bulk_without_others_is_handled_as_it_comes) {
  Flood flood;
  flood.loads(0, 100);
  check_complete(flood.handled(), 'l', 100);
}

BOOST_AUTO_TEST_CASE(under_two_floods_four_of_consensus_go_with_one_of_bulk) {
  Flood flood;
  for (int i = 0; i < 400; ++i) {
    flood.loads(i, i + 1);
    flood.notes(4 * i, 4 * i + 4);
  }
  const auto lines = flood.handled();
  const auto half = std::vector<std::string>(lines.begin(), lines.begin() + 1000);
  const auto notes = only('n', half).size();
  BOOST_CHECK_GE(notes, 700u);
  BOOST_CHECK_LE(notes, 850u);
  check_complete(lines, 'n', 1600);
  check_complete(lines, 'l', 400);
}

BOOST_AUTO_TEST_CASE(what_was_put_aside_keeps_its_order_over_a_hold) {
  Flood flood;
  flood.loads(0, 50);
  flood.notes(0, 20);
  flood.plan.armed = true;  // at the first note: bulk has been put aside by then
  flood.runtime.drain();
  flood.loads(50, 60);
  flood.notes(20, 30);
  BOOST_CHECK(only('n', flood.handled()).empty());
  flood.runtime.advance(Duration::from_ms(60));
  const auto lines = flood.handled();
  check_complete(lines, 'l', 60);
  check_complete(lines, 'n', 30);
}

BOOST_AUTO_TEST_CASE(a_request_put_aside_by_an_actor_that_dies_is_answered) {
  Journal journal;
  Runtime runtime(virtual_options());
  Script script;
  script.load = [](Scripted&, Load::Reader, const Envelope&) {};
  script.note = [](Scripted&, Note::Reader, const Envelope&) { throw std::runtime_error("bad"); };
  script.question = [](Scripted&, Question::Reader, const Envelope&) {};
  runtime.start(node({child("a", script)}));
  runtime.drain();
  const auto a = runtime.ref<ProbeRole>("/node/a");
  for (std::uint64_t i = 0; i < 10; ++i) (void)a.send(numbered<Load>(i));
  for (int i = 0; i < 6; ++i) (void)a.send(note("x"));  // the fifth would wait for bulk
  runtime.ask<Answer>(a, numbered<Question>(1), Duration::from_s(5), [&](Result<Answer::Reader> r) {
    journal.add(r ? "answered" : std::string(name_of(r.error().code)));
  });
  runtime.advance(Duration::from_s(1));
  BOOST_REQUIRE_EQUAL(journal.lines().size(), 1u);
  BOOST_CHECK_EQUAL(journal.lines().front(), "unavailable");
  for (const auto& load : row(runtime, "/node/a").mailbox) BOOST_CHECK_EQUAL(load.depth, 0u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
