// The stage between sessions and peers: what it says leaves, and nothing else.
#include "actors/peers/interposer.hpp"

#include "tests/unit/peers/world.hpp"

namespace witan::test {
namespace {

// Doubles votes, withholds round status, adds a vote at the next tick when told to, keeps sync
// status from its node, and when told to answers a ping with bytes that are no frames.
class Script final : public peers::Interposer {
 public:
  Damage on_leaving(const Line& line, const Envelope& e, Instant, Departures& out) override {
    last_peer = line.peer;
    if (e.is<schema::RoundStatus>()) return {};
    if (e.is<schema::Pong>() && spoil_pongs) {
      out.push_back({Channel::control, {}, Bytes(100, 0xff)});
      return {};
    }
    const Departure as_it_is{find_wire_type(e.type)->channel, e};
    out.push_back(as_it_is);
    if (e.is<schema::Vote>()) out.push_back(as_it_is);
    return {};
  }
  Damage on_arrived(const Line&, const Envelope& e, Instant, Arrivals& in) override {
    if (!e.is<schema::SyncStatus>()) in.push_back(e);
    return {};
  }
  Damage on_tick(const Line&, Instant, Departures& out, Arrivals&) override {
    ++times;
    if (std::exchange(add_vote, false))
      out.push_back({Channel::votes, std::move(vote_draft(9)).seal()});
    return {};
  }
  NodeId last_peer;
  std::size_t times = 0;
  bool add_vote = false;
  bool spoil_pongs = false;
};

// An honest node 1 that an interposed node 2 has dialled.
struct Pair : World {
  Pair()
      : honest(add({.number = 1, .port = 100})),
        twisted(add({.number = 2,
                     .port = 200,
                     .persistent = {address_of(1, 100)},
                     .interposer = &script})) {
    run(Duration::from_ms(100));
    BOOST_REQUIRE_EQUAL(honest.peers_now().size(), 1u);
  }
  ~Pair() { nodes.clear(); }
  Script script;
  PeerNode& honest;
  PeerNode& twisted;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(interposer_test)

BOOST_AUTO_TEST_CASE(what_leaves_is_what_the_interposer_says) {
  Pair w;
  (void)w.twisted.manager().send(vote_draft());
  (void)w.twisted.manager().send(Draft<schema::RoundStatus>());
  w.settle();
  BOOST_CHECK_EQUAL(w.honest.routed<schema::Vote>().size(), 2u);
  BOOST_CHECK(w.honest.routed<schema::RoundStatus>().empty());
  BOOST_CHECK(w.script.last_peer == w.honest.id());
}

BOOST_AUTO_TEST_CASE(it_adds_messages_of_its_own_while_the_session_lives) {
  Pair w;
  w.script.add_vote = true;
  w.run(peers::interposer_period * 2);
  BOOST_CHECK_EQUAL(w.honest.routed<schema::Vote>().size(), 1u);
  w.vanish(0);
  w.run(Duration::from_s(45), Duration::from_ms(100));  // more than three ping intervals
  BOOST_CHECK(w.twisted.peers_now().empty());
  const std::size_t ticks = w.script.times;
  w.run(Duration::from_s(1));
  BOOST_CHECK_EQUAL(w.script.times, ticks);
}

BOOST_AUTO_TEST_CASE(what_it_keeps_back_never_reaches_the_node) {
  Pair w;
  const std::size_t before = w.twisted.routed<schema::SyncStatus>().size();
  (void)w.honest.manager().send(Draft<schema::SyncStatus>());
  (void)w.honest.manager().send(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.twisted.routed<schema::SyncStatus>().size(), before);
  BOOST_CHECK_EQUAL(w.twisted.routed<schema::Vote>().size(), 1u);
}

BOOST_AUTO_TEST_CASE(bytes_past_the_framing_end_the_session_of_the_other_side) {
  Pair w;
  const std::size_t before = w.honest.published(schema::PublishedEvent::PEER_BANNED);
  w.script.spoil_pongs = true;
  w.run(Duration::from_s(11));  // a ping is answered with no frame
  BOOST_CHECK_EQUAL(w.honest.published(schema::PublishedEvent::PEER_BANNED), before + 1);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
