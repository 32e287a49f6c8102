// The actor in a deterministic runtime: real blocks, signatures and stores; fake ledger, consensus,
// sessions and peers.
#include "actors/sync/sync_actor.hpp"

#include <functional>
#include <map>

#include "actors/runtime/runtime.hpp"
#include "tests/unit/sync/chain_support.hpp"

using namespace witan;
using namespace witan::sync;

namespace {

const TestChain& chain() {
  static const TestChain made(300);
  return made;
}

// What the fakes saw and own.
struct Scene {
  std::unique_ptr<BlockStore> store;  // of the node under test
  std::uint64_t tip = 0;              // of its consensus
  bool consensus_deaf = false;
  std::vector<std::string> misbehaved;
  std::vector<std::uint64_t> statuses;
};

class FakeLedger final : public rt::ActorFor<LedgerRole> {
 public:
  FakeLedger(rt::ActorContext& context, Scene& scene) : ActorFor(context), scene_(scene) {
    handle<schema::GetTip>(&FakeLedger::on_get_tip);
  }

 private:
  void on_get_tip(schema::GetTip::Reader, const Envelope& envelope) {
    Draft<schema::ChainTip> tip;
    tip->setHeight(scene_.tip);
    tip->setBlockId(as_data(chain().id(scene_.tip)));
    context().reply(envelope, std::move(tip));
  }
  Scene& scene_;
};

// Decides what it is handed if it is its height, as the real one does.
class FakeConsensus final : public rt::ActorFor<ConsensusRole> {
 public:
  FakeConsensus(rt::ActorContext& context, Scene& scene) : ActorFor(context), scene_(scene) {
    handle<schema::SyncedDecision>(&FakeConsensus::on_synced);
  }

 private:
  void on_synced(schema::SyncedDecision::Reader in, const Envelope&) {
    const std::uint64_t height = in.getCertificate().getHeight();
    if (height != scene_.tip + 1 || scene_.consensus_deaf) return;
    BOOST_CHECK(std::ranges::equal(as_view(in.getBytes()), chain().at(height).bytes));
    chain().put(*scene_.store, height);
    scene_.tip = height;
    Draft<schema::BlockCommitted> committed;
    committed->setHeight(height);
    committed->setBlockId(as_data(chain().id(height)));
    (void)context().ref<SyncRole>(SyncRole::path).send(std::move(committed));
  }
  Scene& scene_;
};

class FakePeers final : public rt::ActorFor<PeersRole> {
 public:
  FakePeers(rt::ActorContext& context, Scene& scene) : ActorFor(context), scene_(scene) {
    handle<schema::PeerMisbehaved>(&FakePeers::on_misbehaved);
    handle<schema::SyncStatus>(&FakePeers::on_status);
  }

 private:
  void on_misbehaved(schema::PeerMisbehaved::Reader in, const Envelope&) {
    scene_.misbehaved.emplace_back(in.getCode().cStr());
  }
  void on_status(schema::SyncStatus::Reader in, const Envelope&) {
    scene_.statuses.push_back(in.getTip());
  }
  Scene& scene_;
};

// A remote node behind its session. `spoil` may change an answer; false: it is not sent.
using Spoil = std::function<bool(std::vector<SyncBlock>& blocks)>;
struct Remote {
  std::unique_ptr<BlockStore> store;
  std::uint64_t claimed_tip = 0;
  Spoil spoil;
  std::size_t asked = 0;
  std::vector<std::size_t> got;           // sizes of answers to its own requests
  std::vector<std::uint64_t> got_status;  // tips it was told directly
};

class FakeSession final : public rt::ActorFor<SessionRole> {
 public:
  FakeSession(rt::ActorContext& context, Remote& remote)
      : ActorFor(context), remote_(remote), server_(*remote.store) {
    handle<schema::RangeRequest>(&FakeSession::on_request);
    handle<schema::RangeResponse>(&FakeSession::on_response);
    handle<schema::SyncStatus>(&FakeSession::on_status);
  }
  void started() override {
    Draft<schema::SyncStatus> status;
    status->setTip(remote_.claimed_tip);
    status->setBase(1);
    (void)sync().send(std::move(status));
  }

 private:
  rt::ActorRef<SyncRole> sync() { return context().ref<SyncRole>(SyncRole::path); }

