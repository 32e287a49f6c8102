// Rules for links, at the sessions of a node: what they lose, hold back, repeat and break, at
// either end; that nothing overtakes what a rule about the connection holds back; and that all is
// as before when they are cleared.
#include "actors/peers/link_faults.hpp"

#include "messages/base/hex.hpp"
#include "tests/unit/peers/world.hpp"

namespace witan::test {
namespace {

using peers::LinkFaults;

std::string id_of(std::uint8_t number) { return to_hex(node_key(number).node_id()); }

// Node 2 has dialled node 1 and obeys the rules.
struct Ruled : World {
  explicit Ruled(const std::string& rule = {}, peers::Interposer* inner = nullptr)
      : rules({.obeyed = {faults::Target::link}, .clock = &clock}),
        faults({.rules = rules, .name = "node2", .id = id_of(2), .inner = inner}) {
    if (!rule.empty()) add_rule(rule);
    one = &add({.number = 1, .port = 100});
    two =
        &add({.number = 2, .port = 200, .persistent = {address_of(1, 100)}, .interposer = &faults});
    go(Duration::from_ms(100));
  }
  ~Ruled() { nodes.clear(); }
  void go(Duration time) {
    for (std::int64_t t = 0; t < time.ns; t += Duration::from_ms(10).ns) {
      clock.time = clock.time + Duration::from_ms(10);
      run(Duration::from_ms(10));
    }
  }
  faults::RuleId add_rule(const std::string& text) {
    const auto ids = rules.add_text(text);
    WITAN_REQUIRE_OK(ids);
    return ids->front();
  }
  // From node 2 to node 1, and back.
  void leave(Draft<schema::Vote> vote) { (void)two->manager().send(std::move(vote)); }
  void come(Draft<schema::Vote> vote) { (void)one->manager().send(std::move(vote)); }
  [[nodiscard]] std::size_t left() { return one->routed<schema::Vote>().size(); }
  [[nodiscard]] std::size_t came() { return two->routed<schema::Vote>().size(); }
  [[nodiscard]] bool connected() {
    return one->peers_now().size() == 1 && two->peers_now().size() == 1;
  }
  void check_flow() {
    const auto out = left(), in = came();
    leave(vote_draft());
    come(vote_draft());
    settle();
    BOOST_CHECK_EQUAL(left(), out + 1);
    BOOST_CHECK_EQUAL(came(), in + 1);
  }

