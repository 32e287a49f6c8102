#include "tests/unit/consensus_actor/fault_node.hpp"

#include "actors/consensus/transfer_verifier.hpp"
#include "actors/evidence/evidence_actor.hpp"
#include "actors/ledger/core/evidence_rules.hpp"
#include "actors/ledger/rollback.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/tx_codec.hpp"

namespace witan::test {
namespace {
constexpr std::uint8_t payer = 200;
constexpr Duration patience = Duration::from_s(120);
}  // namespace

ChainWorld lone_world() {
  ChainWorld out(1);
  out.genesis.accounts.push_back({key_number(payer).public_key(), 1'000'000'000});
  out.reset();
  return out;
}

FaultNode::FaultNode(const ChainWorld& world, std::uint64_t segment_bytes,
                     std::uint64_t sync_every_blocks)
    : world_(world), segment_bytes_(segment_bytes), sync_every_blocks_(sync_every_blocks) {
  write_new_sign_state(files_, world_.chain_id, key_number(1).public_key());
}

void FaultNode::stop_hard() {
  const bool powered = plan_.powered();
  plan_.lose_power();  // a killed process closes nothing in an orderly way
  runtime_.reset();
  blocks_.reset();
  state_.reset();
  index_.reset();
  if (powered) plan_.restore_power();
  files_.clear_faults();
}

void FaultNode::power_failure(const Survivors& survivors) {
  plan_.lose_power();
  stop_hard();
  blocks_disk_.crash(survivors.blocks);
  state_disk_.crash(survivors.state);
  index_disk_.crash(survivors.index);
  files_.crash_keeping(survivors.file_bytes ? files_.unsynced_bytes() : 0);
  plan_.clear();
}

void FaultNode::set_databases(const Databases& from) {
  const auto put = [](MapDisk& disk, const std::map<Bytes, Bytes>& content) {
    disk.visible = disk.durable = content;
    disk.unsynced.clear();
  };
  put(blocks_disk_, from.blocks);
  put(state_disk_, from.state);
  put(index_disk_, from.index);
}

FaultNode::Image FaultNode::image() {
  Image out{{}, databases(), remembered_, said_, acknowledged_, now_};
  const auto keep = [&](const FilePath& path) {
    auto content = read_whole(files_, path, 1U << 30U);
    WITAN_REQUIRE_OK(content);
    out.files.emplace(path.string(), std::move(*content));
  };
  const auto names = files_.list(wal_folder);
  WITAN_REQUIRE_OK(names);
  for (const std::string& name : *names) keep(wal_folder / name);
  keep(sign_state_file);
  return out;
}

void FaultNode::set_image(const Image& from) {
  for (const auto& [path, content] : from.files) {
    auto file = files_.open(path, OpenMode::create);
    WITAN_REQUIRE_OK(file);
    WITAN_REQUIRE_OK((*file)->write_at(0, content));
    WITAN_REQUIRE_OK((*file)->sync());
  }
  WITAN_REQUIRE_OK(files_.sync_directory(wal_folder));
  WITAN_REQUIRE_OK(files_.sync_directory(sign_state_file.parent_path()));
  set_databases(from.databases);
  remembered_ = from.remembered;
  said_ = from.said;
  acknowledged_ = from.acknowledged;
  now_ = from.now;
  lives_ = 1;
}

bool FaultNode::live(Height target) {
  exit_code_.reset();
  exit_reason_.clear();
  stalled_ = false;
  height_ = Height(0);
  const auto ended = [this](const Error& error) {
    exit_code_ = static_cast<int>(exit_code_for(error.code));
    exit_reason_ = error.to_string();
    return false;
  };
  auto blocks = BlockStore::open(std::make_unique<MapKv>(blocks_disk_, plan_, "blocks.db"));
  if (!blocks) return ended(blocks.error());
  blocks_ = std::move(*blocks);
  auto state =
      StateStore::open(std::make_unique<MapKv>(state_disk_, plan_, "state.db"), world_.chain_id);
  if (!state) return ended(state.error());
  state_ = std::move(*state);
  index_ = std::make_unique<MapKv>(index_disk_, plan_, "index.db");
  // As the node does: a state ahead of the blocks is rolled back or built again.
  const Status settled =
      ledger::settle_stores(*blocks_, *state_, *index_, world_.genesis.initial_height, [&] {
        state_.reset();
        state_disk_.visible.clear();
        state_disk_.durable.clear();
        state_disk_.unsynced.clear();
        auto opened = StateStore::open(std::make_unique<MapKv>(state_disk_, plan_, "state.db"),
                                       world_.chain_id);
        if (opened) state_ = std::move(*opened);
        return opened ? Status{} : Status(fail(opened.error()));
      });
  if (!settled) return ended(settled.error());

  auto options = virtual_runtime(100 + lives_++);
  options.end_process = [this](const rt::ExitStatus& s) {
    if (!exit_code_) {
      exit_code_ = s.code;
      exit_reason_ = s.reason;
    }
  };
  runtime_ = std::make_unique<rt::Runtime>(std::move(options));
  now_ = std::max(now_, runtime_->virtual_now());
  runtime_->advance_to(now_);
  runtime_->start(tree());
  if (claims_) send_claims();
  runtime_->drain();
  return go_on([&] { return height_ >= target; });
}

bool FaultNode::go_on(const std::function<bool()>& done) {
  const Instant end = now_ + patience;
  while (alive() && !done()) {
    const auto due = runtime_->next_due();
    if (!due || *due > end) {
      stalled_ = true;
      return false;
    }
    now_ = std::max(now_, *due);
    runtime_->advance_to(now_);
  }
  return alive();
}

rt::SupervisorSpec FaultNode::tree() {
  rt::ChildSpec ledger;
  ledger.name = "ledger";
  ledger.factory = [this](rt::ActorContext& context) {
    ledger::LedgerOptions options;
    options.open_chain = [this] {
      return ledger::Chain::open(ledger::ChainOptions{.genesis = world_.genesis,
                                                      .chain_id = world_.chain_id,
                                                      .verifier = world_.verifier,
                                                      .blocks = *blocks_,
                                                      .state = *state_,
                                                      .index = index_.get(),
                                                      .sync_every_blocks = sync_every_blocks_});
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
  consensus.factory = [this](rt::ActorContext& context) {
    return std::make_unique<consensus::ConsensusActor>(context, services(),
                                                       world_.consensus_options(1));
  };
  rt::ChildSpec evidence;
  evidence.name = "evidence";
  evidence.factory = [this](rt::ActorContext& context) {
    evidence::EvidenceOptions options{.verifier = world_.verifier, .store = *index_};
    options.blocks = blocks_.get();
    options.self = world_.index_of(1);
    options.stop_on_own = stop_on_own_;
    return std::make_unique<evidence::EvidenceActor>(context, services(), std::move(options));
  };
  const auto stored = [this] { return blocks_->last().value_or(Height(0)); };
  return family(
      "node",
      {family("storage",
              {runner_child(fs_, world_, 1, stored, segment_bytes_, &remembered_, &blocks_)}),
       family("chain",
              {ledger,
               tap<MempoolRole>(
                   "mempool", [this](rt::ActorContext& c, const Envelope& e) { on_mempool(c, e); }),
               verifier, transfers, consensus,
               tap<SyncRole>("sync",
                             [this](rt::ActorContext&, const Envelope& e) { on_committed(e); }),
               evidence}),
       family("peers", {tap<PeersRole>("peers", [this](rt::ActorContext&, const Envelope& e) {
                on_peers(e);
              })})});
}

// Something leaves the node: here power can be lost as well. False: nothing leaves any more.
bool FaultNode::moment(const char* what) {
  if (!alive()) return false;
  (void)plan_.next(IoKind::moment, what);
  return plan_.powered();
}

void FaultNode::on_peers(const Envelope& envelope) {
  if (envelope.is<schema::Vote>()) {
    const auto vote = read_vote(Received<schema::Vote>(envelope).get());
    WITAN_REQUIRE_OK(vote);
    if (!moment("vote")) return;
    const Vote& v = vote->vote;
    say({v.type == VoteType::prevote ? SignedKind::prevote : SignedKind::precommit, v.height,
         v.round, v.value});
  } else if (envelope.is<schema::Proposal>()) {
    const auto proposal = read_proposal(Received<schema::Proposal>(envelope).get());
    WITAN_REQUIRE_OK(proposal);
    if (!moment("proposal")) return;
    const Proposal& p = proposal->proposal;
    say({SignedKind::proposal, p.height, p.round, p.block_id});
  } else if (envelope.is<schema::EvidenceBatch>()) {
    if (!moment("evidence")) return;
    for (const auto item : Received<schema::EvidenceBatch>(envelope)->getItems()) {
      const auto evidence = decode_evidence(as_view(item));
      WITAN_REQUIRE_OK(evidence);
      told_.insert(key_of(*evidence));
    }
  }
}

void FaultNode::submit(const Evidence& evidence) {
  const Bytes bytes = encode_evidence(evidence);
  Draft<schema::EvidenceBatch> batch(bytes.size() / 8 + 16);
  batch->initItems(1).set(0, as_data(ByteView(bytes)));
  (void)runtime_->ref<EvidenceRole>(EvidenceRole::path).send(std::move(batch));
  runtime_->drain();
}

bool FaultNode::is_charged(const EvidenceKey& key) const {
  const PublicKey& accused = world_.validators->at(key.validator).key;
  const auto value = state_->get(Module::validators, ledger::offence_state_key(accused, key));
  WITAN_REQUIRE_OK(value);
  return value->has_value();
}

void FaultNode::say(const Said& said) {
  const auto [it, added] =
      said_.emplace(std::tuple(said.kind, said.height, said.round), said.value);
  if (added || it->second == said.value) return;
  contradiction_ = "two different messages signed: " + std::string(name_of(said.kind)) +
                   " at height " + std::to_string(said.height.get()) + " round " +
                   std::to_string(said.round.get());
}

void FaultNode::on_committed(const Envelope& envelope) {
  if (!envelope.is<schema::BlockCommitted>() || !moment("committed")) return;
  const Received<schema::BlockCommitted> in(envelope);
  const Acknowledged now{Hash32::from(as_view(in->getBlockId())),
                         Hash32::from(as_view(in->getStateRoot()))};
  const auto [it, added] = acknowledged_.emplace(in->getHeight(), now);
  if (!added && !(it->second == now))
    contradiction_ = "another block acknowledged at height " + std::to_string(in->getHeight());
  height_ = std::max(height_, Height(in->getHeight()));
}

void FaultNode::send_claims() {
  const auto runner = runtime_->ref<EffectRunnerRole>(EffectRunnerRole::path);
  for (const auto& [what, value] : said_) {
    Draft<schema::OwnSeen> seen;
    seen->setKind(static_cast<std::uint8_t>(std::get<0>(what)));
    seen->setHeight(std::get<1>(what).get());
    seen->setRound(std::get<2>(what).get());
    if (value) seen->setValue(as_data(*value));
    (void)runner.send(std::move(seen));
  }
}

void FaultNode::on_mempool(rt::ActorContext& context, const Envelope& envelope) {
  if (envelope.is<schema::Reap>()) {
    const std::uint64_t height = Received<schema::Reap>(envelope)->getHeight();
    Transfer transfer;
    transfer.from = key_number(payer).public_key();
    transfer.to = key_number(1).public_key();
    // Another life would propose another block: the mempool does not survive a restart.
    transfer.amount = 5 + lives_;
    transfer.fee = world_.genesis.params.fee_min;
    transfer.nonce = height - 1;
    transfer.signature = key_number(payer).sign(transfer_hash(world_.chain_id, transfer).view());
    const Bytes tx = encode(Transaction(transfer));
    Bytes blob;
    append_item(blob, tx);
    Draft<schema::Reaped> out(128);
    out->setTransactions(as_data(ByteView(blob)));
    out->setIds(as_data(tx_id(tx)));
    context.reply(envelope, std::move(out));
  } else if (envelope.is<schema::KnownTransactions>()) {
    Draft<schema::KnownReply> reply;
    reply->initKnown(static_cast<kj::uint>(
        Received<schema::KnownTransactions>(envelope)->getIds().size() / limits::hash_bytes));
    context.reply(envelope, std::move(reply));
  }
}

}  // namespace witan::test
