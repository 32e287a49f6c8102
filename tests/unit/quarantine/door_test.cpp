// The quarantine at the door of real actors: refused, answered, traced, told; and nothing else.
#include "messages/base/hex.hpp"
#include "tests/unit/quarantine/messages.hpp"

namespace witan::test {
namespace {

using namespace quarantine;  // NOLINT(google-build-using-namespace): the code under test

class Sink final : public TraceSink {
 public:
  void hop(const Hop& hop) noexcept override { outcomes.emplace_back(name_of(hop.outcome)); }
  std::vector<std::string> outcomes;
};

class Events final : public EventSink {
 public:
  void event(const RuntimeEvent& e) noexcept override {
    if (e.kind == EventKind::message_refused)
      refused.push_back(std::string(e.path) + " " + std::to_string(e.amount));
  }
  std::vector<std::string> refused;
};

// An actor that writes down what it handles and throws at texts that begin with "bad".
struct World {
  explicit World(ChildSpec spec = {}) : list(kept_in(files)) {
    Script script;
    script.note = [this](Scripted&, Note::Reader m, const Envelope&) {
      const std::string text = m.getText().cStr();
      if (text.starts_with("bad")) throw std::runtime_error("cannot bear " + text);
      journal.add(text);
    };
    script.question = [](Scripted& self, Question::Reader m, const Envelope& e) {
      if (m.getNumber() == 13) throw std::runtime_error("unlucky");
      self.ctx().reply(e, numbered<Answer>(m.getNumber()));
    };
    script.order = [](Scripted& self, Order::Reader m, const Envelope&) {
      if (m.getNumber() == 1) throw std::runtime_error("in a control message");
      if (m.getNumber() == 2) self.ctx().fail_node(ErrorCode::io, "the disk");
      if (m.getNumber() == 3) self.ctx().send_after(Duration::from_ms(1), tick(3));
    };
    script.tick = [](Scripted&, Tick::Reader, const Envelope&) {
      throw std::runtime_error("in a timer");
    };
    if (!spec.factory) spec = child("a", script);
    auto o = virtual_options();
    o.poison = &list;
    o.trace = &sink;
    o.events = &events;
    runtime.emplace(std::move(o));
    SupervisorSpec tree = node({std::move(spec)});
    tree.max_restarts = 100;
    runtime->start(std::move(tree));
    runtime->drain();
  }
  Probe a() { return runtime->ref<ProbeRole>(place); }
  template <class T>
  void send(Draft<T>&& draft) {
    (void)a().send(std::move(draft));
    runtime->advance(Duration::from_s(1));
  }
  std::uint32_t restarts() { return row(*runtime, place).restarts; }