  void on_request(schema::RangeRequest::Reader in, const Envelope&) {
    ++remote_.asked;
    const Envelope answer = std::move(server_.serve(1, in, context().now()).response).seal();
    const Received<schema::RangeResponse> response(answer);
    auto blocks = read_blocks(response.get());
    WITAN_REQUIRE_OK(blocks);
    if (remote_.spoil && !remote_.spoil(*blocks)) return;
    Draft<schema::RangeResponse> out;
    out->setId(in.getId());
    out->setFirst(in.getFirst());
    auto list = out->initBlocks(static_cast<kj::uint>(blocks->size()));
    for (kj::uint i = 0; i < list.size(); ++i) {
      list[i].setBytes(as_data(ByteView((*blocks)[i].bytes)));
      write_certificate(list[i].initCertificate(), (*blocks)[i].certificate);
    }
    (void)sync().send(std::move(out));
  }
  // The test pokes a session with an answer or a status meant for it: it asks the node for blocks.
  void on_response(schema::RangeResponse::Reader in, const Envelope&) {
    remote_.got.push_back(in.getBlocks().size());
  }
  void on_status(schema::SyncStatus::Reader in, const Envelope& envelope) {
    if (envelope.sender != 0) return remote_.got_status.push_back(in.getTip());
    Draft<schema::RangeRequest> request;
    request->setFirst(in.getBase());
    request->setLast(in.getTip());
    request->setBytesMax(1'000'000);
    (void)sync().send(std::move(request));
  }
  Remote& remote_;
  RangeServer server_;
};

template <class T, class... Args>
rt::ChildSpec child(std::string name, Args&... args) {
  rt::ChildSpec spec;
  spec.name = std::move(name);
  spec.factory = [&args...](rt::ActorContext& context) -> std::unique_ptr<rt::Actor> {
    return std::make_unique<T>(context, args...);
  };
  return spec;
}

rt::RuntimeOptions runtime_options() {
  rt::RuntimeOptions out;
  out.deterministic = true;
  out.seed = 5;
  out.end_process = [](const rt::ExitStatus& s) { BOOST_ERROR("the node ended: " << s.reason); };
  return out;
}

class Node {
 public:
  explicit Node(std::uint64_t own_tip, std::uint64_t own_base = 1) : runtime_(runtime_options()) {
    scene.tip = own_tip;
    scene.store = chain().store(own_base, own_tip);
    LogOptions options;
    options.async = false;
    options.capture = [this](std::string_view line) { log.emplace_back(line); };
    auto opened = Logger::open(options, runtime_.clock());
    WITAN_REQUIRE_OK(opened);
    logger_ = std::move(*opened);
    services_ = std::make_unique<Services>(Services{*logger_, metrics_});
  }

  Remote& remote(std::string name, std::uint64_t has, std::uint64_t claims, Spoil spoil = {}) {
    Remote& out = remotes_[name];
    out.store = chain().store(1, has);
    out.claimed_tip = claims;
    out.spoil = std::move(spoil);
    return out;
  }

  void start() {
    rt::SupervisorSpec chain_group;
    chain_group.name = "chain";
    chain_group.children.emplace_back(child<FakeLedger>("ledger", scene));
    chain_group.children.emplace_back(child<FakeConsensus>("consensus", scene));
    rt::ChildSpec sync;
    sync.name = "sync";
    sync.factory = [this](rt::ActorContext& context) -> std::unique_ptr<rt::Actor> {
      SyncOptions options;
      options.verifier = chain().verifier();
      options.store = scene.store.get();
      return std::make_unique<SyncActor>(context, *services_, std::move(options));
    };
    chain_group.children.emplace_back(std::move(sync));
    rt::SupervisorSpec peers_group;
    peers_group.name = "peers";
    peers_group.children.emplace_back(child<FakePeers>("peers", scene));
    for (auto& [name, remote] : remotes_)
      peers_group.children.emplace_back(child<FakeSession>(name, remote));
    rt::SupervisorSpec root;
    root.name = "node";
    root.children.emplace_back(std::move(chain_group));
    root.children.emplace_back(std::move(peers_group));
    runtime_.start(std::move(root));
    runtime_.drain();
  }

