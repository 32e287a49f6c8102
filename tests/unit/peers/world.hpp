// Several nodes and hand-written peers on one network in memory, in virtual time.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/peers/peer_world.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {

// Nodes and raw peers on one network, moved forward together.
struct World {
  PeerNode& add(const NodeSetup& setup) {
    nodes.push_back(std::make_unique<PeerNode>(network.host(), setup));
    return *nodes.back();
  }
  void settle() {
    bool busy = true;
    while (busy) {
      busy = network.run();
      for (const auto& node : nodes) busy = (node && node->runtime().drain() > 0) || busy;
    }
  }
  void run(Duration time, Duration step = Duration::from_ms(10)) {
    settle();
    for (std::int64_t t = 0; t < time.ns; t += step.ns) {
      for (const auto& node : nodes)
        if (node) node->runtime().advance(step);
      settle();
    }
  }
  // The node is gone without a word, as after a power failure.
  void vanish(std::size_t index) {
    static_cast<MemoryTransport&>(nodes[index]->transport()).vanish();
    nodes[index].reset();
  }
  MemoryNetwork network;
  std::vector<std::unique_ptr<PeerNode>> nodes;
};

inline peers::PeerAddress address_of(std::uint8_t number, std::uint16_t port) {
  return {node_key(number).node_id(), {"127.0.0.1", port}};
}

// One node and a raw peer that has finished the handshake.
struct OneNode : World {
  OneNode() : node(add({.number = 1, .port = 100})), raw(network, 50) {
    raw.dial(100, node.id());
    settle();
    BOOST_REQUIRE(raw.encrypted());
  }
  void greet() {
    raw.say_hello();
    settle();
    BOOST_REQUIRE_EQUAL(node.peers_now().size(), 1u);
  }
  PeerNode& node;
  RawPeer raw;
};

inline Draft<schema::Vote> vote_draft(std::uint64_t seed = 1) {
  Random r(seed);
  Draft<schema::Vote> draft;
  write_vote(*draft, any_vote(r));
  return draft;
}

// ---- for tests over the kernel's loopback

// A port that nobody used a moment ago.
inline std::uint16_t free_port() {
  struct Quiet final : peers::TransportEvents {
    void on_accepted(peers::ConnectionId, const peers::Endpoint&) override {}
    void on_connected(peers::ConnectionId, const peers::Endpoint&) override {}
    void on_connect_failed(peers::ConnectionId, const Error&) override {}
    void on_bytes(peers::ConnectionId, ByteView) override {}
    void on_drained(peers::ConnectionId) override {}
    void on_closed(peers::ConnectionId, const Error&) override {}
  } quiet;
  const auto probe = peers::make_socket_transport({});
  probe->set_events(&quiet);
  const auto at = probe->listen({"127.0.0.1", 0});
  WITAN_REQUIRE_OK(at);
  probe->stop();
  return at->port;
}

template <class F>
bool eventually(F&& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) {
    // sleeps: the actors run on their own threads and what they did is polled
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

}  // namespace witan::test
