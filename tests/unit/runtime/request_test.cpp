// Requests: exactly one reply, error or timeout; from actors and from outside.
#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {
namespace {

using AnswerResult = Result<Answer::Reader>;

std::string show(const AnswerResult& r) {
  return r ? "answer " + str(r->getNumber()) : std::string(name_of(r.error().code));
}

// Asks /node/b as soon as it starts.
Script asker(Journal& journal, Duration deadline, std::uint64_t number = 1) {
  Script script;
  script.started = [&journal, deadline, number](Scripted& self) {
    self.ctx().request<Answer>(self.ctx().ref<ProbeRole>("/node/b"), numbered<Question>(number),
                               deadline, [&journal](AnswerResult r) { journal.add(show(r)); });
    journal.add("asked");
  };
  return script;
}

Script answering(std::function<void(Scripted&, Question::Reader, const Envelope&)> question) {
  Script script;
  script.question = std::move(question);
  return script;
}

std::vector<std::string> run_pair(Script second, Duration advance = Duration::from_s(10)) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(node({child("b", std::move(second), Restart::temporary),
                      child("a", asker(journal, Duration::from_s(1)))}));
  runtime.drain();
  runtime.advance(advance);
  return journal.lines();
}

void check_lines(const std::vector<std::string>& have, const std::vector<std::string>& want) {
  BOOST_CHECK_EQUAL_COLLECTIONS(have.begin(), have.end(), want.begin(), want.end());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(request_test)

BOOST_AUTO_TEST_CASE(a_reply_reaches_the_callback) {
  check_lines(run_pair(answering([](Scripted& self, Question::Reader m, const Envelope& e) {
                self.ctx().reply(e, numbered<Answer>(m.getNumber() + 41));
              })),
              {"asked", "answer 42"});
}

BOOST_AUTO_TEST_CASE(a_reply_may_come_later) {
  Envelope kept;
  Script script = answering([&](Scripted& self, Question::Reader, const Envelope& e) {
    kept = e;
    self.ctx().send_after(Duration::from_ms(900), tick(1));
  });
  script.tick = [&](Scripted& self, Tick::Reader, const Envelope&) {
    self.ctx().reply(kept, numbered<Answer>(5));
  };
  check_lines(run_pair(script), {"asked", "answer 5"});
}

BOOST_AUTO_TEST_CASE(a_second_or_late_reply_is_dropped) {
  Envelope kept;
  Script script = answering([&](Scripted& self, Question::Reader, const Envelope& e) {
    kept = e;
    self.ctx().send_after(Duration::from_ms(1500), tick(1));
  });
  script.tick = [&](Scripted& self, Tick::Reader, const Envelope&) {
    self.ctx().reply(kept, numbered<Answer>(5));
  };
  check_lines(run_pair(script), {"asked", "timeout"});
  check_lines(run_pair(answering([](Scripted& self, Question::Reader, const Envelope& e) {
                self.ctx().reply(e, numbered<Answer>(1));
                self.ctx().reply(e, numbered<Answer>(2));
              })),
              {"asked", "answer 1"});
}

BOOST_AUTO_TEST_CASE(silence_ends_in_a_timeout) {
  check_lines(run_pair(answering([](Scripted&, Question::Reader, const Envelope&) {})),
              {"asked", "timeout"});
  check_lines(run_pair(answering([](Scripted&, Question::Reader, const Envelope&) {}),
                       Duration::from_ms(999)),
              {"asked"});
}

BOOST_AUTO_TEST_CASE(an_error_reply_carries_code_and_text) {
  Error seen;
  Journal journal;
  Runtime runtime(virtual_options());
  Script first;
  first.started = [&](Scripted& self) {
    self.ctx().request<Answer>(self.ctx().ref<ProbeRole>("/node/b"), numbered<Question>(1),
                               Duration::from_s(1), [&](AnswerResult r) { seen = r.error(); });
  };
  runtime.start(node({child("b", answering([](Scripted& self, Question::Reader, const Envelope& e) {
                              self.ctx().reply_error(e, {ErrorCode::pruned, "height", "gone"});
                            })),
                      child("a", first)}));
  runtime.drain();
  BOOST_CHECK_EQUAL(seen, (Error{ErrorCode::pruned, "height", "gone"}));
}

BOOST_AUTO_TEST_CASE(a_reply_of_another_type_is_an_error) {
  check_lines(run_pair(answering([](Scripted& self, Question::Reader, const Envelope& e) {
                self.ctx().reply(e, note("what?"));
              })),
              {"asked", "unknown_type"});
}

BOOST_AUTO_TEST_CASE(a_receiver_without_handler_answers_unknown_type) {
  check_lines(run_pair({}), {"asked", "unknown_type"});
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_answers_internal) {
  check_lines(run_pair(answering([](Scripted&, Question::Reader, const Envelope&) {
                throw std::runtime_error("poison");
              })),
              {"asked", "internal"});
}

BOOST_AUTO_TEST_CASE(an_empty_slot_answers_unavailable_after_request_returned) {
  Journal journal;
  Runtime runtime(virtual_options());
  runtime.start(node({child("a", asker(journal, Duration::from_s(1)))}));
  runtime.drain();
  check_lines(journal.lines(), {"asked", "unavailable"});
}

BOOST_AUTO_TEST_CASE(a_full_mailbox_answers_busy) {
  Journal journal;
  Runtime runtime(virtual_options());
  Script first = asker(journal, Duration::from_s(1));
  const auto b = runtime.ref<ProbeRole>("/node/b");
  first.started = [&, then = first.started](Scripted& self) {
    (void)b.send(note("fills the only place"));
    then(self);
  };
  auto second = child("b", {});
  second.mailbox.consensus = 1;
  runtime.start(node({second, child("a", first)}));
  runtime.drain();
  check_lines(journal.lines(), {"asked", "busy"});
}

BOOST_AUTO_TEST_CASE(a_receiver_that_dies_with_the_request_unread_answers_unavailable) {
  Journal journal;
  Runtime runtime(virtual_options());
  Script first = asker(journal, Duration::from_s(1));
  first.started = [&, then = first.started](Scripted& self) {
    (void)self.ctx().ref<ProbeRole>("/node/b").send(crash("dies"));
    then(self);
  };
  runtime.start(node({child("b", answering([](Scripted&, Question::Reader, const Envelope&) {}),
                            Restart::temporary),
                      child("a", first)}));
  runtime.drain();
  check_lines(journal.lines(), {"asked", "unavailable"});
}

BOOST_AUTO_TEST_CASE(many_requests_in_flight_each_end_once) {
  Journal journal;
  Runtime runtime(virtual_options());
  std::vector<int> ended(2000, 0);
  std::size_t timeouts = 0;
  Script first;
  first.started = [&](Scripted& self) {
    for (std::size_t i = 0; i < ended.size(); ++i) {
      self.ctx().request<Answer>(self.ctx().ref<ProbeRole>("/node/b"), numbered<Question>(i),
                                 Duration::from_ms(50 + static_cast<std::int64_t>(i % 7)),
                                 [&, i](AnswerResult r) {
                                   ++ended[i];
                                   if (!r) ++timeouts;
                                   if (r) BOOST_CHECK_EQUAL(r->getNumber(), i);
                                 });
    }
  };
  runtime.start(
      node({child("b", answering([](Scripted& self, Question::Reader m, const Envelope& e) {
                    if (m.getNumber() % 3 != 0) {
                      self.ctx().reply(e, numbered<Answer>(m.getNumber()));
                    }
                  })),
            child("a", first)}));
  runtime.advance(Duration::from_s(1));
  BOOST_CHECK(std::all_of(ended.begin(), ended.end(), [](int n) { return n == 1; }));
  BOOST_CHECK_EQUAL(timeouts, 667u);
}

BOOST_AUTO_TEST_CASE(a_reply_to_an_earlier_incarnation_is_stale) {
  Journal journal;
  Runtime runtime(virtual_options());
  Envelope kept;
  Script b;
  b.question = [&](Scripted& self, Question::Reader, const Envelope& e) {
    if (kept.words) self.ctx().reply(kept, numbered<Answer>(1));
    kept = e;
  };
  runtime.start(node({child("b", b), child("a", asker(journal, Duration::from_s(5)))}));
  runtime.drain();
  (void)runtime.ref<ProbeRole>("/node/a").send(crash("again"));
  runtime.advance(Duration::from_s(1));
  check_lines(journal.lines(), {"asked", "asked"});
  runtime.advance(Duration::from_s(10));
  check_lines(journal.lines(), {"asked", "asked", "timeout"});
}

BOOST_AUTO_TEST_CASE(threads_outside_ask_and_get_one_answer) {
  Journal journal;
  {
    Runtime runtime(options());
    runtime.start(
        node({child("b", answering([&](Scripted& self, Question::Reader m, const Envelope& e) {
                      journal.add("question " + str(m.getNumber()));
                      if (m.getNumber() == 1) self.ctx().reply(e, numbered<Answer>(1));
                    }))}));
    const auto b = runtime.ref<ProbeRole>("/node/b");
    runtime.ask<Answer>(b, numbered<Question>(1), Duration::from_s(10),
                        [&](AnswerResult r) { journal.add(show(r)); });
    journal.wait_for("answer 1");
    runtime.ask<Answer>(b, numbered<Question>(2), Duration::from_ms(5),
                        [&](AnswerResult r) { journal.add(show(r)); });
    journal.wait_for("timeout");
    runtime.ask<Answer>(b, numbered<Question>(1), Duration::from_s(10),
                        [](AnswerResult) { throw std::runtime_error("a careless callback"); });
    runtime.ask<Answer>(b, numbered<Question>(3), Duration::from_s(100),
                        [&](AnswerResult r) { journal.add(show(r)); });
    journal.wait_for("question 3");
  }
  journal.wait_for("cancelled");
}

BOOST_AUTO_TEST_CASE(a_callback_that_throws_at_the_end_keeps_no_other_from_its_answer) {
  Journal journal;
  {
    Runtime runtime(options());
    runtime.start(node({child("b", answering([&](Scripted&, Question::Reader m, const Envelope&) {
                                journal.add("question " + str(m.getNumber()));
                              }))}));
    const auto b = runtime.ref<ProbeRole>("/node/b");
    runtime.ask<Answer>(b, numbered<Question>(1), Duration::from_s(100),
                        [](AnswerResult) { throw std::runtime_error("a careless callback"); });
    runtime.ask<Answer>(b, numbered<Question>(2), Duration::from_s(100),
                        [&](AnswerResult r) { journal.add(show(r)); });
    journal.wait_for("question 2");
  }
  journal.wait_for("cancelled");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
