// Sessions and their manager: between whole nodes in virtual time, against a peer that breaks every
// rule, and over real sockets.
#include <latch>

#include "tests/unit/peers/world.hpp"

namespace witan::test {
BOOST_AUTO_TEST_SUITE(session_test)

BOOST_AUTO_TEST_CASE(two_nodes_shake_hands_and_a_vote_reaches_the_other_verifier) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100});
  PeerNode& b = w.add({.number = 2, .port = 200, .persistent = {address_of(1, 100)}});
  w.run(Duration::from_ms(100));
  BOOST_CHECK(a.peers_now() == std::vector<std::string>{"node2"});
  BOOST_CHECK(b.peers_now() == std::vector<std::string>{"node1"});
  BOOST_CHECK_EQUAL(a.routed<schema::PeerReady>().size(), 1u);
  (void)a.manager().send(vote_draft());
  w.settle();
  const auto votes = b.routed<schema::Vote>();
  BOOST_REQUIRE_EQUAL(votes.size(), 1u);
  BOOST_CHECK(read_vote(Received<schema::Vote>(votes[0]).get()) ==
              read_vote(vote_draft()->asReader()));
  BOOST_CHECK_NE(votes[0].sender, 0u);  // the session, to be named when the vote is bad
}

BOOST_AUTO_TEST_CASE(a_trace_goes_on_at_the_other_node) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100});
  PeerNode& b = w.add({.number = 2, .port = 200, .persistent = {address_of(1, 100)}});
  w.run(Duration::from_ms(100));
  Envelope vote = vote_draft().seal();
  vote.trace = {.trace_hi = 11, .trace_lo = 12, .span = 13, .parent = 0, .hops = 0};
  (void)a.manager().send<schema::Vote>(vote);
  w.settle();
  const auto votes = b.routed<schema::Vote>();
  BOOST_REQUIRE_EQUAL(votes.size(), 1u);
  BOOST_CHECK_EQUAL(votes[0].trace.trace_hi, 11u);
  BOOST_CHECK_EQUAL(votes[0].trace.trace_lo, 12u);
  BOOST_CHECK_EQUAL(votes[0].trace.hops, 4u);  // manager, session, the wire, verifier
}

BOOST_AUTO_TEST_CASE(another_chain_is_refused_with_a_typed_goodbye) {
  OneNode w;
  w.raw.say_hello(9);
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "wrong_chain");
  BOOST_CHECK(w.raw.closed());
  BOOST_CHECK(w.node.peers_now().empty());
}

BOOST_AUTO_TEST_CASE(nodes_of_two_chains_never_become_peers) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100});
  PeerNode& b =
      w.add({.number = 2, .chain_number = 2, .port = 200, .persistent = {address_of(1, 100)}});
  w.run(Duration::from_s(5));
  BOOST_CHECK(a.peers_now().empty() && b.peers_now().empty());
  BOOST_CHECK(a.routed<schema::PeerReady>().empty());
}

BOOST_AUTO_TEST_CASE(a_dialled_peer_must_hold_the_key_it_was_dialled_for) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100});
  PeerNode& b = w.add({.number = 2, .port = 200, .persistent = {address_of(3, 100)}});
  w.run(Duration::from_s(5));
  BOOST_CHECK(a.peers_now().empty() && b.peers_now().empty());
  BOOST_CHECK_GT(w.network.dials(), 2u);
}

BOOST_AUTO_TEST_CASE(garbage_instead_of_a_handshake_closes_the_connection) {
  World w;
  w.add({.number = 1, .port = 100});
  RawPeer raw(w.network, 50);
  raw.dial(100, node_key(77).node_id());  // act one for another key is garbage here
  w.settle();
  BOOST_CHECK(raw.closed());
  BOOST_CHECK(!raw.encrypted());
}

