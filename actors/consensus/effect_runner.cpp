#include "actors/consensus/effect_runner.hpp"

#include <tuple>

#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {
namespace {
// Pruning looks at whole segments: doing it for every height would only cost.
constexpr std::uint64_t prune_every_heights = 64;
// A disk that takes this long for one sync costs rounds.
constexpr Duration slow_sync = Duration::from_ms(100);

// How often a remote signer is looked after: shown life, dialled again, asked again.
constexpr Duration signer_period = Duration::from_ms(100);
// Wishes that wait for it; the oldest go, being of rounds long past.
constexpr std::size_t waiting_max = 64;

auto position_of(const SignRecord& record) {
  return std::tuple(record.height, record.round, step_of(record.kind));
}

}  // namespace

Result<std::optional<HeightEndRecord>> stored_end(const BlockStore& blocks, Height height) {
  const auto stored = blocks.block_at(height);
  if (!stored && stored.error().code == ErrorCode::pruned) return std::optional<HeightEndRecord>{};
  if (!stored) return fail(stored.error());
  const auto block = decode_block(stored->block);
  if (!block) return fail(ErrorCode::corrupt, "blocks.db", block.error().to_string());
  return std::optional(HeightEndRecord{stored->id, block->header.state_root});
}

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
  own<schema::SignerTick>(&EffectRunner::on_signer_tick);
}

void EffectRunner::started() {
  require(open(), "opening the log");
  if (options_.remote) context().send_after(signer_period, Draft<schema::SignerTick>());
}

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
  log_.reset();
  recovered_.clear();
  recovered_old_ = false;
  newest_.reset();
  std::optional<std::pair<Height, HeightEndRecord>> last_end;
  const Height stored = options_.store_height();
  const WalVisitor visit = [&](const WalRecord& record) -> Status {
    Bytes payload(record.payload.begin(), record.payload.end());
    const auto kind = static_cast<RecordKind>(record.kind);
    if (options_.remote && kind == RecordKind::sign) {
      WITAN_TRY(SignRecord own, decode_sign_record(payload));
      if (own.kind != SignedKind::watermark) newest_ = std::move(own);
    }
    if (kind == RecordKind::height_end && record.height <= stored) {
      const auto end = decode_height_end_record(record.payload);
      if (!end) return fail(ErrorCode::corrupt, "wal.height_end", end.error().to_string());
      last_end.emplace(record.height, *end);
    }
    if (record.height > stored) recovered_.push_back({kind, record.height, std::move(payload)});
    return {};
  };
  SigningLogOptions log{.fs = options_.fs,
                        .wal_folder = options_.wal_folder,
                        .sign_state_file = options_.sign_state_file};
  log.segment_bytes = options_.segment_bytes;
  log.wal_salt = options_.wal_salt;
  log.chain_id = options_.chain_id;
  if (options_.consensus_key) {
    WITAN_TRY(log.key, SecretKey::from_bytes(*options_.consensus_key));
  }
  log.store_height = stored;
  log.own_commit_height = options_.own_commit_height();
  log.remembered = options_.remembered_sign_state;
  log.remember = options_.remember_sign_state;
  log.log_read = [this, &last_end]() -> Status {
    return last_end ? check_end(last_end->first, last_end->second) : Status{};
  };
  WITAN_TRY(log_, SigningLog::open(std::move(log), visit));
  wal_ = &log_->wal();
  signer_ = log_->signer();
  if (const auto& cut = wal_->cut_tail())
    log_event(services_.log, Event::wal_tail_cut,
              {{"path", options_.wal_folder.string()},
               {"segment", cut->segment},
               {"offset", cut->offset},
               {"text", cut->text}});
  log_event(
      services_.log, Event::wal_opened,
      {{"path", options_.wal_folder.string()}, {"height", stored}, {"records", recovered_.size()}});
  if (signer_ != nullptr)
    log_event(services_.log, Event::key_loaded, {{"public_key", signer_->public_key()}});
  if (!options_.remote) return {};
  options_.remote->close();  // so that it says again what it has signed last
  const Status polled = poll_remote(true);
  recovered_old_ = false;
  return polled;
}

// S18: the log remembers which block a height ended with and in which state. Stores that say
// something else are of another life of this chain, or computed something else.
Status EffectRunner::check_end(Height height, const HeightEndRecord& logged) const {
  if (!options_.stored_end) return {};
  WITAN_TRY(const auto stored, options_.stored_end(height));
  if (!stored || *stored == logged) return {};  // pruned: nothing to compare with
  return fail(ErrorCode::state_root_mismatch, "blocks.db",
              "height " + std::to_string(height.get()) + " is block " +
                  to_hex(stored->block_id).substr(0, 16) + " with state " +
                  to_hex(stored->state_root).substr(0, 16) +
                  " there, but the log remembers block " + to_hex(logged.block_id).substr(0, 16) +
                  " with state " + to_hex(logged.state_root).substr(0, 16) +
                  ": the databases and the log do not belong together; restore both from one copy");
}

