#include "actors/consensus/effect_runner.hpp"

#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/atomic_file.hpp"

namespace witan::consensus {
namespace {
// Pruning looks at whole segments: doing it for every height would only cost.
constexpr std::uint64_t prune_every_heights = 64;
// A disk that takes this long for one sync costs rounds.
constexpr Duration slow_sync = Duration::from_ms(100);

// A damaged sign-state is a matter of signatures (exit code 72), not of a disk to be read again.
tl::unexpected<Error> not_to_be_trusted(Error error) {
  if (error.code == ErrorCode::corrupt || error.code == ErrorCode::wrong_version)
    error.code = ErrorCode::sign_refused;
  return fail(std::move(error));
}

}  // namespace

EffectRunner::EffectRunner(rt::ActorContext& context, Services services,
                           EffectRunnerOptions options)
    : ActorFor(context),
      services_(services),
      options_(std::move(options)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)) {
  handle<schema::Persist>(&EffectRunner::on_persist);
  handle<schema::GetRecovery>(&EffectRunner::on_get_recovery);
  handle<schema::RaiseWatermark>(&EffectRunner::on_raise_watermark);
  handle<schema::OwnSeen>(&EffectRunner::on_own_seen);
}

void EffectRunner::started() { require(open(), "opening the log"); }

void EffectRunner::require(const Status& status, const char* what) {
  if (status) return;
  const Error& error = status.error();
  if (error.code == ErrorCode::wal_damaged)
    log_event(services_.log, Event::wal_damaged,
              {{"path", options_.wal_folder.string()}, {"text", error.to_string()}});
  if (error.code == ErrorCode::sign_state_missing)
    log_event(services_.log, Event::sign_state_missing,
              {{"path", options_.sign_state_file.string()}, {"text", error.text}});
  log_event(services_.log, Event::store_failed,
            {{"path", options_.wal_folder.string()},
             {"code", status.error().code},
             {"text", status.error().to_string()}});
  context().fail_node(status.error().code, std::string(what) + ": " + status.error().to_string());
}

// ---- opening

Status EffectRunner::open() {
  wal_.reset();
  recovered_.clear();
  WITAN_TRY_VOID(options_.fs.create_directories(options_.wal_folder));
  std::vector<Bytes> sign_records;
  const Height stored = options_.store_height();
  const WalVisitor visit = [&](const WalRecord& record) -> Status {
    Bytes payload(record.payload.begin(), record.payload.end());
    const auto kind = static_cast<RecordKind>(record.kind);
    if (kind == RecordKind::sign) sign_records.push_back(payload);
    if (record.height > stored) recovered_.push_back({kind, record.height, std::move(payload)});
    return {};
  };
  WalOptions wal;
  wal.folder = options_.wal_folder;
  wal.chain_id = to_hex(options_.chain_id);
  wal.salt = options_.wal_salt;
  wal.segment_bytes = options_.segment_bytes;
  wal.on_rotate = [this](WalWriter&, std::uint64_t segment) { return write_checkpoint(segment); };
  WITAN_TRY(wal_, WalWriter::open(options_.fs, std::move(wal), visit));
  if (const auto& cut = wal_->cut_tail())
    log_event(services_.log, Event::wal_tail_cut,
              {{"path", options_.wal_folder.string()},
               {"segment", cut->segment},
               {"offset", cut->offset},
               {"text", cut->text}});
  log_event(
      services_.log, Event::wal_opened,
      {{"path", options_.wal_folder.string()}, {"height", stored}, {"records", recovered_.size()}});
  if (!options_.consensus_key) return {};
  // The files, not the records read: a crash may leave the newest segment empty.
  std::optional<WalSegments> segments;
  if (const std::uint64_t last = wal_->segment(); last > 0)
    segments = WalSegments{last - wal_->segment_count() + 1, last};
  return open_signer(sign_records, segments);
}

