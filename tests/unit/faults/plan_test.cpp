// The plan of a running program: rules by text, messages by name and field, clocks, waiting
// threads.
#include "actors/runtime/faults/plan.hpp"

#include <thread>

#include "actors/runtime/faults/vocabulary.hpp"
#include "messages/schema/consensus.capnp.h"
#include "tests/unit/faults/rules.hpp"

namespace witan::faults {
namespace {

class HandClock final : public Clock {
 public:
  Instant now() const override { return time; }
  UnixTime unix_now() const override { return {1'000'000 + time.ns}; }
  Instant time{};
};

Envelope own_vote(schema::VoteType type, std::uint64_t height = 7) {
  Draft<schema::OwnVote> draft;
  draft->initVote().setType(type);
  draft->getVote().setHeight(height);
  return std::move(draft).seal();
}

std::string refusal(Rules& rules, std::string_view text) {
  const auto added = rules.add_text(text);
  return added ? "accepted" : added.error().to_string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_test)

BOOST_AUTO_TEST_CASE(fields_are_compared_by_path_and_kind) {
  const Envelope vote = own_vote(schema::VoteType::PRECOMMIT);
  BOOST_CHECK(passes(vote, {"vote.type", "precommit"}));
  BOOST_CHECK(!passes(vote, {"vote.type", "prevote"}));
  BOOST_CHECK(passes(vote, {"vote.height", "7"}));
  BOOST_CHECK(!passes(vote, {"vote.height", "8"}));
  BOOST_CHECK(passes(vote, {"vote.polRound", "-1"}));
  BOOST_CHECK(!passes(vote, {"vote", "x"}));
  BOOST_CHECK(!passes(vote, {"vote.nothing", "x"}));
  BOOST_CHECK(!passes(vote, {"", ""}));
  BOOST_CHECK_EQUAL(message_name(vote.type), "OwnVote");
  BOOST_CHECK_EQUAL(message_name(1), "");
  Draft<schema::OwnVote> empty;
  BOOST_CHECK(!passes(std::move(empty).seal(), {"vote.height", "0"}));
}

BOOST_AUTO_TEST_CASE(misspelt_messages_fields_and_values_are_refused_with_their_place) {
  Rules rules({});
  BOOST_CHECK(refusal(rules, "on /a message Vot do drop").find("column 15") != std::string::npos);
  BOOST_CHECK(refusal(rules, "on /a message Vot do drop").find("did you mean \"Vote\"?") !=
              std::string::npos);
  const auto field = refusal(rules, "on /a message OwnVote with vote.kind=x do drop");
  BOOST_CHECK(field.find("column 28") != std::string::npos);
  const auto value = refusal(rules, "on /a message OwnVote with vote.type=maybe do drop");
  BOOST_CHECK_MESSAGE(value.find("prevote, precommit") != std::string::npos, value);
  BOOST_CHECK(refusal(rules, "on /a message Vote with height=many do drop") != "accepted");
  BOOST_CHECK(refusal(rules, "on /a with height=7 do drop") == "accepted");
  BOOST_CHECK(refusal(rules, "on /a do drop\non /a do fly").find("rules:2:10") !=
              std::string::npos);
  BOOST_CHECK_EQUAL(rules.list().size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_rule_that_nothing_obeys_is_refused_with_all_that_came_with_it) {
  Rules rules({});
  for (const char* text : {"on link a -> b do drop", "on disk **/wal/* do no_space",
                           "on clock do step 1s", "on /a do drop\non link a -> b do drop"}) {
    const auto why = refusal(rules, text);
    BOOST_CHECK_MESSAGE(why.find("nothing in this program obeys") != std::string::npos, why);
  }
  BOOST_CHECK(rules.list().empty());
  Rules all({.obeyed = {Target::actor, Target::link, Target::disk, Target::clock}});
  WITAN_REQUIRE_OK(all.add_text("on /a do drop\non link a -> b do drop"));
}

BOOST_AUTO_TEST_CASE(the_door_of_a_node_obeys_its_rules) {
  std::vector<std::string> hits;
  std::size_t size = 0;
  Rules rules({.on_hit =
                   [&](const Decision& d, const std::string&, std::string_view where) {
                     hits.push_back(std::string(where) + " " + std::string(name_of(d.action)));
                   },
               .on_change = [&](std::size_t n) { size = n; }});
  ActorFaults n1(rules, "n1");
  ActorFaults n2(rules, "n2");
  const Envelope vote = own_vote(schema::VoteType::PREVOTE);
  BOOST_CHECK(n1.on_deliver(vote, "", "/a").action == rt::FaultVerdict::pass);
  WITAN_REQUIRE_OK(rules.add_text("on /a at n1 message OwnVote nth 2 do delay 5ms"));
  WITAN_REQUIRE_OK(rules.add_text("on /a at n2 do kill"));
  BOOST_CHECK_EQUAL(size, 2u);
  BOOST_CHECK(n1.on_deliver(vote, "", "/a").action == rt::FaultVerdict::pass);
  const auto verdict = n1.on_deliver(vote, "", "/a");
  BOOST_CHECK(verdict.action == rt::FaultVerdict::delay && verdict.by.ms() == 5);
  n1.on_handle(vote, "/a");
  BOOST_CHECK_THROW(n2.on_handle(vote, "/a"), rt::ActorKilled);
  BOOST_CHECK_EQUAL(hits.size(), 2u);
  BOOST_CHECK_EQUAL(hits.back(), "/a kill");
  BOOST_CHECK_EQUAL(rules.hits(1), 1u);
  WITAN_REQUIRE_OK(rules.remove(1));
  WITAN_CHECK_ERROR(rules.remove(1), ErrorCode::not_found);
  BOOST_CHECK_EQUAL(rules.clear(), 1u);
  BOOST_CHECK_EQUAL(size, 0u);
  n2.on_handle(vote, "/a");
}

BOOST_AUTO_TEST_CASE(windows_and_wall_clocks_follow_the_given_clock) {
  HandClock clock;
  Rules rules({.obeyed = {Target::clock}, .clock = &clock});
  const FaultClock wall(clock, rules, "n1");
  clock.time = {5'000'000'000};
  WITAN_REQUIRE_OK(rules.add_text("on clock from 1s until 2s do step 3s"));
  BOOST_CHECK_EQUAL(wall.unix_now().ns, clock.unix_now().ns);
  clock.time = {6'500'000'000};
  BOOST_CHECK_EQUAL((wall.unix_now() - clock.unix_now()).ns, 3'000'000'000);
  BOOST_CHECK_EQUAL(wall.now().ns, clock.now().ns);
  BOOST_CHECK_EQUAL(rules.hits(1), 1u);
  clock.time = {7'000'000'000};
  BOOST_CHECK_EQUAL(wall.unix_now().ns, clock.unix_now().ns);
}

BOOST_AUTO_TEST_CASE(a_hung_thread_goes_on_when_its_rule_is_cleared) {
  Rules rules({});
  ActorFaults node(rules);
  WITAN_REQUIRE_OK(rules.add_text("on /a do hang"));
  std::atomic<bool> through{false};
  std::thread actor([&] {
    node.on_handle(own_vote(schema::VoteType::PREVOTE), "/a");
    through = true;
  });
  while (rules.hits(1) == 0) std::this_thread::yield();
  BOOST_CHECK(!through);
  BOOST_CHECK_EQUAL(rules.clear(), 1u);
  actor.join();
  BOOST_CHECK(through);
}

BOOST_AUTO_TEST_CASE(held_actors_are_left_to_the_runtime) {
  Rules rules({});
  ActorFaults node(rules, "", Waiting::held);
  WITAN_REQUIRE_OK(rules.add_text("on /a do hang"));
  try {
    node.on_handle(own_vote(schema::VoteType::PREVOTE), "/a");
    BOOST_ERROR("not held");
  } catch (const rt::ActorHeld& held) {
    BOOST_CHECK_EQUAL(held.by.ns, 0);
    BOOST_CHECK(node.still_held(held.ticket));
    rules.clear();
    BOOST_CHECK(!node.still_held(held.ticket));
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::faults
