#include "tests/unit/consensus_actor/sim_cluster.hpp"

#include "actors/consensus/transfer_verifier.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/tx_codec.hpp"

namespace witan::test {
namespace {

constexpr std::uint8_t payer = 200;  // key of the account that sends transfers

ChainWorld funded_world(std::uint8_t nodes) {
  ChainWorld out(nodes);
  out.genesis.accounts.push_back({key_number(payer).public_key(), 1'000'000'000});
  out.reset();
  return out;
}

// Names a node to a stage.
NodeId node_id(std::size_t node) {
  return key_number(static_cast<std::uint8_t>(node + 1)).node_id();
}

bool is_decodable(const Envelope& envelope) {
  const WireType* type = find_wire_type(envelope.type);
  return type != nullptr && type->check(*envelope.words).has_value();
}

}  // namespace

SimCluster::SimCluster(const SimOptions& options)
    : options_(options), world_(funded_world(options.nodes)), random_(options.seed) {
  for (std::uint8_t i = 0; i < options.nodes; ++i) {
    auto node = std::make_unique<Node>();
    node->index = i;
    node->key = static_cast<std::uint8_t>(i + 1);
    node->faults = std::make_unique<faults::ActorFaults>(rules_, "n" + std::to_string(i),
                                                         faults::Waiting::held);
    write_new_sign_state(node->fs, world_.chain_id, key_number(node->key).public_key());
    if (options.behaviour != nullptr && options.guilty == i) {
      auto insider = byzantine::Insider::make(world_.genesis, key_number(node->key));
      WITAN_REQUIRE_OK(insider);
      node->stage = std::make_unique<byzantine::Stage>(std::move(*insider), *options.behaviour);
    }
    nodes_.push_back(std::move(node));
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) start(i);
}

SimCluster::~SimCluster() {
  for (const auto& node : nodes_) {
    node->up = false;
    node->runtime.reset();
  }
}

void SimCluster::start(std::size_t index) {
  Node& node = *nodes_[index];
  auto blocks = open_memory(node.disk, "blocks");
  auto state = open_memory(node.disk, "state");
  auto index_kv = open_memory(node.disk, "index");
  BOOST_REQUIRE(blocks.has_value() && state.has_value() && index_kv.has_value());
  node.index_store = std::move(*index_kv);
  auto block_store = BlockStore::open(std::move(*blocks));
  WITAN_REQUIRE_OK(block_store);
  node.blocks = std::move(*block_store);
  auto state_store = StateStore::open(std::move(*state), world_.chain_id);
  WITAN_REQUIRE_OK(state_store);
  node.state = std::move(*state_store);

  auto options = virtual_runtime(options_.seed * 1000 + index * 10 + node.lives++);
  options.end_process = [&node](const rt::ExitStatus& s) {
    if (node.up) node.exits.push_back(s);
    node.up = false;
  };
  options.faults = node.faults.get();
  node.runtime = std::make_unique<rt::Runtime>(std::move(options));
  now_ = std::max(now_, node.runtime->virtual_now());
  node.runtime->advance_to(now_);
  node.up = true;
  node.runtime->start(tree(node));
  node.runtime->drain();
}

void SimCluster::crash(std::size_t index) {
  Node& node = *nodes_[index];
  node.up = false;
  node.fs.crash();
  node.runtime.reset();
  node.blocks.reset();
  node.state.reset();
  node.index_store.reset();
}

faults::RuleId SimCluster::fault(std::string_view rule) {
  const auto ids = rules_.add_text(rule);
  BOOST_TEST_CONTEXT(rule) { WITAN_REQUIRE_OK(ids); }
  return ids->front();
}

rt::ActorStatus SimCluster::actor(std::size_t node, std::string_view path) const {
  for (auto& status : nodes_[node]->runtime->tree())
    if (status.path == path) return status;
  BOOST_FAIL("no actor stands at " << path);
  return {};
}

rt::SupervisorSpec SimCluster::tree(Node& node) {
  const auto hook = [this,
                     &node](void (SimCluster::*member)(Node&, rt::ActorContext&, const Envelope&)) {
    return [this, &node, member](rt::ActorContext& context, const Envelope& envelope) {
      (this->*member)(node, context, envelope);
    };
  };
  rt::ChildSpec ledger;
  ledger.name = "ledger";
  ledger.factory = [this, &node](rt::ActorContext& context) {
    ledger::LedgerOptions options;
    options.open_chain = [this, &node] {
      ledger::ChainOptions chain{.genesis = world_.genesis,
                                 .chain_id = world_.chain_id,
                                 .verifier = world_.verifier,
                                 .blocks = *node.blocks,
                                 .state = *node.state,
                                 .index = node.index_store.get()};
      return ledger::Chain::open(std::move(chain));
    };
    options.verifier_workers = 1;
    return std::make_unique<ledger::LedgerActor>(context, services(), std::move(options));
  };
  rt::ChildSpec verifier;
  verifier.name = "verifier/0";
  verifier.factory = [this](rt::ActorContext& context) {
    return std::make_unique<consensus::VerifierActor>(context, services(), world_.verifier);
  };
  rt::ChildSpec transfers;
  transfers.name = "transfer_verifier/0";
  transfers.factory = [this](rt::ActorContext& context) {
    return std::make_unique<consensus::TransferVerifier>(context, world_.chain_id);
  };
  rt::ChildSpec consensus;
  consensus.name = "consensus";
  consensus.factory = [this, &node](rt::ActorContext& context) {
    auto options = world_.consensus_options(node.key);
    options.adaptive_timeouts = options_.adaptive_timeouts;
    return std::make_unique<consensus::ConsensusActor>(context, services(), std::move(options));
  };
  rt::ChildSpec evidence;
  evidence.name = "evidence";
  evidence.factory = [this, &node](rt::ActorContext& context) {
    evidence::EvidenceOptions options{.verifier = world_.verifier, .store = *node.index_store};
    options.blocks = node.blocks.get();
    options.self = world_.index_of(node.key);
    options.chain_header = [](Height) -> Result<ChainHeader> {
      return fail(ErrorCode::not_found, "height");
    };
    options.stop_on_own =
        !node.stage && !(options_.shameless && options_.double_signer == node.index);
    return std::make_unique<evidence::EvidenceActor>(context, services(), std::move(options));
  };
  const auto stored = [&node] { return node.blocks->last().value_or(Height(0)); };
  return family(
      "node", {family("storage", {runner_child(node.fs, world_, node.key, stored, 16 * 1024)}),
               family("chain", {ledger, tap<MempoolRole>("mempool", hook(&SimCluster::on_mempool)),
                                verifier, transfers, consensus,
                                tap<SyncRole>("sync", hook(&SimCluster::on_sync)), evidence}),
               family("peers", {tap<PeersRole>("peers", hook(&SimCluster::on_peers))})});
}

// ---- the network

void SimCluster::on_peers(Node& node, rt::ActorContext& context, const Envelope& envelope) {
  if (!node.up) return;
  if (envelope.is<schema::Vote>()) {
    const auto vote = read_vote(Received<schema::Vote>(envelope).get());
    BOOST_REQUIRE(vote.has_value());
    node.votes.push_back(*vote);
    if (const auto other = contradiction_of(node, *vote)) {
      Draft<schema::Vote> draft;
      write_vote(*draft, *other);
      const Envelope twice = std::move(draft).seal();
      for (std::size_t to = 0; to < nodes_.size(); ++to)
        if (to != node.index) put_on_the_way(node, to, twice);
    }
  }
  for (std::size_t to = 0; to < nodes_.size(); ++to) {
    if (to == node.index) continue;
    if (!node.stage) {
      put_on_the_way(node, to, envelope);
      continue;
    }
    peers::Interposer::Departures departures;
    node.stage->on_leaving({0, node_id(to)}, envelope, context.now(), departures);
    put_on_the_way(node, to, departures);
  }
}

void SimCluster::put_on_the_way(const Node& from, std::size_t to, const Envelope& envelope) {
  if (random_.chance_permille(options_.loss_permille)) return;
  const auto us = static_cast<std::int64_t>(
      1 + random_.below(static_cast<std::uint64_t>(options_.delay_max.ns / 1000)));
  Instant arrival = from.runtime->virtual_now() + Duration::from_us(us);
  if (options_.in_order) {
    Instant& last = last_arrival_[{from.index, to}];
    arrival = last = std::max(last, arrival);
  }
  packets_.emplace(std::pair{arrival, next_packet_++}, Packet{from.index, to, envelope});
}

void SimCluster::put_on_the_way(const Node& from, std::size_t to,
                                const peers::Interposer::Departures& departures) {
  for (const peers::Interposer::Departure& d : departures) {
    if (d.packet.empty())
      put_on_the_way(from, to, d.envelope);
    else
      ++undecodable_;  // there is no framing here
  }
}

void SimCluster::tick_stages() {
  next_tick_ = now_ + peers::interposer_period;
  for (const auto& node : nodes_) {
    if (!node->up || !node->stage) continue;
    for (std::size_t to = 0; to < nodes_.size(); ++to) {
      if (to == node->index) continue;
      peers::Interposer::Departures departures;
      peers::Interposer::Arrivals arrivals;
      node->stage->on_tick({0, node_id(to)}, now_, departures, arrivals);
      put_on_the_way(*node, to, departures);
    }
  }
}

std::optional<SignedVote> SimCluster::contradiction_of(const Node& node,
                                                       const SignedVote& vote) const {
  if (options_.double_signer != node.index || vote.vote.height.get() % 3 != 0) return std::nullopt;
  if (vote.vote.validator != world_.index_of(node.key)) return std::nullopt;  // repeated for others
  BlockId other{};
  other.data.fill(0x77);
  return world_.vote(node.key, vote.vote.type, vote.vote.height, vote.vote.round, other);
}

void SimCluster::submit_evidence(std::size_t index, const Evidence& evidence) {
  Node& node = *nodes_[index];
  const Bytes bytes = encode_evidence(evidence);
  Draft<schema::EvidenceBatch> batch(bytes.size() / 8 + 16);
  batch->initItems(1).set(0, as_data(ByteView(bytes)));
  (void)node.runtime->ref<EvidenceRole>(EvidenceRole::path).send(std::move(batch));
  node.runtime->drain();
}

void SimCluster::deliver(const Packet& packet) {
  Node& node = *nodes_[packet.to];
  if (!node.up) return;
  const Envelope& e = packet.envelope;
  // Shown its own other votes, a node ends (S11); the shameless one does not look.
  if (options_.shameless && options_.double_signer == packet.to && e.is<schema::Vote>() &&
      Received<schema::Vote>(e)->getValidator() == world_.index_of(node.key))
    return;
  if (node.stage && !node.stage->lets_in(e)) return;
  if (!nodes_[packet.from]->stage || is_decodable(e)) return route(node, e);
  ++undecodable_;
}

// What the session does with a message that was let in.
void SimCluster::route(Node& node, const Envelope& e) {
  const auto verifier = node.runtime->ref<VerifierRole>("/node/chain/verifier/0");
  if (e.is<schema::Vote>()) (void)verifier.send<schema::Vote>(e);
  if (e.is<schema::Proposal>()) (void)verifier.send<schema::Proposal>(e);
  if (e.is<schema::BlockPart>()) (void)verifier.send<schema::BlockPart>(e);
  if (e.is<schema::Certificate>()) (void)verifier.send<schema::Certificate>(e);
  if (e.is<schema::RoundCertificate>()) (void)verifier.send<schema::RoundCertificate>(e);
  if (e.is<schema::RoundStatus>())
    (void)node.runtime->ref<ConsensusRole>(ConsensusRole::path).send<schema::RoundStatus>(e);
  if (e.is<schema::EvidenceBatch>())
    (void)node.runtime->ref<EvidenceRole>(EvidenceRole::path).send<schema::EvidenceBatch>(e);
  node.runtime->drain();
}

// One moment in which something happens; false: nothing does before the limit.
bool SimCluster::step(Instant limit) {
  std::optional<Instant> next;
  const auto consider = [&next](Instant t) { next = next ? std::min(*next, t) : t; };
  if (!packets_.empty()) consider(packets_.begin()->first.first);
  if (options_.behaviour != nullptr) consider(next_tick_);
  for (const auto& node : nodes_)
    if (node->up)
      if (const auto due = node->runtime->next_due()) consider(*due);
  if (!next || *next > limit) return false;
  now_ = std::max(now_, *next);
  for (const auto& node : nodes_)
    if (node->up) node->runtime->advance_to(now_);
  if (options_.behaviour != nullptr && next_tick_ <= now_) tick_stages();
  while (!packets_.empty() && packets_.begin()->first.first <= now_) {
    const Packet packet = packets_.extract(packets_.begin()).mapped();
    deliver(packet);
  }
  return true;
}

bool SimCluster::run_until(Height target, Duration limit) {
  const Instant end = now_ + limit;
  const auto done = [&] {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i]->up && is_correct(i) && height(i) < target) return false;
    return true;
  };
  while (!done())
    if (!step(end)) return false;
  return true;
}

// ---- stand-ins

void SimCluster::on_mempool(Node& node, rt::ActorContext& context, const Envelope& envelope) {
  if (envelope.is<schema::Reap>()) {
    context.reply(envelope, reap(node, Received<schema::Reap>(envelope)->getHeight()));
  } else if (envelope.is<schema::KnownTransactions>()) {
    Draft<schema::KnownReply> reply;  // none is known: the verifiers have to check
    reply->initKnown(static_cast<kj::uint>(
        Received<schema::KnownTransactions>(envelope)->getIds().size() / limits::hash_bytes));
    context.reply(envelope, std::move(reply));
  } else if (envelope.is<schema::TransactionsCommitted>()) {
    const Received<schema::TransactionsCommitted> in(envelope);
    for (kj::uint i = 0; i < in->getNonces().size(); ++i)
      if (AccountId::from(as_view(in->getSenders()).subspan(i * std::size_t{32}, 32)) ==
          key_number(payer).public_key())
        node.nonce = in->getNonces()[i];
  }
}

Draft<schema::Reaped> SimCluster::reap(Node& node, std::uint64_t height) {
  Transfer transfer;
  transfer.from = key_number(payer).public_key();
  transfer.to = key_number(1).public_key();
  transfer.amount = 5;
  transfer.fee = world_.genesis.params.fee_min;
  transfer.nonce = node.nonce;
  transfer.signature = key_number(payer).sign(transfer_hash(world_.chain_id, transfer).view());
  const Opaque opaque{Height(height + 10),
                      Bytes{node.key, static_cast<std::uint8_t>(height), 1, 2, 3}};
  Bytes blob;
  Bytes ids;
  for (const Bytes& tx : {encode(Transaction(transfer)), encode(Transaction(opaque))}) {
    append_item(blob, tx);
    append(ids, tx_id(tx).view());
  }
  Draft<schema::Reaped> out(128);
  out->setTransactions(as_data(ByteView(blob)));
  out->setIds(as_data(ByteView(ids)));
  return out;
}

void SimCluster::on_sync(Node& node, rt::ActorContext& context, const Envelope& envelope) {
  if (envelope.is<schema::BlockCommitted>()) {
    const Received<schema::BlockCommitted> in(envelope);
    const auto root = Hash32::from(as_view(in->getStateRoot()));
    const auto [it, added] = node.roots.emplace(in->getHeight(), root);
    node.commits.emplace(in->getHeight(), context.now());
    BOOST_CHECK(added || it->second == root);
  }
  if (node.up && (envelope.is<schema::PeerAhead>() || envelope.is<schema::BlockCommitted>()))
    feed_next_block(node, context);
}

// Block sync in its shortest form: the next block, if some other node has it.
void SimCluster::feed_next_block(Node& node, rt::ActorContext& context) {
  const Height wanted = height(node.index) + 1;
  for (const auto& other : nodes_) {
    if (other->index == node.index || !other->up || height(other->index) < wanted) continue;
    const StoredBlock found = block(other->index, wanted);
    const auto raw = other->blocks->certificate_at(wanted);
    BOOST_REQUIRE(raw.has_value());
    const auto certificate = decode_certificate(*raw);
    BOOST_REQUIRE(certificate.has_value());
    Draft<schema::SyncedDecision> out(found.block.size() / 8 + 256);
    out->setBytes(as_data(ByteView(found.block)));
    write_certificate(out->initCertificate(), *certificate);
    (void)context.ref<ConsensusRole>(ConsensusRole::path).send(std::move(out));
    ++synced_blocks_;
    return;
  }
}

// ---- questions

Height SimCluster::height(std::size_t node) const {
  return nodes_[node]->blocks ? nodes_[node]->blocks->last().value_or(Height(0)) : Height(0);
}

StoredBlock SimCluster::block(std::size_t node, Height at) const {
  auto found = nodes_[node]->blocks->block_at(at);
  WITAN_REQUIRE_OK(found);
  return std::move(*found);
}

}  // namespace witan::test
