// Typed references, order, priority, bounds, timers.
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {
namespace {

template <class Ref, class T>
concept CanSend = requires(const Ref& ref, Draft<T> draft) {
  ref.send(std::move(draft));
};
static_assert(CanSend<Probe, Note>);
static_assert(!CanSend<Probe, Tick>, "a type outside the role must not compile");
static_assert(accepts_v<ProbeRole, Load> && !accepts_v<ProbeRole, Answer>);
static_assert(class_of<ProbeRole, Order> == MailboxClass::control);
static_assert(class_of<ProbeRole, Note> == MailboxClass::consensus);
static_assert(class_of<ProbeRole, Load> == MailboxClass::bulk);
struct TwiceRole {
  static constexpr std::string_view name = "twice";
  using accepts = Accepts<Control<Note>, Bulk<Note>>;
};
static_assert(!accepts_v<TwiceRole, Note>, "a type in two groups has no class");

Script recorder(Journal& journal) {
  Script script;
  script.note = [&](Scripted&, Note::Reader m, const Envelope&) {
    journal.add(m.getText().cStr());
  };
  script.order = [&](Scripted&, Order::Reader m, const Envelope&) {
    journal.add("order " + str(m.getNumber()));
  };
  script.load = [&](Scripted&, Load::Reader m, const Envelope&) {
    journal.add("load " + str(m.getNumber()));
  };
  return script;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(delivery_test)

BOOST_AUTO_TEST_CASE(messages_of_one_sender_arrive_in_order) {
  Journal journal;
  Runtime runtime(options());
  runtime.start(node({child("a", recorder(journal))}));
  const auto a = runtime.ref<ProbeRole>("/node/a");
  for (int i = 0; i < 500; ++i)
    BOOST_REQUIRE(a.send(note(std::to_string(i))) == Delivery::delivered);
  const auto lines = journal.wait(500);
  for (int i = 0; i < 500; ++i)
    BOOST_REQUIRE_EQUAL(lines[static_cast<std::size_t>(i)], std::to_string(i));
}

BOOST_AUTO_TEST_CASE(a_reference_taken_before_the_start_works_after_it) {
  Journal journal;
  Runtime runtime(options());
  const auto a = runtime.ref<ProbeRole>("/node/a");
  BOOST_CHECK(a.send(note("early")) == Delivery::no_receiver);
  BOOST_CHECK(Probe().send(note("nowhere")) == Delivery::no_receiver);
  runtime.start(node({child("a", recorder(journal))}));
  BOOST_CHECK(a.send(note("late")) == Delivery::delivered);
  BOOST_CHECK_EQUAL(journal.wait(1).front(), "late");
  BOOST_CHECK_EQUAL(a.path(), "/node/a");
}

BOOST_AUTO_TEST_CASE(control_overtakes_what_waits) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(node({child("a", recorder(journal))}));
  runtime.drain();
  const auto a = runtime.ref<ProbeRole>("/node/a");
  for (int i = 0; i < 3; ++i) (void)a.send(note(std::to_string(i)));
  (void)a.send(numbered<Order>(7));
  runtime.drain();
  BOOST_CHECK_EQUAL(journal.wait(4).front(), "order 7");
}

BOOST_AUTO_TEST_CASE(p32_bounded_classes_shed_and_count_and_control_does_not) {
  Journal journal;
  Runtime runtime(virtual_options());
  auto spec = child("a", recorder(journal));
  spec.mailbox = {.consensus = 5, .bulk = 3};
  runtime.start(node({spec}));
  runtime.drain();
  const auto a = runtime.ref<ProbeRole>("/node/a");
  int shed = 0;
  for (std::uint64_t i = 0; i < 10; ++i) {
    shed += a.send(numbered<Load>(i)) == Delivery::shed;
    shed += a.send(note("n")) == Delivery::shed;
    BOOST_CHECK(a.send(numbered<Order>(i)) == Delivery::delivered);
  }
  BOOST_CHECK_EQUAL(shed, 7 + 5);
  BOOST_CHECK_EQUAL(a.load(MailboxClass::bulk).depth, 3u);
  BOOST_CHECK_EQUAL(a.load(MailboxClass::bulk).bound, 3u);
  const auto before = row(runtime, "/node/a");
  BOOST_CHECK_EQUAL(before.mailbox[0].depth, 10u);
  BOOST_CHECK_EQUAL(before.mailbox[1].shed, 5u);
  BOOST_CHECK_EQUAL(before.mailbox[2].shed, 7u);
  runtime.drain();
  const auto after = row(runtime, "/node/a");
  BOOST_CHECK_EQUAL(after.handled, 18u);
  BOOST_CHECK_EQUAL(after.mailbox[2].depth, 0u);
  BOOST_CHECK_EQUAL(after.mailbox[2].high_water, 3u);
  BOOST_CHECK(a.send(numbered<Load>(99)) == Delivery::delivered);  // room again
}

BOOST_AUTO_TEST_CASE(an_unknown_type_is_counted_and_dropped) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(node({child("a", recorder(journal))}));
  const auto a = runtime.erased_ref("/node/a");
  BOOST_CHECK(a.send(numbered<Answer>(1).seal(), MailboxClass::bulk) == Delivery::delivered);
  runtime.drain();
  BOOST_CHECK_EQUAL(row(runtime, "/node/a").unknown, 1u);
  BOOST_CHECK(row(runtime, "/node/a").state == ActorState::running);
}

BOOST_AUTO_TEST_CASE(an_envelope_is_forwarded_without_copying_its_words) {
  Journal journal;
  Runtime runtime(virtual_options());
  const capnp::word* seen[2] = {};
  Script first;
  first.note = [&](Scripted& self, Note::Reader, const Envelope& e) {
    seen[0] = e.words->segments()[0].begin();
    (void)self.ctx().ref<ProbeRole>("/node/b").send<Note>(e);
  };
  Script second;
  second.note = [&](Scripted&, Note::Reader m, const Envelope& e) {
    seen[1] = e.words->segments()[0].begin();
    journal.add(m.getText().cStr());
  };
  runtime.start(node({child("a", first), child("b", second)}));
  (void)runtime.ref<ProbeRole>("/node/a").send(note("through"));
  runtime.drain();
  BOOST_CHECK_EQUAL(journal.wait(1).front(), "through");
  BOOST_CHECK(seen[0] != nullptr && seen[0] == seen[1]);
}

BOOST_AUTO_TEST_CASE(timers_fire_in_order_at_their_time) {
  Journal journal;
  Runtime runtime(virtual_options());
  Script script;
  const Instant zero = runtime.clock().now();
  script.started = [](Scripted& self) {
    self.ctx().send_after(Duration::from_ms(30), tick(3));
    self.ctx().send_after(Duration::from_ms(10), tick(1));
    self.ctx().send_after(Duration::from_ms(20), tick(2));
  };
  script.tick = [&](Scripted& self, Tick::Reader m, const Envelope&) {
    journal.add(str(m.getGeneration()) + "@" + std::to_string((self.ctx().now() - zero).ms()));
  };
  runtime.start(node({child("a", script)}));
  runtime.advance(Duration::from_ms(25));
  BOOST_CHECK_EQUAL(journal.lines().size(), 2u);
  runtime.advance(Duration::from_ms(25));
  const std::vector<std::string> expected{"1@10", "2@20", "3@30"};
  const auto lines = journal.wait(3);
  BOOST_CHECK_EQUAL_COLLECTIONS(lines.begin(), lines.end(), expected.begin(), expected.end());
}

BOOST_AUTO_TEST_CASE(real_timers_and_actors_with_threads_of_their_own_work) {
  Journal journal;
  Runtime runtime(options());
  Script script;
  script.started = [](Scripted& self) { self.ctx().send_after(Duration::from_ms(2), tick(1)); };
  script.tick = [&](Scripted&, Tick::Reader, const Envelope&) { journal.add("tick"); };
  auto spec = child("a", script);
  spec.thread = Thread::own;
  runtime.start(node({spec}));
  journal.wait(1);
  BOOST_CHECK_EQUAL(runtime.stop(Duration::from_s(10)).code, 0);
}

BOOST_AUTO_TEST_CASE(background_threads_have_a_name_and_give_way) {
  Journal journal;
  Runtime runtime(options());
  const auto report = [&](Scripted&) {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    const int nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    journal.add(std::string(name.data()) + " " + std::to_string(nice));
  };
  Script script;
  script.started = report;
  auto own = child("wal", script);
  own.thread = Thread::own;
  auto background = child("transfer_verifier/1", script);
  background.thread = Thread::background;
  const int base = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
  runtime.start(node({own, background}));
  auto lines = journal.wait(2);
  std::sort(lines.begin(), lines.end());
  BOOST_CHECK_EQUAL(lines[0], "sfer_verifier/1 " + std::to_string(std::max(base, 5)));
  BOOST_CHECK_EQUAL(lines[1], "wal " + std::to_string(base));
  BOOST_CHECK_EQUAL(runtime.stop(Duration::from_s(10)).code, 0);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