  void run_ms(std::int64_t ms) { runtime_.advance(Duration::from_ms(ms)); }
  // Virtual milliseconds until the chain is complete, or -1.
  std::int64_t run_to_tip(std::uint64_t tip, std::int64_t limit_ms) {
    for (std::int64_t ms = 0; ms < limit_ms; ms += 5) {
      if (scene.tip >= tip) return ms;
      run_ms(5);
    }
    return -1;
  }
  bool logged(std::string_view event) const {
    const std::string key = "\"event\":\"" + std::string(event) + "\"";
    return std::ranges::any_of(log, [&](const std::string& l) { return l.find(key) != l.npos; });
  }
  View state() {
    View out;
    runtime_.ask<schema::SyncState>(
        runtime_.ref<SyncRole>(SyncRole::path), Draft<schema::GetSyncState>(), Duration::from_s(1),
        [&](Result<schema::SyncState::Reader> s) {
          WITAN_REQUIRE_OK(s);
          out = {s->getSyncing(), s->getHeight(), s->getTarget(), s->getPeers()};
        });
    runtime_.drain();
    return out;
  }
  template <class T>
  void poke(const std::string& name, Draft<T>&& draft) {
    (void)runtime_.ref<SessionRole>("/node/peers/" + name).send(std::move(draft));
    runtime_.drain();
  }
  void ask_for(const std::string& name, std::uint64_t first, std::uint64_t last) {
    Draft<schema::SyncStatus> range;
    range->setBase(first);
    range->setTip(last);
    poke(name, std::move(range));
  }

  // Consensus decided this height by itself.
  void commit(std::uint64_t height) {
    chain().put(*scene.store, height);
    scene.tip = height;
    Draft<schema::BlockCommitted> committed;
    committed->setHeight(height);
    committed->setBlockId(as_data(chain().id(height)));
    (void)runtime_.ref<SyncRole>(SyncRole::path).send(std::move(committed));
    runtime_.drain();
  }
  // As consensus says it of a peer.
  void claim(const std::string& name, std::uint64_t tip) {
    Draft<schema::PeerAhead> ahead;
    ahead->setPeer(runtime_.erased_ref("/node/peers/" + name).number());
    ahead->setHeight(tip);
    (void)runtime_.ref<SyncRole>(SyncRole::path).send(std::move(ahead));
    runtime_.drain();
  }
  void peer_gone(const std::string& name) {
    Draft<schema::PeerGone> gone;
    gone->setPeer(runtime_.erased_ref("/node/peers/" + name).number());
    (void)runtime_.ref<SyncRole>(SyncRole::path).send(std::move(gone));
    runtime_.drain();
  }

  Scene scene;
  std::vector<std::string> log;

