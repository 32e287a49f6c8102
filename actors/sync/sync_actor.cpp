#include "actors/sync/sync_actor.hpp"

#include <utility>

#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::sync {

SyncActor::SyncActor(rt::ActorContext& context, Services services, SyncOptions options)
    : ActorFor(context),
      services_(services),
      options_(std::move(options)),
      server_(*options_.store, options_.serving),
      core_(options_.params, options_.initial_height.get() - 1, context.random().next()),
      verified_{options_.initial_height.get() - 1, {}},
      ledger_(context.ref<LedgerRole>(LedgerRole::path)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)) {
  handle<schema::SyncStatus>(&SyncActor::on_status);
  handle<schema::RangeRequest>(&SyncActor::on_range_request);
  handle<schema::RangeResponse>(&SyncActor::on_range_response);
  handle<schema::BlockCommitted>(&SyncActor::on_committed);
  handle<schema::PeerGone>(&SyncActor::on_peer_gone);
  handle<schema::PeerAhead>(&SyncActor::on_peer_ahead);
  handle<schema::GetSyncState>(&SyncActor::on_get_state);
  own<schema::SyncTick>(&SyncActor::on_tick);
  own<schema::SyncStatusTick>(&SyncActor::on_status_tick);
  own<schema::SyncContinue>(&SyncActor::on_continue);
}

void SyncActor::started() {
  services_.metrics.blocksync_syncing.set_count(0);
  ask_for_tip();
  context().send_after(status_period, Draft<schema::SyncStatusTick>());
}

// ---- where this node is

// Nothing is fetched before the ledger has said where the chain ends: after a restart its stores
// decide, not what this actor remembers.
void SyncActor::ask_for_tip() {
  context().request<schema::ChainTip>(
      ledger_, Draft<schema::GetTip>(), tip_deadline, [this](Result<schema::ChainTip::Reader> tip) {
        if (!tip) return;  // asked again by the status tick
        const std::uint64_t height = tip->getHeight();
        if (height == 0) {
          tip_known_ = true;
          return advance();
        }
        const auto id = fixed_from<BlockId>(as_view(tip->getBlockId()), "block_id");
        WITAN_CHECK(id.has_value(), height);
        set_tip(height, *id);
      });
}

void SyncActor::set_tip(std::uint64_t height, const BlockId& id) {
  tip_known_ = true;
  if (core_.was_handed_over(height)) services_.metrics.blocksync_ingested_blocks.add();
  core_.on_committed(height, context().now());
  if (height >= verified_.height) verified_ = {height, id};
  advance();
}

void SyncActor::on_committed(schema::BlockCommitted::Reader in, const Envelope&) {
  const auto id = fixed_from<BlockId>(as_view(in.getBlockId()), "block_id");
  WITAN_CHECK(id.has_value(), in.getHeight());
  set_tip(in.getHeight(), *id);
}

// ---- peers

void SyncActor::on_status(schema::SyncStatus::Reader in, const Envelope& envelope) {
  if (envelope.sender == 0) return;
  core_.on_claim(envelope.sender, {in.getTip(), in.getBase()});
  advance();
}

void SyncActor::on_peer_ahead(schema::PeerAhead::Reader in, const Envelope&) {
  if (in.getPeer() == 0) return;
  core_.on_ahead(in.getPeer(), in.getHeight());
  advance();
}

void SyncActor::on_peer_gone(schema::PeerGone::Reader in, const Envelope&) {
  core_.on_peer_gone(in.getPeer());
  server_.forget(in.getPeer());
  advance();
}

void SyncActor::on_range_request(schema::RangeRequest::Reader in, const Envelope& envelope) {
  const rt::ActorRef<SessionRole> session(context().sender_of(envelope));
  if (session.empty()) return;
  RangeServer::Served served = server_.serve(envelope.sender, in, context().now());
  if (!served.read)
    log_event(services_.log, Event::store_failed,
              {{"path", "blocks"},
               {"code", served.read.error().code},
               {"text", served.read.error().to_string()}});
  (void)session.send(std::move(served.response));
  // It believes in a height we cannot serve (now): tell it what we have, after the empty answer.
  if (served.blocks == 0) (void)session.send(own_status());
}

void SyncActor::on_range_response(schema::RangeResponse::Reader in, const Envelope& envelope) {
  const PeerId peer = envelope.sender;
  auto blocks = read_blocks(in);
  if (!blocks) {  // sessions have decoded it before; only a broken one gets here
    core_.on_misbehaviour(peer);
    blame(peer, name_of(blocks.error().code), blocks.error().to_string());
    return advance();
  }
  const Judgement judged = core_.on_answer(
      peer, {in.getId(), in.getFirst(), envelope.words->flat_bytes(), std::move(*blocks)},
      context().now());
  if (judged.verdict == Verdict::misbehaved)
    blame(peer, name_of(ErrorCode::malformed), judged.text);
  advance();
}

void SyncActor::blame(PeerId peer, std::string_view code, const std::string& text) {
  Draft<schema::PeerMisbehaved> report(96);
  report->setPeer(peer);
  report->setCode(std::string(code));
  report->setText("block sync: " + text);
  (void)peers_.send(std::move(report));
}

// ---- getting on

void SyncActor::advance() {
  if (!tip_known_) return;
  if (!slice_pending_) verify_slice();
  hand_over();
  send_asks();
  if (!core_.is_busy() || tick_armed_) return;
  tick_armed_ = true;
  Draft<schema::SyncTick> tick;
  tick->setGeneration(++generation_);
  context().send_after(tick_period, std::move(tick));
}

