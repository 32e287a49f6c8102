// The manager of connections: its restart, crashed sessions, offences and bans, ties between two
// connections of one peer, and what it shows of its peers.
#include <array>
#include <atomic>
#include <functional>
#include <stdexcept>

#include "messages/wire/consensus_codec.hpp"
#include "tests/unit/peers/world.hpp"

namespace witan::test {
namespace {

using Published = schema::PublishedEvent;

// Makes the receivers below a path throw, `times` times, at messages of one type. Declared before
// the nodes: it outlives the runtime it is given to.
template <class T>
class Crash final : public rt::FaultPlan {
 public:
  Crash(std::string path, int times) : path_(std::move(path)), left_(times) {}
  rt::FaultVerdict on_deliver(const Envelope&, std::string_view, std::string_view) override {
    return {};
  }
  void on_handle(const Envelope& envelope, std::string_view path) override {
    if (envelope.is<T>() && path.starts_with(path_) && left_.fetch_sub(1) > 0)
      throw std::runtime_error("injected");
  }
  [[nodiscard]] bool done() const { return left_ <= 0; }

 private:
  std::string path_;
  std::atomic<int> left_;
};

Draft<schema::TransactionBatch> batch_draft() {
  Draft<schema::TransactionBatch> draft;
  Bytes blob;
  append_item(blob, Bytes{1, 2, 3});
  draft->setTransactions(as_data(ByteView(blob)));
  draft->setCount(1);
  return draft;
}

// Two nodes that dial each other, connected.
struct TwoNodes : World {
  TwoNodes()
      : a(add({.number = 1, .port = 100, .persistent = {address_of(2, 200)}})),
        b(add({.number = 2, .port = 200, .persistent = {address_of(1, 100)}})) {
    run(Duration::from_s(6));
    BOOST_REQUIRE_EQUAL(a.peers_now().size(), 1u);
    BOOST_REQUIRE_EQUAL(b.peers_now().size(), 1u);
  }
  // One more vote and batch of transactions reach the other side, both ways.
  void check_flow() {
    const auto counts = [this] {
      return std::array{a.routed<schema::Vote>().size(), b.routed<schema::Vote>().size(),
                        a.routed<schema::TransactionBatch>().size(),
                        b.routed<schema::TransactionBatch>().size()};
    };
    const auto before = counts();
    for (PeerNode* node : {&a, &b}) {
      (void)node->manager().send(vote_draft());
      (void)node->manager().send(batch_draft());
    }
    settle();
    const auto after = counts();
    for (std::size_t i = 0; i < before.size(); ++i) BOOST_CHECK_EQUAL(after[i], before[i] + 1);
  }
  PeerNode& a;
  PeerNode& b;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(peers_actor_test)

BOOST_AUTO_TEST_CASE(a_restarted_manager_listens_dials_and_is_connected_again) {
  Crash<schema::Vote> crash(std::string(PeersRole::path), 1);
  TwoNodes w;
  PeerNode& c = w.add({.number = 3, .port = 300, .persistent = {address_of(1, 100)}});
  w.run(Duration::from_s(1));
  BOOST_REQUIRE_EQUAL(w.a.peers_now().size(), 2u);
  const std::size_t ready = w.a.routed<schema::PeerReady>().size();
  const std::size_t gone = w.a.routed<schema::PeerGone>().size();
  const std::size_t down = w.a.published(Published::PEER_DOWN);
  w.a.runtime().set_faults(&crash);
  (void)w.a.manager().send(vote_draft());
  w.run(Duration::from_s(10));
  BOOST_CHECK(crash.done());
  BOOST_CHECK_EQUAL(w.a.exits, 0);
  BOOST_CHECK_EQUAL(w.a.peers_now().size(), 2u);
  BOOST_CHECK_EQUAL(w.b.peers_now().size(), 1u);
  BOOST_CHECK_EQUAL(c.peers_now().size(), 1u);
  // Consensus greets the new sessions; sync and watchers hear of the end of the old ones.
  BOOST_CHECK_EQUAL(w.a.routed<schema::PeerReady>().size(), ready + 2);
  BOOST_CHECK_EQUAL(w.a.routed<schema::PeerGone>().size(), gone + 2);
  BOOST_CHECK_EQUAL(w.a.published(Published::PEER_DOWN), down + 2);
  w.check_flow();
  BOOST_CHECK(!c.routed<schema::Vote>().empty());
  const std::size_t dials = w.network.dials();
  w.run(Duration::from_s(5));
  BOOST_CHECK_EQUAL(w.network.dials(), dials);  // and it stays that way
}

BOOST_AUTO_TEST_CASE(a_manager_that_fails_several_times_comes_back_each_time) {
  TwoNodes w;
  for (int i = 0; i < 4; ++i) {
    Crash<schema::GetPeers> crash(std::string(PeersRole::path), 1);
    w.a.runtime().set_faults(&crash);
    (void)w.a.peers_now();
    BOOST_CHECK(crash.done());
    w.a.runtime().set_faults(nullptr);
    w.run(Duration::from_s(5));
    w.check_flow();
  }
  BOOST_CHECK_EQUAL(w.a.exits, 0);
}

// Fails in the middle of opening: the connection it was told of has no owner.
BOOST_AUTO_TEST_CASE(a_connection_that_nobody_owns_after_a_restart_is_closed) {
  Crash<schema::ConnectionOpened> crash(std::string(PeersRole::path), 1);
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100});
  a.runtime().set_faults(&crash);
  RawPeer lost(w.network, 50);
  lost.dial(100, a.id());
  w.settle();
  BOOST_REQUIRE(crash.done());
  RawPeer meanwhile(w.network, 51);  // nobody is there to take it
  meanwhile.dial(100, a.id());
  w.settle();
  BOOST_CHECK(meanwhile.closed());
  w.run(Duration::from_s(1));
  BOOST_CHECK(lost.closed());
  RawPeer later(w.network, 52);
  later.dial(100, a.id());
  w.settle();
  BOOST_CHECK(later.encrypted());
  BOOST_CHECK(!later.closed());
}

BOOST_AUTO_TEST_CASE(a_session_that_crashes_is_forgotten_and_dialled_again) {
  Crash<schema::Vote> crash("/node/peers/session/", 1);
  TwoNodes w;
  w.check_flow();
  const std::uint32_t session = w.a.routed<schema::Vote>().back().sender;
  w.a.runtime().set_faults(&crash);
  (void)w.a.manager().send(vote_draft());
  w.run(Duration::from_s(5));
  BOOST_CHECK(crash.done());
  std::size_t gone = 0;
  for (const Envelope& e : w.a.routed<schema::PeerGone>())
    gone += Received<schema::PeerGone>(e)->getPeer() == session ? 1U : 0U;
  BOOST_CHECK_EQUAL(gone, 1u);
  BOOST_CHECK_EQUAL(w.a.peers_now().size(), 1u);
  BOOST_CHECK_EQUAL(w.b.peers_now().size(), 1u);
  w.check_flow();
}

BOOST_AUTO_TEST_CASE(a_ban_outlives_the_manager) {
  Crash<schema::GetPeers> crash(std::string(PeersRole::path), 1);
  OneNode w;
  w.greet();
  w.raw.send_packet(Bytes{99, 3, 0, 0});
  w.settle();
  BOOST_REQUIRE(w.raw.closed());
  w.node.runtime().set_faults(&crash);
  (void)w.node.peers_now();
  w.run(Duration::from_s(1));
  BOOST_REQUIRE(crash.done());
  RawPeer again(w.network, 50);
  again.dial(100, w.node.id());
  w.settle();
  again.say_hello();
  w.settle();
  BOOST_CHECK_EQUAL(again.goodbye(), "not_allowed");
}

// ---- offences

namespace {

double offences(const std::string& code) {
  const std::string text = metrics().render();
  const std::size_t at = text.find("test_p2p_peer_offences_total{");
  const std::size_t row = text.find("reason=\"" + code + "\"", at);
  if (at == std::string::npos || row == std::string::npos) return 0;
  return std::stod(text.substr(text.find(' ', row)));
}

void check_banned_for(const std::string& code, const std::function<void(RawPeer&)>& misdeed) {
  OneNode w;
  w.greet();
  const double before = offences(code);
  misdeed(w.raw);
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), code);
  BOOST_CHECK(w.raw.closed());
  BOOST_CHECK_EQUAL(offences(code), before + 1);
  BOOST_CHECK_EQUAL(w.node.published(Published::PEER_BANNED), 1u);
  RawPeer again(w.network, 50);
  again.dial(100, w.node.id());
  w.settle();
  again.say_hello();
  w.settle();
  BOOST_CHECK_EQUAL(again.goodbye(), "not_allowed");
  RawPeer other(w.network, 51);  // nobody else pays for it
  other.dial(100, w.node.id());
  w.settle();
  other.say_hello();
  w.settle();
  BOOST_CHECK_EQUAL(w.node.peers_now().size(), 1u);
  w.run(Duration::from_s(61), Duration::from_ms(500));
  RawPeer reformed(w.network, 50);
  reformed.dial(100, w.node.id());
  w.settle();
  reformed.say_hello();
  w.settle();
  BOOST_CHECK(!reformed.closed());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_malformed_frame_is_a_ban) {
  check_banned_for("malformed", [](RawPeer& raw) { raw.send_packet(Bytes{0, 0, 0, 1, 7}); });
}