Status EffectRunner::open_signer(const std::vector<Bytes>& sign_records,
                                 std::optional<WalSegments> segments) {
  WITAN_TRY(SecretKey key, SecretKey::from_bytes(*options_.consensus_key));
  SignRecoveryInput input;
  input.key = key.public_key();
  input.chain_id = options_.chain_id;
  if (options_.fs.exists(options_.sign_state_file)) {
    WITAN_TRY(Bytes file,
              read_whole(options_.fs, options_.sign_state_file, sign_checkpoint_bytes_max));
    input.checkpoint_file = std::move(file);
  }
  input.segments = segments;
  input.records = sign_records;
  input.store_height = options_.store_height();
  input.own_commit_height = options_.own_commit_height();
  if (options_.remembered_sign_state) {
    WITAN_TRY(input.remembered, options_.remembered_sign_state());
  }
  WITAN_TRY(const FolderIdentity here,
            options_.fs.identity(options_.sign_state_file.parent_path()));
  input.place = sign_place(here.host, here.number, here.born_ns);
  auto found = recover_sign_state(input);
  if (!found) return not_to_be_trusted(found.error());
  const bool checkpoint_needed = found->checkpoint_needed;
  WITAN_TRY(Signer signer, Signer::make(std::move(key), std::move(*found)));
  signer_.emplace(std::move(signer));
  WITAN_TRY_VOID(remember(input.remembered));
  signer_->finish_recovery();
  log_event(services_.log, Event::key_loaded, {{"public_key", signer_->public_key()}});
  if (!checkpoint_needed) return {};
  // The sign-state may name a segment only once that is on disk; a new one names itself
  // (on_rotate).
  if (wal_->segment() == 0) return wal_->rotate(options_.store_height() + 1);
  return write_checkpoint(wal_->segment());
}

// Before the first signature, and with every new file: from then on another directory's sign-state
// and an older file are refused here. After the file is written: what is remembered was there.
Status EffectRunner::remember(const std::optional<SignMemory>& known) {
  if (!options_.remember_sign_state || known == signer_->memory()) return {};
  return options_.remember_sign_state(signer_->memory());
}

Status EffectRunner::write_checkpoint(std::uint64_t segment) {
  if (!signer_) return {};
  WITAN_TRY_VOID(
      write_file_atomically(options_.fs, options_.sign_state_file, signer_->checkpoint(segment)));
  return remember(std::nullopt);
}

void EffectRunner::on_get_recovery(schema::GetRecovery::Reader ask, const Envelope& envelope) {
  // A second asking is a restarted consensus actor: the log has grown since it was read.
  if (std::exchange(recovery_served_, true)) require(open(), "reading the log again");
  const Height from(ask.getFromHeight());
  std::size_t bytes = 0;
  std::vector<const LoggedRecord*> wanted;
  for (const LoggedRecord& record : recovered_) {
    if (record.height < from) continue;
    wanted.push_back(&record);
    bytes += record.payload.size() + 32;
  }
  Draft<schema::Recovery> reply(bytes / 8 + 64);
  auto records = reply->initRecords(static_cast<kj::uint>(wanted.size()));
  for (kj::uint i = 0; i < records.size(); ++i) {
    records[i].setKind(static_cast<std::uint8_t>(wanted[i]->kind));
    records[i].setHeight(wanted[i]->height.get());
    records[i].setPayload(as_data(ByteView(wanted[i]->payload)));
  }
  context().reply(envelope, std::move(reply));
  recovered_.clear();
  recovered_.shrink_to_fit();
}

// ---- the batch

void EffectRunner::on_persist(schema::Persist::Reader batch, const Envelope&) {
  auto prepared = append(batch);
  if (!prepared) require(fail(prepared.error()), "appending to the log");
  if (batch.getSync() || batch.getIntents().size() > 0) sync();
  for (const Prepared& item : *prepared)
    std::visit([&](const auto& message) { publish(message, batch); }, signer_->confirm(item));
  if (batch.getPruneBelow() >= pruned_below_ + prune_every_heights) {
    pruned_below_ = batch.getPruneBelow();
    require(wal_->prune_below(Height(pruned_below_)), "pruning the log");
  }
}