  struct HandClock final : Clock {
    Instant now() const override { return time; }
    UnixTime unix_now() const override { return {time.ns}; }
    Instant time{};
  } clock;
  faults::Rules rules;
  LinkFaults faults;
  PeerNode* one = nullptr;
  PeerNode* two = nullptr;
};

// A stage of lies: says every vote twice and keeps those that come from its node.
class Liar final : public peers::Interposer {
 public:
  Damage on_leaving(const Line&, const Envelope& e, Instant, Departures& out) override {
    for (int i = 0; i < (e.is<schema::Vote>() ? 2 : 1); ++i)
      out.push_back({find_wire_type(e.type)->channel, e});
    return {};
  }
  Damage on_arrived(const Line&, const Envelope& e, Instant, Arrivals& in) override {
    ++met;
    if (!e.is<schema::Vote>()) in.push_back(e);
    return {};
  }
  Damage on_tick(const Line&, Instant, Departures& out, Arrivals&) override {
    if (std::exchange(add_vote, false))
      out.push_back({Channel::votes, std::move(vote_draft(9)).seal()});
    return {};
  }
  std::size_t met = 0;
  bool add_vote = false;
};

// The heights of round statuses, in the order they came.
std::vector<std::uint64_t> heights_of(const std::vector<Envelope>& envelopes) {
  std::vector<std::uint64_t> out;
  for (const Envelope& e : envelopes)
    if (e.is<schema::RoundStatus>()) out.push_back(Received<schema::RoundStatus>(e)->getHeight());
  return out;
}

Draft<schema::RoundStatus> status_draft(std::uint64_t height) {
  Draft<schema::RoundStatus> out;
  out->setHeight(height);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(link_faults_test)

BOOST_AUTO_TEST_CASE(without_rules_the_stage_is_idle) {
  Ruled w;
  BOOST_REQUIRE(w.connected());
  BOOST_CHECK(!w.faults.active());
  BOOST_CHECK(!w.faults.ticks());
  w.check_flow();
  const auto id = w.add_rule("on link node2 -> node1 nth 1000000 do drop");
  BOOST_CHECK(w.faults.active());
  w.check_flow();
  BOOST_CHECK_EQUAL(w.rules.list().front().matched, 1u);
  WITAN_REQUIRE_OK(w.rules.remove(id));
  BOOST_CHECK(!w.faults.active());
}

BOOST_AUTO_TEST_CASE(a_rule_is_obeyed_for_its_own_direction_at_either_end) {
  Ruled w;
  const auto out = w.add_rule("on link node2 -> node1 message Vote do drop");
  w.leave(vote_draft());
  w.come(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.left(), 0u);
  BOOST_CHECK_EQUAL(w.came(), 1u);
  WITAN_REQUIRE_OK(w.rules.remove(out));
  // The sending node has no rules: the receiving one obeys.
  w.add_rule("on link node1 -> node2 message Vote do drop");
  w.leave(vote_draft());
  w.come(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.left(), 1u);
  BOOST_CHECK_EQUAL(w.came(), 1u);
}

BOOST_AUTO_TEST_CASE(peers_are_known_by_name_by_id_and_by_patterns) {
  Ruled w;
  for (const std::string& rule :
       {std::string("on link node2 -> node1 message Vote do drop"),
        std::string("on link * -> node? message Vote do drop"),
        "on link * -> " + id_of(1) + " message Vote do drop",
        "on link " + id_of(2).substr(0, 12) + "* <-> " + id_of(1).substr(0, 12) +
            "* message Vote do drop",
        std::string("on link node1 <-> node2 at node2 message Vote do drop")}) {
    const auto id = w.add_rule(rule);
    const auto before = w.left();
    w.leave(vote_draft());
    w.settle();
    BOOST_CHECK_MESSAGE(w.left() == before, rule);
    WITAN_REQUIRE_OK(w.rules.remove(id));
  }
  w.add_rule("on link * -> node3 message Vote do drop");
  w.add_rule("on link * <-> * at node1 message Vote do drop");
  w.check_flow();
}

BOOST_AUTO_TEST_CASE(a_rule_about_links_of_others_is_refused_with_the_nodes_names) {
  const auto check = [](const std::string& text) {
    return peers::check_link_end(*faults::parse_rule(text), "node2", id_of(2));
  };
  for (const char* text : {"on link node2 -> x do drop", "on link x -> node2 do drop",
                           "on link x <-> * do drop", "on clock do step 1s"})
    WITAN_REQUIRE_OK(check(text));
  WITAN_REQUIRE_OK(check("on link " + id_of(2).substr(0, 8) + "* -> x do drop"));
  const auto refused = check("on link node1 <-> node3 do drop");
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == ErrorCode::bad_rule);
  BOOST_CHECK(refused.error().to_string().find("node2") != std::string::npos);
  BOOST_CHECK(refused.error().to_string().find(id_of(2)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_partition_silences_sessions_and_refuses_new_ones_until_it_heals) {
  Ruled w;
  BOOST_REQUIRE(w.connected());
  w.add_rule("on link node1 <-> node2 do drop");
  w.leave(vote_draft());
  w.come(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.left() + w.came(), 0u);
  BOOST_CHECK(w.connected());
  w.go(Duration::from_s(45));  // more than three ping intervals
  BOOST_CHECK(w.one->peers_now().empty() && w.two->peers_now().empty());
  const auto dials = w.network.dials();
  w.go(Duration::from_s(30));
  BOOST_CHECK_GT(w.network.dials(), dials);
  BOOST_CHECK(w.one->peers_now().empty() && w.two->peers_now().empty());
  BOOST_CHECK_EQUAL(w.one->published(schema::PublishedEvent::PEER_BANNED), 0u);
  w.rules.clear();
  w.go(Duration::from_s(11));  // the longest wait between two dials
  BOOST_CHECK(w.connected());
  w.check_flow();
}

BOOST_AUTO_TEST_CASE(a_late_connection_keeps_its_order_from_the_hello_on) {
  Ruled w("on link node2 -> * do delay 200ms");
  BOOST_CHECK(w.one->peers_now().empty());
  w.go(Duration::from_ms(200));
  BOOST_REQUIRE(w.connected());
  WITAN_REQUIRE_OK(w.rules.remove(1));
  w.add_rule("on link node2 -> node1 nth 1 do delay 100ms");
  for (std::uint64_t height = 1; height <= 3; ++height)
    (void)w.two->manager().send(status_draft(height));
  w.settle();
  BOOST_CHECK(w.one->routed<schema::RoundStatus>().empty());
  w.go(Duration::from_ms(140));
  (void)w.two->manager().send(status_draft(4));
  w.settle();
  const std::vector<std::uint64_t> in_order{1, 2, 3, 4};
  BOOST_TEST(heights_of(w.one->routed<schema::RoundStatus>()) == in_order,
             boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(w.one->published(schema::PublishedEvent::PEER_BANNED), 0u);
}

BOOST_AUTO_TEST_CASE(a_late_message_is_overtaken_and_arrives_late_at_the_other_end_too) {
  Ruled w;
  w.add_rule("on link node2 -> node1 message RoundStatus with height=1 do delay 50ms");
  w.add_rule("on link node1 -> node2 message RoundStatus with height=1 do slow 50ms");
  for (std::uint64_t height = 1; height <= 2; ++height) {
    (void)w.two->manager().send(status_draft(height));
    (void)w.one->manager().send(status_draft(height));
  }
  w.settle();
  const std::vector<std::uint64_t> first{2}, both{2, 1};
  for (PeerNode* node : {w.one, w.two})
    BOOST_TEST(heights_of(node->routed<schema::RoundStatus>()) == first,
               boost::test_tools::per_element());
  w.go(Duration::from_ms(100));
  for (PeerNode* node : {w.one, w.two})
    BOOST_TEST(heights_of(node->routed<schema::RoundStatus>()) == both,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_hangs_goes_on_when_the_rule_is_cleared) {
  Ruled w;
  const auto id = w.add_rule("on link node2 -> node1 do hang");
  for (std::uint64_t height = 1; height <= 2; ++height)
    (void)w.two->manager().send(status_draft(height));
  w.go(Duration::from_s(5));
  BOOST_CHECK(w.one->routed<schema::RoundStatus>().empty());
  WITAN_REQUIRE_OK(w.rules.remove(id));
  BOOST_CHECK(w.faults.active());  // what waits must not be overtaken
  (void)w.two->manager().send(status_draft(3));
  w.go(Duration::from_ms(40));
  const std::vector<std::uint64_t> in_order{1, 2, 3};
  BOOST_TEST(heights_of(w.one->routed<schema::RoundStatus>()) == in_order,
             boost::test_tools::per_element());
  BOOST_CHECK(!w.faults.active());
  w.check_flow();
}

BOOST_AUTO_TEST_CASE(a_message_may_come_twice_and_a_connection_never_repeats) {
  Ruled w;
  const auto id = w.add_rule("on link node2 -> node1 message Vote do duplicate");
  w.leave(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.left(), 2u);
  WITAN_REQUIRE_OK(w.rules.remove(id));
  w.add_rule("on link * <-> * do duplicate");
  w.check_flow();
}

BOOST_AUTO_TEST_CASE(a_cut_or_damaged_connection_ends_and_comes_back_without_a_ban) {
  for (const char* what : {"kill", "corrupt 3"}) {
    for (const char* way : {"node2 -> node1", "node1 -> node2"}) {
      Ruled w;
      const auto dials = w.network.dials();
      w.add_rule("on link " + std::string(way) + " message Vote nth 2 do " + what);
      for (int i = 0; i < 2; ++i) {
        w.leave(vote_draft());
        w.come(vote_draft());
        w.settle();
      }
      BOOST_CHECK_MESSAGE(!w.connected(), what << " " << way);
      w.go(Duration::from_s(2));
      BOOST_CHECK_MESSAGE(w.connected(), what << " " << way);
      BOOST_CHECK_EQUAL(w.network.dials(), dials + 1);
      for (PeerNode* node : {w.one, w.two})
        BOOST_CHECK_EQUAL(node->published(schema::PublishedEvent::PEER_BANNED), 0u);
      w.check_flow();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_killed_goodbye_ends_the_session_once) {
  Ruled w;
  w.add_rule("on link node2 -> node1 message Goodbye do kill");
  Draft<schema::CloseSession> close;
  close->setCode("not_allowed");
  close->setText("told to");
  const auto before = w.two->published(schema::PublishedEvent::PEER_DOWN);
  const auto sessions = w.two->runtime().tree();
  for (const auto& actor : sessions)
    if (actor.path.starts_with("/node/peers/session/"))
      (void)w.two->runtime().ref<SessionRole>(actor.path).send(std::move(close));
  w.settle();
  BOOST_CHECK_EQUAL(w.two->published(schema::PublishedEvent::PEER_DOWN), before + 1);
  w.go(Duration::from_s(2));
  BOOST_CHECK(w.connected());
}

BOOST_AUTO_TEST_CASE(what_a_stage_of_lies_makes_is_judged_like_all_that_leaves) {
  Liar liar;
  Ruled w({}, &liar);
  BOOST_CHECK(w.faults.misbehaves() && w.faults.active() && w.faults.ticks());
  BOOST_CHECK(!Ruled().faults.misbehaves());  // or a node would go on against proof of its own lies
  w.leave(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.left(), 2u);
  w.add_rule("on link node2 -> node1 message Vote every 2 do drop");
  w.leave(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.left(), 3u);
  liar.add_vote = true;
  w.go(peers::interposer_period * 2);
  BOOST_CHECK_EQUAL(w.left(), 4u);
  w.rules.clear();
  w.add_rule("on link node1 -> node2 message Vote nth 1 do drop");
  const std::size_t met = liar.met;
  for (int i = 0; i < 2; ++i) w.come(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(liar.met, met + 1);
  BOOST_CHECK_EQUAL(w.came(), 0u);
}

BOOST_AUTO_TEST_CASE(what_waits_is_bounded_and_dies_with_its_connection) {
  Ruled w;
  LinkFaults::Departures out;
  LinkFaults::Arrivals in;
  const LinkFaults::Line line{99, node_key(1).node_id()};
  w.add_rule("on link node2 -> * message RoundStatus do hang");
  Draft<schema::RoundStatus> draft = status_draft(1);
  const Envelope envelope = std::move(draft).seal();
  for (std::size_t i = 0; i < peers::held_messages_max + 5; ++i)
    (void)w.faults.on_leaving(line, envelope, {}, out);
  BOOST_CHECK(out.empty());
  BOOST_CHECK(w.faults.holds_back(line));
  const LinkFaults::Line other{98, line.peer};
  BOOST_CHECK(!w.faults.holds_back(other));
  (void)w.faults.on_leaving(other, envelope, {}, out);
  BOOST_CHECK(w.faults.holds_back(other));
  w.faults.on_ended(other);
  w.rules.clear();
  (void)w.faults.on_tick(other, {}, out, in);
  BOOST_CHECK(out.empty());
  (void)w.faults.on_tick(line, {}, out, in);
  BOOST_CHECK_EQUAL(out.size(), peers::held_messages_max);
  BOOST_CHECK(!w.faults.active());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