BOOST_AUTO_TEST_CASE(a_message_above_its_limit_is_a_ban) {
  check_banned_for("too_large", [](RawPeer& raw) {
    raw.send_packet(ByteWriter()
                        .u8(0)
                        .u8(1)
                        .u16(38)
                        .u64(capnp::typeId<schema::Ping>())
                        .u32(1 << 24)
                        .raw(Bytes(26))
                        .take());
  });
}

BOOST_AUTO_TEST_CASE(a_message_that_does_not_decode_is_a_ban) {
  check_banned_for("out_of_range", [](RawPeer& raw) {
    Draft<schema::RangeRequest> inverted;
    inverted->setFirst(9);
    inverted->setLast(3);
    raw.say(std::move(inverted));
  });
}

BOOST_AUTO_TEST_CASE(a_second_hello_is_a_ban) {
  check_banned_for("duplicate", [](RawPeer& raw) { raw.say_hello(); });
}

// Anybody on the way can flip a bit: that must not get an honest peer banned.
BOOST_AUTO_TEST_CASE(bytes_that_nobody_vouches_for_cost_no_points) {
  OneNode w;
  w.greet();
  w.raw.send_raw(Bytes(500, 0xAB));
  w.settle();
  BOOST_REQUIRE_EQUAL(w.raw.goodbye(), "decrypt_failed");
  RawPeer wrong_chain(w.network, 50);
  wrong_chain.dial(100, w.node.id());
  w.settle();
  wrong_chain.say_hello(9);
  w.settle();
  BOOST_REQUIRE_EQUAL(wrong_chain.goodbye(), "wrong_chain");
  RawPeer again(w.network, 50);
  again.dial(100, w.node.id());
  w.settle();
  again.say_hello();
  w.settle();
  BOOST_CHECK_EQUAL(w.node.peers_now().size(), 1u);
  BOOST_CHECK_EQUAL(w.node.published(Published::PEER_BANNED), 0u);
}