void SyncActor::verify_slice() {
  std::size_t certificates = 0;
  std::size_t signatures = 0;
  while (const Held* held = core_.to_verify()) {
    if (certificates >= slice_certificates || signatures >= slice_signatures) {
      slice_pending_ = true;
      (void)context().send_self(Draft<schema::SyncContinue>());
      return;
    }
    ++certificates;
    WITAN_CHECK(verified_.height == core_.verified_height(), verified_.height);
    const Link* link =
        links_.find(core_.verified_height() + 1, core_.window(), *options_.verifier, signatures);
    if (link == nullptr) signatures += held->block.certificate.signatures.size();
    const auto id = link == nullptr ? check_block(*options_.verifier, verified_, held->block)
                                    : check_linked_block(*options_.verifier, verified_,
                                                         held->block.bytes, *link);
    if (!id) {
      refuse_block(id.error());
      continue;
    }
    if (link != nullptr) core_.replace_certificate(link->certificate);
    core_.set_verified();
    verified_ = {core_.verified_height(), *id};
    services_.metrics.blocksync_latest_block_height.set_count(verified_.height);
  }
}

void SyncActor::refuse_block(const Error& error) {
  const std::uint64_t height = core_.verified_height() + 1;
  const auto peer = core_.refuse();
  log_event(services_.log, Event::sync_bad_block,
            {{"height", height},
             {"peer", peer.value_or(0)},
             {"code", error.code},
             {"text", error.to_string()}});
  if (peer) blame(*peer, name_of(error.code), error.to_string());
}

void SyncActor::hand_over() {
  const SyncBlock* block = core_.to_hand_over(context().now());
  if (block == nullptr) return;
  Draft<schema::SyncedDecision> decision(block->bytes.size() / 8 + 64 +
                                         block->certificate.signatures.size() * 10);
  decision->setBytes(as_data(ByteView(block->bytes)));
  write_certificate(decision->initCertificate(), block->certificate);
  (void)consensus_.send(std::move(decision));
}

void SyncActor::send_asks() {
  const Poll poll = core_.poll(context().now());
  for (const Ask& ask : poll.asks) {
    Envelope to;
    to.sender = ask.peer;
    const rt::ActorRef<SessionRole> session(context().sender_of(to));
    Draft<schema::RangeRequest> request;
    request->setFirst(ask.range.first);
    request->setLast(ask.range.last);
    request->setBytesMax(static_cast<std::uint32_t>(ask.bytes_max));
    request->setId(ask.id);
    // One that is lost on the way expires; a session that has ended will not answer at all.
    if (session.send(std::move(request)) == rt::Delivery::no_receiver) core_.on_peer_gone(ask.peer);
  }
  report(poll.change);
}

void SyncActor::on_tick(schema::SyncTick::Reader in, const Envelope&) {
  if (in.getGeneration() != generation_) return;
  tick_armed_ = false;
  advance();
  report_progress();
}

void SyncActor::on_continue(schema::SyncContinue::Reader, const Envelope&) {
  slice_pending_ = false;
  advance();
}

// ---- telling others

Draft<schema::SyncStatus> SyncActor::own_status() const {
  const Claim claim = server_.own_claim();
  Draft<schema::SyncStatus> status;
  status->setTip(claim.tip);
  status->setBase(claim.base);
  return status;
}

void SyncActor::on_status_tick(schema::SyncStatusTick::Reader, const Envelope&) {
  const std::uint64_t tip = server_.own_claim().tip;
  if (tip != told_tip_ || ++quiet_ticks_ >= status_refresh) {
    told_tip_ = tip;
    quiet_ticks_ = 0;
    (void)peers_.send(own_status());
  }
  if (!tip_known_) ask_for_tip();
  advance();
  const auto jitter = static_cast<std::int64_t>(
      context().random().below(static_cast<std::uint64_t>(status_jitter.ns)));
  context().send_after(status_period + Duration{jitter}, Draft<schema::SyncStatusTick>());
}

void SyncActor::on_get_state(schema::GetSyncState::Reader, const Envelope& envelope) {
  const View view = core_.view(context().now());
  Draft<schema::SyncState> state;
  state->setSyncing(view.syncing);
  state->setHeight(view.height);
  state->setTarget(view.target);
  state->setPeers(static_cast<std::uint32_t>(view.peers));
  context().reply(envelope, std::move(state));
}

void SyncActor::report(Change change) {
  if (change == Change::none) return;
  const Instant now = context().now();
  const View view = core_.view(now);
  services_.metrics.blocksync_syncing.set_count(view.syncing ? 1 : 0);
  if (change == Change::started) {
    sync_started_ = progress_at_ = now;
    progress_height_ = view.height;
    log_event(services_.log, Event::sync_started,
              {{"height", view.height}, {"target", view.target}, {"peers", view.peers}});
  } else {
    log_event(services_.log, Event::sync_finished,
              {{"height", view.height}, {"ms", (now - sync_started_).ms()}});
  }
}

void SyncActor::report_progress() {
  const Instant now = context().now();
  const View view = core_.view(now);
  if (!view.syncing || now - progress_at_ < progress_period) return;
  const double rate =
      static_cast<double>(view.height - progress_height_) / (now - progress_at_).seconds();
  log_event(services_.log, Event::sync_progress,
            {{"height", view.height}, {"target", view.target}, {"blocks_per_s", rate}});
  progress_at_ = now;
  progress_height_ = view.height;
}

std::string SyncActor::describe() const {
  const View view = core_.view(context().now());
  return std::string(view.syncing ? "syncing" : "not syncing") + " height " +
         std::to_string(view.height) + " target " + std::to_string(view.target) + " peers " +
         std::to_string(view.peers) + "\nverified height " +
         std::to_string(core_.verified_height()) + "\n";
}

}  // namespace witan::sync
