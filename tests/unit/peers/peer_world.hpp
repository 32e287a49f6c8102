// Shared by the session tests: whole peer families (manager and sessions) of several nodes, and a
// raw peer that speaks the protocol by hand and can therefore break it.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/peers/peers_actor.hpp"
#include "actors/peers/transport_bridge.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "crypto/random.hpp"
#include "messages/base/codec_bytes.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/support/memory_transport.hpp"
#include "tests/support/tap_actor.hpp"

namespace witan::test {

inline Metrics& metrics() {
  static Metrics out("chain", "test");
  return out;
}

inline Services services() {
  static const std::unique_ptr<Logger> log = [] {
    LogOptions options;
    options.levels = "error";
    options.capture = [](std::string_view) {};
    auto opened = Logger::open(std::move(options), rt::system_clock());
    WITAN_REQUIRE_OK(opened);
    return std::move(*opened);
  }();
  return Services{*log, metrics()};
}

inline SecretKey node_key(std::uint8_t n) {
  Bytes bytes(32, 0x22);
  bytes[31] = n;
  auto key = SecretKey::from_bytes(bytes);
  BOOST_REQUIRE(key.has_value());
  return std::move(*key);
}
inline ChainId chain(std::uint8_t n) {
  ChainId out;
  out.data.fill(n);
  return out;
}

struct NodeSetup {
  std::uint8_t number = 1;
  std::uint8_t chain_number = 1;
  std::uint16_t port = 0;
  std::vector<peers::PeerAddress> persistent{};
  bool deterministic = true;
  std::uint32_t inbound_max = 40;
  peers::Interposer* interposer = nullptr;
  std::function<void()> in_mempool{};  // called for each batch there, on a thread of its own
};

// The peer family of one node over a transport; what it routes is kept.
class PeerNode {
 public:
  PeerNode(std::unique_ptr<peers::Transport> transport, const NodeSetup& setup)
      : transport_(std::move(transport)),
        identity_{node_key(setup.number),
                  node_key(static_cast<std::uint8_t>(setup.number + 100)),
                  chain(setup.chain_number),
                  "chain",
                  "node" + std::to_string(setup.number),
                  "test/1",
                  setup.port,
                  [] { return std::uint64_t{7}; }} {
    rt::RuntimeOptions options;
    options.deterministic = setup.deterministic;
    options.seed = setup.number;
    options.end_process = [this](const rt::ExitStatus&) { ++exits; };
    runtime_ = std::make_unique<rt::Runtime>(std::move(options));
    bridge_ = std::make_unique<peers::TransportBridge>(*runtime_, *transport_);
    transport_->set_events(bridge_.get());
    runtime_->start(tree(setup));
    if (setup.deterministic) runtime_->drain();
  }
  ~PeerNode() {
    transport_->stop();
    runtime_.reset();
  }
  PeerNode(const PeerNode&) = delete;
  PeerNode& operator=(const PeerNode&) = delete;

  [[nodiscard]] rt::Runtime& runtime() { return *runtime_; }
  [[nodiscard]] peers::Transport& transport() { return *transport_; }
  [[nodiscard]] rt::ActorRef<PeersRole> manager() {
    return runtime_->ref<PeersRole>(PeersRole::path);
  }
  [[nodiscard]] NodeId id() const { return identity_.node_key.node_id(); }
  // Messages of a type that reached the actors behind the sessions.
  template <class T>
  [[nodiscard]] std::vector<Envelope> routed() {
    const std::lock_guard lock(mutex_);
    std::vector<Envelope> out;
    for (const Envelope& e : routed_)
      if (e.is<T>()) out.push_back(e);
    return out;
  }
  struct PeerNow {
    std::string moniker;
    std::uint64_t height = 0;
    int score = 0;
    bool outbound = false;
  };
  // Ready sessions as the manager shows them (deterministic runtimes only).
  [[nodiscard]] std::vector<PeerNow> view() {
    std::vector<PeerNow> out;
    runtime_->ask<schema::PeersView>(manager(), Draft<schema::GetPeers>(), Duration::from_s(1),
                                     [&out](Result<schema::PeersView::Reader> view) {
                                       if (!view) return;
                                       for (const auto peer : view->getPeers())
                                         out.push_back({peer.getMoniker().cStr(), peer.getHeight(),
                                                        peer.getScore(), peer.getOutbound()});
                                     });
    runtime_->drain();
    return out;
  }
  [[nodiscard]] std::vector<std::string> peers_now() {
    std::vector<std::string> out;
    for (const PeerNow& peer : view()) out.push_back(peer.moniker);
    return out;
  }
  [[nodiscard]] std::size_t published(schema::PublishedEvent::Which what) {
    std::size_t out = 0;
    for (const Envelope& e : routed<schema::PublishedEvent>())
      out += Received<schema::PublishedEvent>(e)->which() == what ? 1U : 0U;
    return out;
  }
  int exits = 0;

 private:
  rt::SupervisorSpec tree(const NodeSetup& setup) {
    const TapHook keep = [this](rt::ActorContext&, const Envelope& e) {
      const std::lock_guard lock(mutex_);
      routed_.push_back(e);
    };
    rt::SupervisorSpec chain_family;
    chain_family.name = "chain";
    rt::ChildSpec mempool = tap<MempoolRole>(
        "mempool", [keep, hook = setup.in_mempool](rt::ActorContext& context, const Envelope& e) {
          keep(context, e);
          if (hook) hook();
        });
    mempool.thread = rt::Thread::own;
    chain_family.children = {tap<ConsensusRole>("consensus", keep), tap<SyncRole>("sync", keep),
                             std::move(mempool), tap<VerifierRole>("verifier/0", keep)};
    peers::PeersOptions options;
    options.listen = {"127.0.0.1", setup.port};
    options.persistent = setup.persistent;
    options.inbound_max = setup.inbound_max;
    options.session.verifier_workers = 1;
    options.session.interposer = setup.interposer;
    rt::SupervisorSpec api_family;
    api_family.name = "api";
    api_family.children = {tap<EventsRole>("events", keep)};
    rt::SupervisorSpec root;
    root.name = "node";
    root.max_restarts = 0;
    root.children = {std::move(chain_family),
                     peers::family(services(), *transport_, identity_, std::move(options)),
                     std::move(api_family)};
    return root;
  }