  MemoryFileSystem files;
  Quarantine list;
  Sink sink;
  Events events;
  Journal journal;
  std::optional<Runtime> runtime;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(door_test)

BOOST_AUTO_TEST_CASE(the_third_time_a_poison_message_is_refused_and_its_receiver_lives) {
  World world;
  for (int i = 0; i < 4; ++i) {
    world.send(note("bad"));
    world.send(note("good " + std::to_string(i)));
  }
  BOOST_CHECK_EQUAL(world.restarts(), 2u);
  check_lines(world.journal.lines(), {"good 0", "good 1", "good 2", "good 3"});
  check_lines(world.sink.outcomes, {"threw", "handled", "threw", "handled", "quarantined",
                                    "handled", "quarantined", "handled"});
  check_lines(world.events.refused, {"/node/a 1", "/node/a 2"});
}

BOOST_AUTO_TEST_CASE(who_asked_with_a_message_in_quarantine_is_answered_with_an_error) {
  World world;
  std::vector<ErrorCode> codes;
  std::string text;
  for (int i = 0; i < 3; ++i) {
    world.runtime->ask<Answer>(world.a(), numbered<Question>(13), Duration::from_s(5),
                               [&](Result<Answer::Reader> answer) {
                                 BOOST_REQUIRE(!answer);
                                 codes.push_back(answer.error().code);
                                 text = answer.error().text;
                               });
    world.runtime->advance(Duration::from_s(1));
  }
  BOOST_REQUIRE_EQUAL(codes.size(), 3u);
  BOOST_CHECK(codes[0] == ErrorCode::internal && codes[1] == ErrorCode::internal);
  BOOST_CHECK(codes[2] == ErrorCode::not_allowed);
  BOOST_CHECK_MESSAGE(text.find("quarantine") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(control_messages_timers_and_the_end_of_the_node_are_never_kept) {
  World world;
  for (int i = 0; i < 3; ++i) world.send(numbered<Order>(1));
  for (int i = 0; i < 3; ++i) world.send(numbered<Order>(3));
  BOOST_CHECK_EQUAL(world.restarts(), 6u);
  BOOST_CHECK(names_in(world.files).empty());
  world.send(numbered<Order>(2));
  BOOST_CHECK(world.runtime->ended().has_value());
  BOOST_CHECK(names_in(world.files).empty());
}

BOOST_AUTO_TEST_CASE(a_death_by_a_fault_rule_says_nothing_about_the_message) {
  class Killer final : public FaultPlan {
   public:
    FaultVerdict on_deliver(const Envelope&, std::string_view, std::string_view) override {
      return {};
    }
    void on_handle(const Envelope&, std::string_view) override {
      if (throws) throw std::runtime_error("injected");
      throw ActorKilled{};
    }
    bool throws = false;
  };
  World world;
  Killer killer;
  world.runtime->set_faults(&killer);
  for (int i = 0; i < 3; ++i) world.send(note("x"));
  BOOST_CHECK(names_in(world.files).empty());
  killer.throws = true;  // that one counts: it is how a test makes a poison message
  for (int i = 0; i < 3; ++i) world.send(note("x"));
  BOOST_CHECK_EQUAL(world.list.sizes().quarantined, 1u);
  BOOST_CHECK_EQUAL(world.sink.outcomes.back(), "quarantined");
}

BOOST_AUTO_TEST_CASE(a_message_of_a_peer_is_kept_out_before_it_is_routed) {
  // Orders stand for bytes of a connection; each is a message of the peer.
  int routed = 0;
  Script script;
  script.order = [&routed](Scripted& self, Order::Reader m, const Envelope&) {
    Envelope message = sealed("from peer " + std::to_string(m.getNumber()));
    self.ctx().receive(message, "ab", [&] {
      ++routed;
      if (m.getNumber() == 7) throw std::runtime_error("cannot route it");
    });
  };
  World world(child("a", script));
  for (int i = 0; i < 4; ++i) world.send(numbered<Order>(7));
  BOOST_CHECK_EQUAL(routed, 2);
  world.send(numbered<Order>(8));
  BOOST_CHECK_EQUAL(routed, 3);
  const auto kept = read_folder(world.files, folder);
  BOOST_REQUIRE_EQUAL(kept.records.size(), 1u);
  BOOST_CHECK(kept.records[0].kind == HopKind::network);
  BOOST_CHECK_EQUAL(kept.records[0].sender, "ab");
}

BOOST_AUTO_TEST_CASE(what_is_kept_tells_who_sent_it_why_it_failed_and_its_trace) {
  World world;
  for (int i = 0; i < 2; ++i) world.send(note("bad"));
  const auto kept = read_folder(world.files, folder);
  BOOST_REQUIRE_EQUAL(kept.records.size(), 1u);
  const Record& record = kept.records[0];
  BOOST_CHECK_EQUAL(record.receiver, place);
  BOOST_CHECK_EQUAL(record.sender, "");
  BOOST_CHECK(record.mailbox == MailboxClass::consensus && record.throws == 2);
  check_lines(record.reasons, {"cannot bear bad"});
  BOOST_CHECK(record.trace.span != 0 && record.trace.trace_hi != 0);
  BOOST_CHECK(record.last.ns > record.first.ns);
}

BOOST_AUTO_TEST_CASE(a_replay_goes_through_the_door_and_restarts_a_receiver_that_fails_again) {
  World world;
  for (int i = 0; i < 2; ++i) world.send(note("bad"));
  const std::string id = to_hex(read_folder(world.files, folder).records.at(0).id);
  const auto replayed = world.list.replay(
      id,
      [&](std::string_view path, Envelope envelope, MailboxClass mailbox) {
        const auto out = world.runtime->erased_ref(path).send(std::move(envelope), mailbox);
        world.runtime->advance(Duration::from_s(1));
        return out;
      },
      Duration::from_s(1));
  WITAN_REQUIRE_OK(replayed);
  BOOST_CHECK_EQUAL(replayed->reason, "cannot bear bad");
  BOOST_CHECK_EQUAL(world.restarts(), 3u);
  world.send(note("bad"));
  BOOST_CHECK_EQUAL(world.sink.outcomes.back(), "quarantined");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