BOOST_AUTO_TEST_CASE(a_persistent_peer_is_banned_for_shorter_and_dialled_again) {
  TwoNodes w;
  (void)w.b.manager().send(vote_draft());
  w.settle();
  Draft<schema::PeerMisbehaved> report;
  report->setPeer(w.a.routed<schema::Vote>().back().sender);
  report->setCode("invalid_block");
  (void)w.a.manager().send(std::move(report));
  w.run(Duration::from_s(9), Duration::from_ms(50));
  BOOST_CHECK(w.a.peers_now().empty());
  w.run(Duration::from_s(13), Duration::from_ms(50));
  BOOST_CHECK_EQUAL(w.a.peers_now().size(), 1u);
  w.check_flow();
}

// ---- two connections of one peer

// The old connection is dead, only we do not know it: the peer was restarted without a word.
BOOST_AUTO_TEST_CASE(a_restarted_peer_replaces_its_half_open_connection_at_once) {
  for (const std::size_t restarted : {0U, 1U}) {  // the smaller id and the larger one
    TwoNodes w;
    PeerNode& stays = restarted == 0 ? w.b : w.a;
    const std::uint8_t number = restarted == 0 ? 1 : 2;
    const std::uint8_t other = restarted == 0 ? 2 : 1;
    w.vanish(restarted);
    w.run(Duration::from_ms(100));
    BOOST_REQUIRE_EQUAL(stays.peers_now().size(), 1u);  // half-open
    PeerNode& again =
        w.add({.number = number,
               .port = static_cast<std::uint16_t>(100 * number),
               .persistent = {address_of(other, static_cast<std::uint16_t>(100 * other))}});
    w.run(Duration::from_ms(200));
    BOOST_CHECK_EQUAL(stays.peers_now().size(), 1u);
    BOOST_CHECK_EQUAL(again.peers_now().size(), 1u);
    const std::size_t seen = stays.routed<schema::Vote>().size();
    (void)again.manager().send(vote_draft());
    (void)stays.manager().send(vote_draft());
    w.settle();
    BOOST_CHECK_EQUAL(stays.routed<schema::Vote>().size(), seen + 1);
    BOOST_CHECK_EQUAL(again.routed<schema::Vote>().size(), 1u);
  }
}