BOOST_AUTO_TEST_CASE(garbage_after_the_handshake_closes_the_connection) {
  OneNode w;
  w.greet();
  w.raw.send_raw(Bytes(500, 0xAB));
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "decrypt_failed");
  BOOST_CHECK(w.raw.closed());
  BOOST_CHECK(w.node.peers_now().empty());
  BOOST_CHECK_EQUAL(w.node.routed<schema::PeerGone>().size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_second_hello_ends_the_session) {
  OneNode w;
  w.greet();
  w.raw.say_hello();
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "duplicate");
  BOOST_CHECK(w.raw.closed());
}

BOOST_AUTO_TEST_CASE(a_message_before_the_hello_ends_the_session) {
  OneNode w;
  w.raw.say(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "not_allowed");
  BOOST_CHECK(w.raw.closed());
  BOOST_CHECK(w.node.routed<schema::Vote>().empty());
}

BOOST_AUTO_TEST_CASE(a_message_above_its_limit_ends_the_session_before_its_bytes_come) {
  OneNode w;
  w.greet();
  w.raw.send_packet(ByteWriter()
                        .u8(0)
                        .u8(1)
                        .u16(38)
                        .u64(capnp::typeId<schema::Ping>())
                        .u32(1 << 24)
                        .raw(Bytes(26))
                        .take());
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "too_large");
  BOOST_CHECK(w.raw.closed());
}

BOOST_AUTO_TEST_CASE(a_false_claim_to_a_validator_seat_ends_the_session) {
  OneNode w;
  Draft<schema::Hello> hello;
  hello->setProtocol(peer_protocol_version);
  hello->setBlockProtocol(block_protocol_version);
  hello->setChainId(as_data(chain(1)));
  hello->setValidatorKey(as_data(node_key(101).public_key()));
  hello->setValidatorProof(as_data(Signature{}));
  w.raw.say(std::move(hello));
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "bad_signature");
  BOOST_CHECK(w.raw.closed());
}

BOOST_AUTO_TEST_CASE(messages_above_the_rate_are_dropped_and_the_session_lives) {
  OneNode w;
  w.greet();
  for (int i = 0; i < 1000; ++i) {
    Draft<schema::RoundStatus> status;
    status->setHeight(1);
    w.raw.say(std::move(status));
  }
  w.settle();
  BOOST_CHECK_EQUAL(w.node.routed<schema::RoundStatus>().size(), 400u);  // the burst of `meta`
  BOOST_CHECK(!w.raw.closed());
  w.run(Duration::from_s(1));
  Draft<schema::RoundStatus> status;
  w.raw.say(std::move(status));
  w.settle();
  BOOST_CHECK_EQUAL(w.node.routed<schema::RoundStatus>().size(), 401u);
}

BOOST_AUTO_TEST_CASE(a_ping_is_answered) {
  OneNode w;
  w.greet();
  BOOST_CHECK_EQUAL(w.raw.heard<schema::Ping>(), 1u);  // its own: how far apart are our clocks
  w.raw.say(Draft<schema::Ping>());
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.heard<schema::Pong>(), 1u);
}

BOOST_AUTO_TEST_CASE(a_silent_peer_is_left_after_three_ping_intervals) {
  OneNode w;
  w.greet();
  w.run(Duration::from_s(25), Duration::from_ms(500));
  BOOST_CHECK(!w.raw.closed());
  BOOST_CHECK_GE(w.raw.heard<schema::Ping>(), 2u);
  w.run(Duration::from_s(20), Duration::from_ms(500));
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "timeout");
  BOOST_CHECK(w.raw.closed());
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_says_hello_is_left) {
  OneNode w;
  w.run(Duration::from_s(21), Duration::from_ms(500));
  BOOST_CHECK(w.raw.closed());
}