void EffectRunner::on_get_recovery(schema::GetRecovery::Reader ask, const Envelope& envelope) {
  // A restarted consensus actor, or the first one to ask an actor that was itself restarted under a
  // running one: own signatures it does not get here it would contradict (P8).
  if (recovered_old_) require(open(), "reading the log again");
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
  recovered_old_ = true;
}

Status EffectRunner::append_record(std::uint8_t kind, Height height, ByteView payload) {
  recovered_old_ = true;
  return wal_->append(kind, height, payload);
}

// ---- the batch

namespace {
// Of a proposal that was made in an earlier round; others bring none.
std::optional<Certificate> polka_of(schema::Persist::Reader batch, const SignRecord& record) {
  if (record.kind != SignedKind::proposal) return std::nullopt;
  for (const auto intent : batch.getIntents()) {
    if (intent.getKind() != static_cast<std::uint8_t>(record.kind) ||
        intent.getHeight() != record.height.get() || intent.getRound() != record.round.get())
      continue;
    auto polka = read_polka(intent);
    WITAN_CHECK(polka.has_value());
    return std::move(*polka);
  }
  return std::nullopt;
}
}  // namespace

void EffectRunner::on_persist(schema::Persist::Reader batch, const Envelope&) {
  if (options_.remote) return require(persist_remote(batch), "the log of a remote signer's node");
  auto prepared = append(batch);
  if (!prepared) require(fail(prepared.error()), "appending to the log");
  if (batch.getSync() || batch.getIntents().size() > 0) sync();
  for (const Prepared& item : *prepared)
    publish(signer_->confirm(item), polka_of(batch, item.content()));
  prune(batch);
}

void EffectRunner::prune(schema::Persist::Reader batch) {
  if (batch.getPruneBelow() < pruned_below_ + prune_every_heights) return;
  pruned_below_ = batch.getPruneBelow();
  require(wal_->prune_below(Height(pruned_below_)), "pruning the log");
}

Status EffectRunner::append_records(schema::Persist::Reader batch) {
  const Height height(batch.getHeight());
  for (const auto record : batch.getRecords())
    WITAN_TRY_VOID(append_record(record.getKind(),
                                 record.getHeight() == 0 ? height : Height(record.getHeight()),
                                 as_view(record.getPayload())));
  return {};
}

Result<std::vector<Prepared>> EffectRunner::append(schema::Persist::Reader batch) {
  WITAN_TRY_VOID(append_records(batch));
  std::vector<Prepared> prepared;
  for (const auto intent : batch.getIntents()) {
    WITAN_TRY(auto item, sign(intent, Height(batch.getHeight())));
    if (item) prepared.push_back(std::move(*item));
  }
  return prepared;
}