BOOST_AUTO_TEST_CASE(of_two_connections_the_same_side_opened_the_newer_stays) {
  OneNode w;
  w.greet();
  RawPeer newer(w.network, 50);
  newer.dial(100, w.node.id());
  w.settle();
  newer.say_hello();
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "duplicate");
  BOOST_CHECK(w.raw.closed());
  BOOST_CHECK(!newer.closed());
  BOOST_CHECK_EQUAL(w.node.peers_now().size(), 1u);
  BOOST_CHECK_EQUAL(w.node.published(Published::PEER_BANNED), 0u);  // ours, not its offence
  w.run(Duration::from_s(1));
  newer.say(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.node.routed<schema::Vote>().size(), 1u);
}

BOOST_AUTO_TEST_CASE(of_two_crossed_dials_the_connection_of_the_smaller_id_stays) {
  TwoNodes w;
  const bool a_is_smaller = w.a.id() < w.b.id();
  BOOST_CHECK_EQUAL(w.a.view().at(0).outbound, a_is_smaller);
  BOOST_CHECK_EQUAL(w.b.view().at(0).outbound, !a_is_smaller);
}

// ---- what it shows

BOOST_AUTO_TEST_CASE(the_height_of_a_peer_follows_what_it_says) {
  OneNode w;
  w.greet();
  const auto height = [&] { return w.node.view().at(0).height; };
  const auto say_status = [&](std::uint64_t tip) {
    Draft<schema::SyncStatus> status;
    status->setTip(tip);
    w.raw.say(std::move(status));
  };
  BOOST_CHECK_EQUAL(height(), 0u);  // as in its hello
  say_status(41);
  w.run(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(height(), 41u);
  Random r(5);
  SignedVote vote = any_vote(r);
  vote.vote.height = Height(50);
  Draft<schema::Vote> draft;
  write_vote(*draft, vote);
  w.raw.say(std::move(draft));
  w.run(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(height(), 49u);  // it works on 50
  Draft<schema::RoundStatus> round;
  round->setHeight(12);  // later than it was sent: nothing goes back
  w.raw.say(std::move(round));
  w.run(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(height(), 49u);
  Draft<schema::RoundStatus> later;
  later->setHeight(61);
  w.raw.say(std::move(later));
  w.run(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(height(), 60u);
  say_status(55);  // its own word counts for more than a vote that may be anybody's
  w.run(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(height(), 55u);
}

BOOST_AUTO_TEST_CASE(the_height_of_a_fast_peer_costs_few_messages_and_ends_right) {
  OneNode w;
  w.greet();
  const auto handled = [&] {
    for (const rt::ActorStatus& actor : w.node.runtime().tree())
      if (actor.path == PeersRole::path) return actor.handled;
    return std::uint64_t{0};
  };
  const std::uint64_t before = handled();
  BOOST_REQUIRE_GT(before, 0u);
  for (std::uint64_t tip = 1; tip <= 300; ++tip) {
    Draft<schema::SyncStatus> status;
    status->setTip(tip);
    w.raw.say(std::move(status));
    w.settle();
  }
  BOOST_CHECK_EQUAL(handled(), before);
  w.run(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(w.node.view().at(0).height, 300u);
}

// ---- over the kernel's loopback, with threads and real time

BOOST_AUTO_TEST_CASE(a_manager_restarts_over_real_sockets) {
  Crash<schema::Vote> crash(std::string(PeersRole::path), 1);
  const auto sockets = [] { return peers::make_socket_transport({}); };
  const std::uint16_t port = free_port();
  PeerNode a(sockets(), {.number = 1, .port = port, .deterministic = false});
  PeerNode b(sockets(), {.number = 2, .persistent = {address_of(1, port)}, .deterministic = false});
  BOOST_REQUIRE(eventually([&] {
    return a.routed<schema::PeerReady>().size() == 1 && b.routed<schema::PeerReady>().size() == 1;
  }));
  a.runtime().set_faults(&crash);
  (void)a.manager().send(vote_draft());
  BOOST_REQUIRE(eventually([&] {
    return a.routed<schema::PeerReady>().size() == 2 && b.routed<schema::PeerReady>().size() == 2;
  }));
  BOOST_CHECK(eventually([&] {
    (void)a.manager().send(vote_draft());
    (void)b.manager().send(vote_draft());
    return !a.routed<schema::Vote>().empty() && !b.routed<schema::Vote>().empty();
  }));
  BOOST_CHECK_EQUAL(a.routed<schema::PeerGone>().size(), 1u);
  BOOST_CHECK_EQUAL(a.exits + b.exits, 0);
  a.runtime().set_faults(nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