BOOST_AUTO_TEST_CASE(p66_two_nodes_that_dial_each_other_keep_exactly_one_connection) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100, .persistent = {address_of(2, 200)}});
  PeerNode& b = w.add({.number = 2, .port = 200, .persistent = {address_of(1, 100)}});
  w.run(Duration::from_s(5));
  BOOST_CHECK_EQUAL(a.peers_now().size(), 1u);
  BOOST_CHECK_EQUAL(b.peers_now().size(), 1u);
  const std::size_t dials = w.network.dials();
  w.run(Duration::from_s(5));
  BOOST_CHECK_EQUAL(w.network.dials(), dials);  // and it stays that way
  (void)a.manager().send(vote_draft());
  (void)b.manager().send(vote_draft());
  w.settle();
  BOOST_CHECK_EQUAL(a.routed<schema::Vote>().size(), 1u);
  BOOST_CHECK_EQUAL(b.routed<schema::Vote>().size(), 1u);
}

BOOST_AUTO_TEST_CASE(p54_a_persistent_peer_is_dialled_again_with_backoff_until_it_is_back) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100, .persistent = {address_of(2, 200)}});
  w.add({.number = 2, .port = 200});
  w.run(Duration::from_ms(200));
  BOOST_REQUIRE_EQUAL(a.peers_now().size(), 1u);
  w.nodes[1].reset();
  w.run(Duration::from_s(60), Duration::from_ms(100));
  BOOST_CHECK(a.peers_now().empty());
  const std::size_t dials = w.network.dials();
  BOOST_CHECK_GE(dials, 6u);   // it keeps trying
  BOOST_CHECK_LE(dials, 30u);  // at growing distances
  PeerNode& again = w.add({.number = 2, .port = 200});
  w.run(Duration::from_s(20), Duration::from_ms(100));
  BOOST_CHECK_EQUAL(a.peers_now().size(), 1u);
  BOOST_CHECK_EQUAL(again.peers_now().size(), 1u);
}

BOOST_AUTO_TEST_CASE(proven_misbehaviour_bans_for_a_while) {
  World w;
  PeerNode& a = w.add({.number = 1, .port = 100});
  PeerNode& b = w.add({.number = 2, .port = 200, .persistent = {address_of(1, 100)}});
  w.run(Duration::from_ms(200));
  (void)b.manager().send(vote_draft());
  w.settle();
  const auto votes = a.routed<schema::Vote>();
  BOOST_REQUIRE_EQUAL(votes.size(), 1u);
  const auto report = [&] {
    Draft<schema::PeerMisbehaved> out;
    out->setPeer(votes[0].sender);
    out->setCode("bad_signature");
    (void)a.manager().send(std::move(out));
    w.settle();
  };
  report();
  BOOST_CHECK_EQUAL(a.peers_now().size(), 1u);  // once may be an accident
  report();
  BOOST_CHECK(a.peers_now().empty());
  w.run(Duration::from_s(30), Duration::from_ms(100));
  BOOST_CHECK(a.peers_now().empty());
  w.run(Duration::from_s(45), Duration::from_ms(100));
  BOOST_CHECK_EQUAL(a.peers_now().size(), 1u);
}

BOOST_AUTO_TEST_CASE(inbound_connections_are_bounded) {
  World w;
  PeerNode& node = w.add({.number = 1, .port = 100, .inbound_max = 3});
  std::vector<std::unique_ptr<RawPeer>> raws;
  for (std::uint8_t i = 0; i < 5; ++i) {
    raws.push_back(std::make_unique<RawPeer>(w.network, static_cast<std::uint8_t>(60 + i)));
    raws.back()->dial(100, node.id());
    w.settle();
    if (!raws.back()->encrypted()) continue;
    raws.back()->say_hello();
    w.settle();
  }
  BOOST_CHECK_EQUAL(node.peers_now().size(), 3u);
  BOOST_CHECK(raws[3]->closed() && raws[4]->closed());
}