  std::mutex mutex_;
  std::vector<Envelope> routed_;
  std::unique_ptr<peers::Transport> transport_;
  peers::Identity identity_;
  std::unique_ptr<rt::Runtime> runtime_;
  std::unique_ptr<peers::TransportBridge> bridge_;
};

// A peer written out by hand: handshake, encryption and framing, no rule kept unless told so.
class RawPeer final : public peers::TransportEvents {
 public:
  RawPeer(MemoryNetwork& network, std::uint8_t number)
      : key_(node_key(number)), transport_(network.host()) {
    transport_->set_events(this);
  }
  void dial(std::uint16_t port, const NodeId& expected) {
    auto made = NoiseHandshake::initiator(as_bytes(noise_peer_prologue), key_.secret_bytes().view(),
                                          random_bytes(32), expected);
    WITAN_REQUIRE_OK(made);
    handshake_.emplace(std::move(*made));
    connection_ = transport_->connect({"127.0.0.1", port}, Duration::from_s(1));
  }
  void send_raw(Bytes bytes) { transport_->send(connection_, std::move(bytes)); }
  void send_packet(ByteView packet) {
    Bytes out(NoiseCipher::frame_bytes(packet.size()));
    BOOST_REQUIRE(noise_->send.encrypt(packet, out).has_value());
    send_raw(std::move(out));
  }
  template <class T>
  void say(Draft<T>&& draft) {
    const Envelope e = std::move(draft).seal();
    peers::SendQueue queue({});
    BOOST_REQUIRE(queue.push(find_wire_type(e.type)->channel, e));
    Bytes packet;
    while (queue.next_packet(packet)) send_packet(packet);
  }
  void say_hello(std::uint8_t chain_number = 1) {
    Draft<schema::Hello> hello;
    hello->setProtocol(peer_protocol_version);
    hello->setBlockProtocol(block_protocol_version);
    hello->setChainId(as_data(chain(chain_number)));
    hello->setMoniker("raw");
    say(std::move(hello));
  }
  [[nodiscard]] bool encrypted() const { return noise_.has_value(); }
  [[nodiscard]] bool closed() const { return closed_; }
  template <class T>
  [[nodiscard]] std::size_t heard() const {
    std::size_t out = 0;
    for (const Envelope& e : heard_) out += e.is<T>() ? 1U : 0U;
    return out;
  }
  // Code of the goodbye that was heard; empty: none.
  [[nodiscard]] std::string goodbye() const {
    for (const Envelope& e : heard_)
      if (e.is<schema::Goodbye>()) return Received<schema::Goodbye>(e)->getCode().cStr();
    return {};
  }

 private:
  void on_accepted(peers::ConnectionId, const peers::Endpoint&) override {}
  void on_connected(peers::ConnectionId c, const peers::Endpoint&) override {
    transport_->start_reading(c);
    auto act = handshake_->act_one();
    BOOST_REQUIRE(act.has_value());
    send_raw(std::move(*act));
  }
  void on_connect_failed(peers::ConnectionId, const Error&) override { closed_ = true; }
  void on_drained(peers::ConnectionId) override {}
  void on_closed(peers::ConnectionId, const Error&) override { closed_ = true; }
  void on_bytes(peers::ConnectionId c, ByteView bytes) override {
    append(in_, bytes);
    transport_->consumed(c, bytes.size());
    while (take()) {
    }
  }
  bool take() {
    if (!noise_) {
      const std::size_t wanted = handshake_->awaited_bytes();
      if (wanted == 0 || in_.size() < wanted) return false;
      auto reply = handshake_->receive(ByteView(in_).first(wanted));
      if (!reply) return false;
      drop(wanted);
      if (!reply->empty()) send_raw(std::move(*reply));
      if (!handshake_->done()) return true;
      auto session = handshake_->take_session();
      BOOST_REQUIRE(session.has_value());
      noise_.emplace(std::move(*session));
      return true;
    }
    if (body_ == 0) {
      if (in_.size() < NoiseCipher::length_frame_bytes) return false;
      const auto size =
          noise_->receive.decrypt_length(ByteView(in_).first(NoiseCipher::length_frame_bytes));
      BOOST_REQUIRE(size.has_value());
      drop(NoiseCipher::length_frame_bytes);
      body_ = *size + 16;
    }
    if (in_.size() < body_) return false;
    Bytes plain(body_ - 16);
    BOOST_REQUIRE(noise_->receive.decrypt_body(ByteView(in_).first(body_), plain).has_value());
    drop(std::exchange(body_, 0));
    BOOST_REQUIRE(
        reader_.read_packet(plain, [this](peers::WireMessage m) { heard_.push_back(m.envelope); })
            .has_value());
    return true;
  }
  void drop(std::size_t n) { in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(n)); }

  SecretKey key_;
  std::unique_ptr<peers::Transport> transport_;
  peers::ConnectionId connection_ = 0;
  std::optional<NoiseHandshake> handshake_;
  std::optional<NoiseSession> noise_;
  std::size_t body_ = 0;
  Bytes in_;
  bool closed_ = false;
  peers::FrameReader reader_;
  std::vector<Envelope> heard_;
};

}  // namespace witan::test