 private:
  rt::Runtime runtime_;
  std::unique_ptr<Logger> logger_;
  Metrics metrics_{"test"};
  std::unique_ptr<Services> services_;
  std::map<std::string, Remote> remotes_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sync_actor_test)

BOOST_AUTO_TEST_CASE(an_empty_node_fetches_the_whole_chain_from_one_peer) {
  Node node(0);
  node.remote("a", 300, 300);
  node.start();
  BOOST_CHECK_GE(node.run_to_tip(300, 5'000), 0);
  node.run_ms(50);
  BOOST_CHECK(node.logged("sync_started"));
  BOOST_CHECK(node.logged("sync_finished"));
  BOOST_CHECK(node.scene.misbehaved.empty());
  const View state = node.state();
  BOOST_CHECK(!state.syncing);
  BOOST_CHECK_EQUAL(state.height, 300u);
  BOOST_CHECK_EQUAL(state.target, 300u);
  BOOST_CHECK_EQUAL(state.peers, 1u);
}

BOOST_AUTO_TEST_CASE(a_node_with_a_chain_goes_on_from_its_tip) {
  Node node(120);
  Remote& remote = node.remote("a", 300, 300);
  node.start();
  BOOST_CHECK_GE(node.run_to_tip(300, 5'000), 0);
  BOOST_CHECK_LE(remote.asked, 4u);
}

BOOST_AUTO_TEST_CASE(p44_blocks_that_do_not_verify_are_blamed_on_their_sender_and_fetched_again) {
  const Spoil bad_signature = [](std::vector<SyncBlock>& blocks) {
    if (!blocks.empty()) blocks.back().certificate.signatures[3].signature.data[0] ^= 1;
    return true;
  };
  const Spoil other_content = [](std::vector<SyncBlock>& blocks) {
    for (SyncBlock& block : blocks) {
      Block decoded = *decode_block(block.bytes);
      decoded.txs.push_back(Bytes{1, 2, 3});
      block.bytes = encode_block(decoded);
    }
    return true;
  };
  Node node(0);
  node.remote("bad-signature", 300, 300, bad_signature);
  node.remote("honest", 300, 300);
  node.remote("other-content", 300, 300, other_content);
  node.start();
  BOOST_CHECK_GE(node.run_to_tip(300, 20'000), 0);
  BOOST_REQUIRE_EQUAL(node.scene.misbehaved.size(), 2u);
  std::ranges::sort(node.scene.misbehaved);
  BOOST_CHECK_EQUAL(node.scene.misbehaved[0], "bad_signature");
  BOOST_CHECK_EQUAL(node.scene.misbehaved[1], "invalid_block");
  BOOST_CHECK(node.logged("sync_bad_block"));
}

BOOST_AUTO_TEST_CASE(p62_a_gap_in_an_answer_is_misbehaviour) {
  Node node(0);
  node.remote("gap", 300, 300, [](std::vector<SyncBlock>& blocks) {
    if (blocks.size() > 2) blocks.erase(blocks.begin() + 1);
    return true;
  });
  node.start();
  node.run_ms(100);
  BOOST_REQUIRE_EQUAL(node.scene.misbehaved.size(), 1u);
  BOOST_CHECK_EQUAL(node.scene.misbehaved[0], "malformed");
  BOOST_CHECK_EQUAL(node.scene.tip, 0u);
}

BOOST_AUTO_TEST_CASE(p41_p60_a_silent_liar_delays_but_does_not_stop_the_node) {
  Node node(0);
  node.remote("honest", 300, 300);
  node.remote("liar", 0, 1'000'000'000, [](std::vector<SyncBlock>&) { return false; });
  node.start();
  BOOST_CHECK_GE(node.run_to_tip(300, 30'000), 0);
  BOOST_CHECK(node.scene.misbehaved.empty());  // silence is no offence
  node.run_ms(60'000);
  BOOST_CHECK_EQUAL(node.state().target, 300u);
  BOOST_CHECK(!node.state().syncing);
}

BOOST_AUTO_TEST_CASE(a_decision_consensus_could_not_take_is_offered_again) {
  Node node(0);
  node.scene.consensus_deaf = true;
  node.remote("a", 10, 10);
  node.start();
  node.run_ms(200);
  BOOST_CHECK_EQUAL(node.scene.tip, 0u);
  node.scene.consensus_deaf = false;
  BOOST_CHECK_GE(node.run_to_tip(10, 1'000), 0);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_is_forgotten) {
  Node node(0);
  node.remote("a", 300, 300, [](std::vector<SyncBlock>&) { return false; });
  node.start();
  BOOST_CHECK_EQUAL(node.state().peers, 1u);
  BOOST_CHECK(node.state().syncing);
  node.peer_gone("a");
  node.run_ms(50);
  BOOST_CHECK_EQUAL(node.state().peers, 0u);
  BOOST_CHECK(!node.state().syncing);
}

BOOST_AUTO_TEST_CASE(a_session_that_ended_before_it_was_asked_is_forgotten) {
  Node node(0);
  node.start();
  node.claim("ghost", 50);  // consensus handled its vote after PeerGone
  node.run_ms(10);
  BOOST_CHECK_EQUAL(node.state().peers, 0u);
  BOOST_CHECK_EQUAL(node.state().target, 0u);
}

BOOST_AUTO_TEST_CASE(a_node_serves_its_blocks_and_answers_for_those_it_lacks) {
  Node node(40, 11);
  Remote& remote = node.remote("a", 0, 0);
  node.start();
  node.ask_for("a", 20, 29);
  node.ask_for("a", 35, 60);
  node.ask_for("a", 41, 60);
  node.ask_for("a", 5, 20);
  BOOST_CHECK((remote.got == std::vector<std::size_t>{10, 6, 0, 0}));
  // An empty answer comes with what the node does have.
  BOOST_CHECK((remote.got_status == std::vector<std::uint64_t>{40, 40}));
}

BOOST_AUTO_TEST_CASE(the_tip_is_told_when_it_changed_and_now_and_then) {
  Node node(7);
  node.start();
  node.run_ms(1'300);
  BOOST_CHECK((node.scene.statuses == std::vector<std::uint64_t>{7}));
  node.run_ms(5'000);
  BOOST_CHECK_EQUAL(node.scene.statuses.size(), 1u);
  node.run_ms(9'000);
  BOOST_CHECK_EQUAL(node.scene.statuses.size(), 2u);
}

BOOST_AUTO_TEST_CASE(one_height_behind_is_left_to_consensus_until_it_stands_still) {
  Node node(100);
  Remote& remote = node.remote("a", 102, 100);
  node.start();
  node.commit(101);
  node.claim("a", 102);
  node.run_ms(30);
  BOOST_CHECK_EQUAL(remote.asked, 0u);
  BOOST_CHECK_GE(node.run_to_tip(102, 200), 0);
  BOOST_CHECK_EQUAL(remote.asked, 1u);
  BOOST_CHECK(!node.logged("sync_started"));
}

BOOST_AUTO_TEST_SUITE_END()