Result<std::vector<Prepared>> EffectRunner::append(schema::Persist::Reader batch) {
  const Height height(batch.getHeight());
  for (const auto record : batch.getRecords())
    WITAN_TRY_VOID(wal_->append(record.getKind(), height, as_view(record.getPayload())));
  std::vector<Prepared> prepared;
  for (const auto intent : batch.getIntents()) {
    WITAN_TRY(auto item, sign(intent, height));
    if (item) prepared.push_back(std::move(*item));
  }
  return prepared;
}

// Nothing when the rules refuse: that is said, and the batch goes on.
Result<std::optional<Prepared>> EffectRunner::sign(schema::SignIntent::Reader reader,
                                                   Height height) {
  WITAN_CHECK(signer_.has_value());
  const auto intent = read_intent(reader);
  WITAN_CHECK(intent.has_value());
  auto prepared = signer_->prepare(*intent);
  if (!prepared) {
    refuse(reader, prepared.error());
    return std::optional<Prepared>{};
  }
  if (!prepared->record().empty())
    WITAN_TRY_VOID(
        wal_->append(static_cast<std::uint8_t>(RecordKind::sign), height, prepared->record()));
  return std::optional<Prepared>(std::move(*prepared));
}

void EffectRunner::sync() {
  const Instant begin = context().now();
  require(wal_->sync(), "syncing the log");
  const Duration took = context().now() - begin;
  services_.metrics.wal_fsync.observe(took);
  if (took >= slow_sync)
    log_event(services_.log, Event::disk_slow, {{"ms", static_cast<double>(took.ns) / 1e6}});
}

void EffectRunner::publish(const Durable<SignedVote>& vote, schema::Persist::Reader) {
  Draft<schema::Vote> to_peers;
  write_vote(*to_peers, vote.get());
  (void)peers_.send(std::move(to_peers));
  Draft<schema::OwnVote> to_consensus;
  write_vote(to_consensus->initVote(), vote.get());
  (void)consensus_.send(std::move(to_consensus));
}

// A re-proposal goes out with the polka it leans on: who lacks it can prevote at once.
void EffectRunner::publish(const Durable<SignedProposal>& proposal, schema::Persist::Reader batch) {
  Draft<schema::Proposal> to_peers;
  write_proposal(*to_peers, proposal.get());
  const Proposal& p = proposal.get().proposal;
  for (const auto intent : batch.getIntents())
    if (intent.hasPolka() && intent.getKind() == static_cast<std::uint8_t>(SignedKind::proposal) &&
        intent.getHeight() == p.height.get() && intent.getRound() == p.round.get())
      to_peers->setPolka(intent.getPolka());
  (void)peers_.send(std::move(to_peers));
  Draft<schema::OwnProposal> to_consensus;
  write_proposal(to_consensus->initProposal(), proposal.get());
  (void)consensus_.send(std::move(to_consensus));
}

void EffectRunner::refuse(schema::SignIntent::Reader intent, const Error& error) {
  Draft<schema::SignRefused> refused(128);
  refused->setIntent(intent);
  auto failure = refused->initFailure();
  failure.setCode(std::string(name_of(error.code)));
  failure.setField(error.field);
  failure.setText(error.text);
  (void)consensus_.send(std::move(refused));
}

// S16: whoever has our signature and not our memory of it ends this node before it signs more.
void EffectRunner::on_own_seen(schema::OwnSeen::Reader seen, const Envelope&) {
  if (!signer_) return;
  const auto value = read_value(seen.getValue(), "value");
  WITAN_CHECK(value.has_value());
  require(signer_->state().check_claim({static_cast<SignedKind>(seen.getKind()),
                                        Height(seen.getHeight()), Round(seen.getRound()), *value}),
          "own signature from a peer");
}

void EffectRunner::on_raise_watermark(schema::RaiseWatermark::Reader raise, const Envelope&) {
  if (!signer_) return;
  const auto record = signer_->raise_watermark(Height(raise.getHeight()));
  if (!record || record->empty()) return;  // it stands there already, or higher
  require(
      wal_->append(static_cast<std::uint8_t>(RecordKind::sign), Height(raise.getHeight()), *record),
      "appending the watermark");
}

}  // namespace witan::consensus
