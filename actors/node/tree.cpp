#include "actors/node/tree.hpp"

#include <algorithm>

#include "actors/api/events_actor.hpp"
#include "actors/api/query_actor.hpp"
#include "actors/consensus/consensus_actor.hpp"
#include "actors/consensus/core/proposer_order.hpp"
#include "actors/consensus/effect_runner.hpp"
#include "actors/consensus/signer/remote_signer.hpp"
#include "actors/consensus/transfer_verifier.hpp"
#include "actors/consensus/verifier_actor.hpp"
#include "actors/evidence/evidence_actor.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "actors/ledger/ledger_actor.hpp"
#include "actors/mempool/mempool_actor.hpp"
#include "actors/node/poison.hpp"
#include "actors/runtime/system_clock.hpp"
#include "actors/sync/sync_actor.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/hex.hpp"

namespace witan::node {
namespace {

Duration ms(std::uint64_t value) { return Duration::from_ms(static_cast<std::int64_t>(value)); }

}  // namespace

Wiring::Wiring(NodeInputs in, Services s, Host h)
    : inputs(std::move(in)),
      services(s),
      host(std::move(h)),
      identity{inputs.node_key.clone(), {}, {}, {}, {}, {}, 0, {}, host.entropy} {}

std::uint64_t Wiring::random_salt() const {
  const Bytes bytes = host.entropy(8);
  return ByteReader(bytes).u64();
}

Result<std::unique_ptr<Wiring>> Wiring::prepare(NodeInputs inputs, Services services, Host host) {
  std::unique_ptr<Wiring> w(new Wiring(std::move(inputs), services, std::move(host)));
  const Genesis& genesis = w->inputs.genesis;
  w->chain_id = genesis_hash(genesis);
  WITAN_TRY(ValidatorSet set, ledger::validator_set_of(genesis));
  w->validators = std::make_shared<const ValidatorSet>(std::move(set));
  WITAN_TRY(Verifier verifier, Verifier::make(w->chain_id, w->validators));
  w->verifier = std::make_shared<const Verifier>(std::move(verifier));
  WITAN_TRY(w->stores, w->host.open_stores(w->inputs, w->chain_id));
  WITAN_TRY_VOID(w->find_self());
  WITAN_TRY_VOID(w->refuse_own_proof());
  const FilePath sign_state = w->stores.layout.sign_state();
  if (w->self && !w->remote_signer && !w->host.files.exists(sign_state)) {
    const std::string_view text =
        "this validator may have signed before, so it does not start without its sign-state. "
        "Restore the file from the host that signed last; if there is none and this key certainly "
        "signs nowhere else, run `witan signer init --i-know --height H` with H above every height "
        "it may have signed";
    log_event(services.log, Event::sign_state_missing,
              {{"path", sign_state.string()}, {"text", text}});
    return fail(ErrorCode::sign_state_missing, sign_state.string(), std::string(text));
  }

  w->quarantine = open_quarantine(w->host.files, w->inputs.home, w->services);
  peers::Identity& id = w->identity;
  id.chain_id = w->chain_id;
  id.chain_name = genesis.chain_name;
  id.moniker = w->inputs.config.moniker;
  id.software = w->inputs.software;
  id.listen_port = w->inputs.config.p2p.laddr.port;
  id.tip = [stores = &w->stores] { return stores->height().get(); };
  // A session's claim of the seat is optional, and a signer signs proposals and votes only.
  if (w->self && !w->remote_signer) id.validator_key = w->inputs.consensus_key->clone();
  return w;
}

Status Wiring::find_self() {
  if (!inputs.config.signer.address.empty()) return use_remote_signer();
  if (inputs.consensus_key) self = validators->index_of(inputs.consensus_key->public_key());
  return {};
}

// Such a node is meant to go on whatever is proved against it.
bool Wiring::misbehaves() const {
  return inputs.interposer != nullptr && inputs.interposer->misbehaves();
}

// S16, before there is anything that could sign; the evidence actor looks again at what the ledger
// finds when it opens.
Status Wiring::refuse_own_proof() {
  if (!self || misbehaves()) return {};
  WITAN_TRY(const auto proofs, evidence::proofs_against(*self, *stores.index, stores.blocks.get()));
  if (proofs.empty()) return {};
  const EvidenceKey& key = proofs.front().key;
  WITAN_TRY_VOID(evidence::raise_alarm(*stores.index, proofs.front()));
  std::string text = evidence::advice_about(key);
  log_event(
      services.log, Event::own_double_sign,
      {{"kind", name_of(key.kind)}, {"height", key.height}, {"round", key.round}, {"text", text}});
  return fail(ErrorCode::sign_conflict, "index.db", std::move(text));
}

Status Wiring::use_remote_signer() {
  const SignerConfig& config = inputs.config.signer;
  if (inputs.consensus_key)
    return fail(ErrorCode::config, "signer.address",
                "a signer process is to hold the validator's key, but config/consensus_key.json is "
                "here, too: move it to the signer's home, with data/sign_state and data/wal "
                "(docs/runbooks/remote-signer.md)");
  WITAN_TRY(SignerAddress address, parse_signer_address(config.address));
  WITAN_TRY(const NodeId signer_id, fixed_from_hex<NodeId>(config.public_key, "signer.public_key"));
  WITAN_TRY(const PublicKey key,
            fixed_from_hex<PublicKey>(config.validator_key, "signer.validator_key"));
  self = validators->index_of(key);
  if (!self)
    return fail(ErrorCode::config, "signer.validator_key",
                config.validator_key + " is not a validator of this chain's genesis");
  RemoteSigner::Options options{
      .address = std::move(address),
      .signer = signer_id,
      .validator = key,
      .chain_id = chain_id,
      .node_key = inputs.node_key.clone(),
      .timeout = ms(config.timeout_ms),
      .own_commit_height = [this] { return stores.own_commit_height(*self); },
      .services = services,
      .clock = rt::system_clock()};
  WITAN_TRY(remote_signer, RemoteSigner::make(std::move(options)));
  return {};
}

void Wiring::connect(rt::Runtime& runtime) {
  bridge = std::make_unique<peers::TransportBridge>(runtime, *host.transport);
  host.transport->set_events(bridge.get());
}

std::size_t Wiring::verifier_workers() const {
  const auto configured = static_cast<std::size_t>(inputs.config.runtime.verifier_workers);
  return configured != 0 ? configured : host.cores;
}

rt::SupervisorSpec Wiring::tree(rt::Runtime& runtime, std::shared_ptr<EventHub> hub) {
  rt::SupervisorSpec root;
  root.name = "node";
  root.max_restarts = 0;  // a family that gives up ends the process
  root.children.emplace_back(storage());
  root.children.emplace_back(chain());
  root.children.emplace_back(peer_family());
  root.children.emplace_back(api(runtime, std::move(hub)));
  return root;
}

// ---- /node/storage

rt::SupervisorSpec Wiring::storage() const {
  rt::SupervisorSpec group;
  group.name = "storage";
  group.strategy = rt::Strategy::rest_for_one;
  rt::ChildSpec wal;
  wal.name = "wal";
  wal.thread = rt::Thread::own;
  wal.shutdown = Duration::from_s(2);
  wal.factory = [this, salt = random_salt()](rt::ActorContext& context) {
    const HomeLayout& layout = stores.layout;
    consensus::EffectRunnerOptions options{
        .fs = host.files, .wal_folder = layout.wal(), .sign_state_file = layout.sign_state()};
    options.segment_bytes = inputs.config.storage.wal_segment_bytes;
    options.wal_salt = salt;
    options.chain_id = chain_id;
    options.remote = remote_signer;
    if (self && !remote_signer) {
      const auto secret = inputs.consensus_key->secret_bytes();
      options.consensus_key = Bytes(secret.view().begin(), secret.view().end());
    }
    options.remembered_sign_state = [this] {
      return remembered_sign_state(*stores.index, inputs.consensus_key->public_key());
    };
    options.remember_sign_state = [this](const SignMemory& memory) {
      return remember_sign_state(*stores.index, inputs.consensus_key->public_key(), memory);
    };
    options.store_height = [this] { return stores.height(); };
    options.stored_end = [this](Height height) {
      return consensus::stored_end(*stores.blocks, height);
    };
    options.own_commit_height = [this] {
      return self ? stores.own_commit_height(*self) : Height(0);
    };
    return std::make_unique<consensus::EffectRunner>(context, services, std::move(options));
  };
  group.children.emplace_back(std::move(wal));
  return group;
}

// ---- /node/chain

rt::SupervisorSpec Wiring::chain() {
  rt::SupervisorSpec group;
  group.name = "chain";
  group.strategy = rt::Strategy::rest_for_one;
  group.children.emplace_back(ledger());
  group.children.emplace_back(mempool());
  for (std::size_t i = 0; i < verifier_workers(); ++i) {
    rt::ChildSpec worker;
    worker.name = "verifier/" + std::to_string(i);
    worker.factory = [this, i](rt::ActorContext& context) {
      return std::make_unique<consensus::VerifierActor>(context, services, verifier, i,
                                                        verifier_workers());
    };
    group.children.emplace_back(std::move(worker));
  }
  for (std::size_t i = 0; i < verifier_workers(); ++i) {
    rt::ChildSpec worker;
    worker.name = "transfer_verifier/" + std::to_string(i);
    worker.thread = rt::Thread::background;
    worker.factory = [this](rt::ActorContext& context) {
      return std::make_unique<consensus::TransferVerifier>(context, chain_id);
    };
    group.children.emplace_back(std::move(worker));
  }
  group.children.emplace_back(consensus());
  group.children.emplace_back(sync());
  group.children.emplace_back(evidence());
  return group;
}

rt::ChildSpec Wiring::ledger() {
  rt::ChildSpec child;
  child.name = "ledger";
  child.thread = rt::Thread::own;
  child.shutdown = Duration::from_s(5);
  child.factory = [this, salt = random_salt()](rt::ActorContext& context) {
    ledger::LedgerOptions options;
    options.open_chain = [this, salt] {
      ledger::ChainOptions chain{.genesis = inputs.genesis,
                                 .chain_id = chain_id,
                                 .verifier = verifier,
                                 .blocks = *stores.blocks,
                                 .state = *stores.state};
      chain.index = stores.index.get();
      chain.sync_every_blocks = inputs.config.storage.sync_every_blocks;
      chain.opaque_salt = salt;
      return ledger::Chain::open(std::move(chain));
    };
    options.verifier_workers = verifier_workers();
    options.retain_blocks = inputs.config.storage.retain_blocks;
    options.blocks = stores.blocks.get();
    return std::make_unique<ledger::LedgerActor>(context, services, std::move(options));
  };
  return child;
}

rt::ChildSpec Wiring::consensus() const {
  rt::ChildSpec child;
  child.name = "consensus";
  child.factory = [this](rt::ActorContext& context) {
    const GenesisParams& params = inputs.genesis.params;
    const ConsensusConfig& config = inputs.config.consensus;
    consensus::ConsensusOptions options;
    options.validators = validators;
    options.self = self;
    options.proposers = [this](Height height) {
      return proposer_order(*validators, chain_id, height);
    };
    options.timeouts = consensus::TimeoutParams::from(params);
    options.adaptive_timeouts = config.adaptive_timeouts;
    options.precision = params.precision;
    options.message_delay = params.message_delay;
    options.initial_height = inputs.genesis.initial_height;
    options.create_empty_blocks =
        config.create_empty_blocks && config.create_empty_blocks_interval_ms == 0;
    options.empty_block_interval = ms(config.create_empty_blocks_interval_ms);
    options.block_interval_min = std::max(ms(config.min_block_interval_ms), params.block_time);
    options.observe = ms(config.observe_ms);
    options.verifier_workers = verifier_workers();
    return std::make_unique<consensus::ConsensusActor>(context, services, std::move(options));
  };
  return child;
}

rt::ChildSpec Wiring::mempool() const {
  rt::ChildSpec child;
  child.name = "mempool";
  child.thread = rt::Thread::background;  // a flood of transactions does not delay votes
  child.mailbox.bulk = 256;               // batches of up to 512 KiB
  child.factory = [this](rt::ActorContext& context) {
    const MempoolConfig& config = inputs.config.mempool;
    mempool::MempoolOptions options;
    options.limits.count_max = config.size;
    options.limits.bytes_max = config.max_txs_bytes;
    options.limits.per_sender_max = config.per_sender_max;
    options.limits.fee_min = inputs.genesis.params.fee_min;
    options.limits.opaque_allowed = inputs.genesis.type == ChainType::development;
    options.tx_bytes_max = config.max_tx_bytes;
    options.verifier_workers = verifier_workers();
    return std::make_unique<mempool::MempoolActor>(context, services, std::move(options));
  };
  return child;
}

rt::ChildSpec Wiring::sync() {
  rt::ChildSpec child;
  child.name = "sync";
  child.factory = [this](rt::ActorContext& context) {
    sync::SyncOptions options;
    options.verifier = verifier;
    options.store = stores.blocks.get();
    options.initial_height = inputs.genesis.initial_height;
    return std::make_unique<sync::SyncActor>(context, services, std::move(options));
  };
  return child;
}

rt::ChildSpec Wiring::evidence() {
  rt::ChildSpec child;
  child.name = "evidence";
  child.factory = [this](rt::ActorContext& context) {
    evidence::EvidenceOptions options{.verifier = verifier, .store = *stores.index};
    options.blocks = stores.blocks.get();
    options.self = self;
    options.chain_header = [this](Height height) { return stores.chain_header(height); };
    options.stop_on_own = !misbehaves();
    return std::make_unique<evidence::EvidenceActor>(context, services, std::move(options));
  };
  return child;
}

// ---- /node/peers

rt::SupervisorSpec Wiring::peer_family() {
  const P2pConfig& config = inputs.config.p2p;
  peers::PeersOptions options;
  options.listen = {config.laddr.host, config.laddr.port};
  for (const PeerAddress& peer : config.persistent_peers)
    options.persistent.push_back({peer.id, {peer.address.host, peer.address.port}});
  options.inbound_max = static_cast<std::uint32_t>(config.max_num_inbound_peers);
  options.dial_timeout = ms(config.dial_timeout_ms);
  options.session.verifier_workers = verifier_workers();
  options.session.handshake_timeout = ms(config.handshake_timeout_ms);
  options.session.ping_interval = ms(config.ping_interval_ms);
  options.session.queue.bytes_max = config.send_queue_bytes_max;
  options.session.interposer = inputs.interposer;
  return peers::family(services, *host.transport, identity, std::move(options));
}

// ---- /node/api

rt::SupervisorSpec Wiring::api(rt::Runtime& runtime, std::shared_ptr<EventHub> hub) {
  SourcesOptions options{
      .stores = stores, .runtime = runtime, .metrics = services.metrics, .genesis = inputs.genesis};
  options.chain_id = chain_id;
  options.validators = validators;
  options.self = self;
  options.node_id = identity.node_key.node_id();
  options.moniker = identity.moniker;
  options.software = inputs.software;
  const auto text = [](const SocketAddress& a) { return a.host + ":" + std::to_string(a.port); };
  options.listen_address = text(inputs.config.p2p.laddr);
  options.api_address = text(inputs.config.rpc.laddr);
  options.quorum_peers = quorum_peers();
  options.recorder = recorder;
  auto sources = std::make_shared<NodeSources>(std::move(options));

  rt::SupervisorSpec group;
  group.name = "api";
  rt::ChildSpec query;
  query.name = "query";
  query.thread = rt::Thread::own;  // reads the disk
  query.factory = [sources](rt::ActorContext& context) {
    return std::make_unique<QueryActor>(context, sources);
  };
  group.children.emplace_back(std::move(query));
  rt::ChildSpec events;
  events.name = "events";
  events.factory = [hub](rt::ActorContext& context) {
    return std::make_unique<EventsActor>(context, hub);
  };
  group.children.emplace_back(std::move(events));
  return group;
}

}  // namespace witan::node