// The same over the kernel's loopback, with threads and real time.
BOOST_AUTO_TEST_CASE(two_nodes_over_real_sockets) {
  const auto sockets = [] { return peers::make_socket_transport({}); };
  const std::uint16_t port = free_port();
  PeerNode a(sockets(), {.number = 1, .port = port, .deterministic = false});
  PeerNode b(sockets(), {.number = 2, .persistent = {address_of(1, port)}, .deterministic = false});
  BOOST_REQUIRE(eventually([&] {
    return a.routed<schema::PeerReady>().size() == 1 && b.routed<schema::PeerReady>().size() == 1;
  }));
  BOOST_REQUIRE(eventually([&] {
    (void)a.manager().send(vote_draft());
    return !b.routed<schema::Vote>().empty();
  }));
  Random r(3);
  PartMessage part = any_part(r);
  part.part.bytes.assign(part_size_bytes, 5);
  for (int i = 0; i < 30; ++i) {
    Draft<schema::BlockPart> draft(part_size_bytes / 8 + 64);
    write_part(*draft, part.part, part.parts_count);
    (void)b.manager().send(std::move(draft));
  }
  BOOST_CHECK(eventually([&] { return a.routed<schema::BlockPart>().size() == 30; }));
  BOOST_CHECK_EQUAL(a.exits + b.exits, 0);
}

Draft<schema::TransactionBatch> batch_draft(std::size_t bytes) {
  Bytes blob;
  append_item(blob, Bytes(bytes, 3));
  Draft<schema::TransactionBatch> draft(bytes / 8 + 32);
  draft->setTransactions(as_data(ByteView(blob)));
  draft->setCount(1);
  return draft;
}

// A mempool that takes nothing must not cost a vote more than its way.
BOOST_AUTO_TEST_CASE(a_vote_passes_transactions_that_nobody_takes) {
  const auto sockets = [] { return peers::make_socket_transport({}); };
  const std::uint16_t port = free_port();
  std::latch open(1);
  PeerNode a(sockets(), {.number = 1, .port = port, .deterministic = false, .in_mempool = [&open] {
                           open.wait();
                         }});
  PeerNode b(sockets(), {.number = 2, .persistent = {address_of(1, port)}, .deterministic = false});
  BOOST_REQUIRE(eventually([&] { return b.routed<schema::PeerReady>().size() == 1; }));
  constexpr std::size_t small = 1100, large = 60;
  // Small ones until the mailbox is more than half full, then three windows of large ones.
  for (std::size_t i = 0; i < small; ++i) (void)b.manager().send(batch_draft(100));
  for (std::size_t i = 0; i < large; ++i) (void)b.manager().send(batch_draft(60'000));
  std::size_t passed = 0;
  for (std::size_t i = 1; i <= 30 && passed + 1 == i; ++i) {
    (void)b.manager().send(vote_draft(i));
    if (eventually([&] { return a.routed<schema::Vote>().size() == i; })) passed = i;
  }
  const std::size_t taken = a.routed<schema::TransactionBatch>().size();
  open.count_down();
  BOOST_CHECK_EQUAL(passed, 30u);
  BOOST_CHECK_EQUAL(taken, 1u);  // the one it waits at
  BOOST_CHECK(
      eventually([&] { return a.routed<schema::TransactionBatch>().size() == small + large; }));
}

BOOST_AUTO_TEST_CASE(a_grant_of_what_was_never_sent_is_an_offence) {
  OneNode w;
  w.greet();
  Draft<schema::Credit> credit;
  credit->setChannel(static_cast<std::uint8_t>(Channel::transactions));
  credit->setBytes(1);
  w.raw.say(std::move(credit));
  w.settle();
  BOOST_CHECK_EQUAL(w.raw.goodbye(), "out_of_range");
  BOOST_CHECK(w.raw.closed());
}

BOOST_AUTO_TEST_CASE(bulk_is_granted_again_when_it_was_taken) {
  OneNode w;
  w.greet();
  for (int i = 0; i < 100; ++i) {  // six windows
    w.raw.say(batch_draft(60'000));
    w.settle();
  }
  BOOST_CHECK_GE(w.raw.heard<schema::Credit>(), 6u);
  BOOST_CHECK_EQUAL(w.node.routed<schema::TransactionBatch>().size(), 100u);
  BOOST_CHECK(!w.raw.closed());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