// Nothing when the rules refuse: that is said, and the batch goes on.
Result<std::optional<Prepared>> EffectRunner::sign(schema::SignIntent::Reader reader,
                                                   Height height) {
  WITAN_CHECK(signer_ != nullptr);
  const auto intent = read_intent(reader);
  WITAN_CHECK(intent.has_value());
  auto prepared = signer_->prepare(*intent);
  if (!prepared) {
    refuse(*intent, prepared.error());
    return std::optional<Prepared>{};
  }
  if (!prepared->record().empty())
    WITAN_TRY_VOID(
        append_record(static_cast<std::uint8_t>(RecordKind::sign), height, prepared->record()));
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

// ---- a signer elsewhere

Status EffectRunner::persist_remote(schema::Persist::Reader batch) {
  WITAN_TRY_VOID(append_records(batch));
  for (const auto reader : batch.getIntents()) {
    auto intent = read_intent(reader);
    auto polka = read_polka(reader);
    WITAN_CHECK(intent.has_value() && polka.has_value());
    while (!waiting_.empty() &&
           (waiting_.front().intent.height < intent->height || waiting_.size() >= waiting_max))
      waiting_.pop_front();
    waiting_.push_back({std::move(*intent), std::move(*polka)});
  }
  if (batch.getSync() || batch.getIntents().size() > 0) sync();
  WITAN_TRY_VOID(sign_waiting());
  prune(batch);
  return {};
}

Status EffectRunner::sign_waiting() {
  while (!waiting_.empty()) {
    const Wish& wish = waiting_.front();
    // The signer remembers the newest round only: records of older ones are durable here first.
    const bool new_round =
        newest_ && (newest_->height != wish.intent.height || newest_->round != wish.intent.round);
    if (new_round && wal_->pending_bytes() > 0) sync();
    auto prepared = options_.remote->prepare(wish.intent, wish.polka ? &*wish.polka : nullptr);
    if (!prepared && may_ask_again(prepared.error().code)) return {};
    if (prepared) {
      WITAN_TRY_VOID(keep_remote_record(prepared->content()));
      publish(options_.remote->confirm(*prepared), wish.polka);
    } else {
      refuse(wish.intent, prepared.error());
    }
    waiting_.pop_front();
  }
  return {};
}

Status EffectRunner::keep_remote_record(const SignRecord& record) {
  if (newest_ && position_of(record) <= position_of(*newest_)) return {};  // sent again
  newest_ = record;
  return append_record(static_cast<std::uint8_t>(RecordKind::sign), record.height, encode(record));
}

// What the signer made for us and we never wrote down: the process died, or the answer was lost.
Status EffectRunner::poll_remote(bool opening) {
  for (const SignRecord& record : options_.remote->poll(newest_)) {
    if (newest_ && position_of(record) <= position_of(*newest_)) continue;
    WITAN_TRY_VOID(keep_remote_record(record));
    if (!opening) {
      publish(options_.remote->message_of(record), std::nullopt);
    } else if (record.height > options_.store_height()) {
      recovered_.push_back({RecordKind::sign, record.height, encode(record)});
    }
  }
  return {};
}

void EffectRunner::on_signer_tick(schema::SignerTick::Reader, const Envelope&) {
  context().send_after(signer_period, Draft<schema::SignerTick>());
  require(poll_remote(false), "the log of a remote signer's node");
  require(sign_waiting(), "the log of a remote signer's node");
}

// ---- the only ways a signature leaves the node (S3)

void EffectRunner::publish(const DurableMessage& message, const std::optional<Certificate>& polka) {
  if (const auto* proposal = std::get_if<Durable<SignedProposal>>(&message))
    return publish(*proposal, polka);
  publish(std::get<Durable<SignedVote>>(message));
}

void EffectRunner::publish(const Durable<SignedVote>& vote) {
  const Vote& v = vote.get().vote;
  context().in_trace(vote_trace(v.type, v.height.get(), v.round.get(), v.validator), [&] {
    Draft<schema::Vote> to_peers;
    write_vote(*to_peers, vote.get());
    (void)peers_.send(std::move(to_peers));
    Draft<schema::OwnVote> to_consensus;
    write_vote(to_consensus->initVote(), vote.get());
    (void)consensus_.send(std::move(to_consensus));
  });
}

// A re-proposal goes out with the polka it leans on: who lacks it can prevote at once.
void EffectRunner::publish(const Durable<SignedProposal>& proposal,
                           const std::optional<Certificate>& polka) {
  Draft<schema::Proposal> to_peers(64 + (polka ? polka->signatures.size() * 10 : 0));
  write_proposal(*to_peers, proposal.get());
  if (polka) write_certificate(to_peers->initPolka(), *polka);
  const Proposal& p = proposal.get().proposal;
  context().in_trace(proposal_trace(p.height.get(), p.round.get()), [&] {
    (void)peers_.send(std::move(to_peers));
    Draft<schema::OwnProposal> to_consensus;
    write_proposal(to_consensus->initProposal(), proposal.get());
    (void)consensus_.send(std::move(to_consensus));
  });
}

void EffectRunner::refuse(const Intent& intent, const Error& error) {
  Draft<schema::SignRefused> refused(128);
  write_intent(refused->initIntent(), intent);
  refused->setRemote(options_.remote != nullptr);
  auto failure = refused->initFailure();
  failure.setCode(std::string(name_of(error.code)));
  failure.setField(error.field);
  failure.setText(error.text);
  (void)consensus_.send(std::move(refused));
}

// S16: whoever has our signature and not our memory of it ends this node before it signs more; a
// signer process stops signing.
void EffectRunner::on_own_seen(schema::OwnSeen::Reader seen, const Envelope&) {
  if (signer_ == nullptr && !options_.remote) return;
  const auto value = read_value(seen.getValue(), "value");
  WITAN_CHECK(value.has_value());
  const SignClaim claim{static_cast<SignedKind>(seen.getKind()), Height(seen.getHeight()),
                        Round(seen.getRound()), *value};
  if (signer_ != nullptr) return require(signer_->check_claim(claim), "own signature from a peer");
  if (const Status known = options_.remote->check_claim(claim); !known)
    log_event(services_.log, Event::sign_conflict,
              {{"height", claim.height}, {"round", claim.round}, {"text", known.error().text}});
}

void EffectRunner::on_raise_watermark(schema::RaiseWatermark::Reader raise, const Envelope&) {
  const Height height(raise.getHeight());
  if (options_.remote) {
    while (!waiting_.empty() && waiting_.front().intent.height <= height) waiting_.pop_front();
    (void)options_.remote->raise_watermark(height, round_all);
    return;
  }
  if (signer_ == nullptr) return;
  const auto record = signer_->raise_watermark(height);
  if (!record || record->empty()) return;  // it stands there already, or higher
  require(append_record(static_cast<std::uint8_t>(RecordKind::sign), height, *record),
          "appending the watermark");
}

}  // namespace witan::consensus
