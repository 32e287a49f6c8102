// Inputs: from peers, from this node, heights. Effects and recovery are in their own files.
#include "actors/consensus/consensus_actor.hpp"

#include <algorithm>
#include <tuple>

#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {
namespace {

// Three whole rounds of timeouts, and long enough not to alarm about a pause.
Duration patience_of(const TimeoutParams& timeouts) {
  Duration round{};
  for (const Step step : {Step::propose, Step::prevote, Step::precommit})
    round = round + timeout_duration(timeouts, step, Round(0));
  return std::max(round * 3, Duration::from_s(5));
}

}  // namespace

ConsensusActor::ConsensusActor(rt::ActorContext& context, Services services,
                               ConsensusOptions options)
    : ActorFor(context),
      services_(services),
      options_(std::move(options)),
      measure_(services_, options_.validators, options_.self, patience_of(options_.timeouts)),
      liveness_(options_.timeouts, options_.adaptive_timeouts),
      ledger_(context.ref<LedgerRole>(LedgerRole::path)),
      runner_(context.ref<EffectRunnerRole>(EffectRunnerRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)),
      sync_(context.ref<SyncRole>(SyncRole::path)),
      events_(context.ref<EventsRole>(EventsRole::path)),
      evidence_(context.ref<EvidenceRole>(EvidenceRole::path)) {
  for (std::size_t i = 0; i < options_.verifier_workers; ++i)
    verifiers_.push_back(
        context.ref<VerifierRole>(std::string(VerifierRole::path) + "/" + std::to_string(i)));
  handle<schema::VerifiedVote>(&ConsensusActor::on_vote);
  handle<schema::Vote>(&ConsensusActor::on_late_vote);
  handle<schema::VerifiedProposal>(&ConsensusActor::on_proposal);
  handle<schema::BlockPart>(&ConsensusActor::on_part);
  handle<schema::VerifiedCertificate>(&ConsensusActor::on_certificate);
  handle<schema::VerifiedRoundCertificate>(&ConsensusActor::on_round_certificate);
  handle<schema::RoundStatus>(&ConsensusActor::on_round_status);
  handle<schema::OwnVote>(&ConsensusActor::on_own_vote);
  handle<schema::OwnProposal>(&ConsensusActor::on_own_proposal);
  handle<schema::SignRefused>(&ConsensusActor::on_sign_refused);
  handle<schema::BlockBuilt>(&ConsensusActor::on_block_built);
  handle<schema::BlockChecked>(&ConsensusActor::on_block_checked);
  handle<schema::BlockCommitted>(&ConsensusActor::on_block_committed);
  handle<schema::SyncedDecision>(&ConsensusActor::on_synced);
  handle<schema::PeerReady>(&ConsensusActor::on_peer_ready);
  handle<schema::TransactionsAvailable>(&ConsensusActor::on_transactions);
  handle<schema::GetConsensusState>(&ConsensusActor::on_get_state);
  own<schema::TimeoutFired>(&ConsensusActor::on_timeout);
  own<schema::HeightTimer>(&ConsensusActor::on_height_timer);
  own<schema::ObservationOver>(&ConsensusActor::on_observation_over);
  own<schema::RebroadcastTimer>(&ConsensusActor::on_rebroadcast);
}

void ConsensusActor::started() {
  recover();
  arm_rebroadcast(0);
}

// ---- from peers, verified

bool ConsensusActor::keep_for_later(std::uint64_t height, std::uint32_t peer,
                                    const Envelope& envelope) {
  if (height == height_.get() && !recovery_) {
    // A peer works on this height: no reason to wait for the pace or for transactions of our own.
    if (!height_running_) start_height(height_);
    return false;
  }
  if (height < height_.get()) return true;  // of a decided height
  if (height > height_.get() + 1 && !recovery_) {
    Draft<schema::PeerAhead> ahead;
    ahead->setPeer(peer);
    ahead->setHeight(height - 1);
    (void)sync_.send(std::move(ahead));
    if (height > height_.get() + early_heights_max) return true;
  }
  keep(height, peer, envelope, EarlyMessages::Origin::signed_by_validator);
  return true;
}

void ConsensusActor::keep(std::uint64_t height, std::uint32_t peer, const Envelope& envelope,
                          EarlyMessages::Origin origin) {
  if (!early_.keep(Height(height), peer, envelope, origin))
    return services_.metrics.rejected_msgs.with({"early_buffer_full"}).add();
  services_.metrics.buffered_msgs.set_count(early_.size());
}

// vote path 5/10: from the verifier pool to the core
void ConsensusActor::on_vote(schema::VerifiedVote::Reader in, const Envelope& envelope) {
  if (in.getVote().getHeight() + 1 == height_.get()) return look_at_late(in.getVote(), 0);
  if (keep_for_later(in.getVote().getHeight(), in.getPeer(), envelope)) return;
  if (const auto vote = read_vote(in.getVote())) take_vote(*vote);
}

// Of a decided height, and not verified: it costs a look, and a signature only if it accuses.
void ConsensusActor::on_late_vote(schema::Vote::Reader in, const Envelope& envelope) {
  look_at_late(in, envelope.sender);
}

void ConsensusActor::look_at_late(schema::Vote::Reader in, std::uint32_t unverified_from) {
  if (recovery_ || in.getHeight() + 1 != height_.get()) return;
  const auto vote = read_vote(in);
  if (!vote || vote->vote.validator >= options_.validators->size()) return;
  const LateVotes::Late late{*vote, unverified_from};
  if (const auto held = core_.contradicted_by(late.vote.vote)) accuse({*held, 0}, late);
  for (const LateVotes::Late& other : late_.add(late)) accuse(other, late);
}

void ConsensusActor::accuse(const LateVotes::Late& a, const LateVotes::Late& b) {
  if (a.vote.vote.type != b.vote.vote.type) {
    const bool in_order = a.vote.vote.type == VoteType::precommit;
    const auto& [precommit, prevote] = in_order ? std::tie(a, b) : std::tie(b, a);
    return send_evidence(Amnesia{precommit.vote, prevote.vote}, precommit.from, prevote.from);
  }
  const DuplicateVote pair = ordered(a.vote, b.vote);
  const bool in_order = pair.first == a.vote;
  send_evidence(pair, in_order ? a.from : b.from, in_order ? b.from : a.from);
}

void ConsensusActor::take_vote(const SignedVote& vote) {
  if (options_.self == vote.vote.validator)
    tell_own_seen(vote.vote.type == VoteType::prevote ? SignedKind::prevote : SignedKind::precommit,
                  vote.vote.height, vote.vote.round, vote.vote.value);
  if (!core_.wants(vote.vote)) {
    services_.metrics.duplicate_vote.add();
    return;
  }
  batch_.log(RecordKind::vote, vote);
  feed(VoteReceived{vote.vote, vote.signature});
}

// Verified as a whole, counted vote by vote: it has no rule of its own.
void ConsensusActor::on_round_certificate(schema::VerifiedRoundCertificate::Reader in,
                                          const Envelope& envelope) {
  if (keep_for_later(in.getCertificate().getHeight(), in.getPeer(), envelope)) return;
  const auto certificate = read_round_certificate(in.getCertificate());
  if (!certificate) return;
  for (const SignedVote& vote : certificate->votes) {
    if (height_ != certificate->height) return;  // an earlier one decided the height
    take_vote(vote);
  }
}

void ConsensusActor::on_proposal(schema::VerifiedProposal::Reader in, const Envelope& envelope) {
  if (keep_for_later(in.getProposal().getHeight(), in.getPeer(), envelope)) return;
  const auto proposal = read_proposal(in.getProposal());
  if (!proposal) return;
  const Proposal& p = proposal->proposal;
  if (core_.proposer(p.round) != p.proposer) {
    services_.metrics.proposal_receive_count.with({"rejected"}).add();
    return;
  }
  if (options_.self == p.proposer)
    tell_own_seen(SignedKind::proposal, p.height, p.round, p.block_id);
  if (!take_proposal(*proposal, core_.state().round, context().unix_now())) return;
  services_.metrics.proposal_receive_count.with({"accepted"}).add();
  batch_.log(RecordKind::proposal, *proposal);
  check_blocks();
  feed_complete_proposals();
}

// A part is proved only against a root that its sender may have made up. So it neither starts a
// height nor speaks for its peer, and it leaves half of the early buffer to what is signed.
void ConsensusActor::on_part(schema::BlockPart::Reader in, const Envelope& envelope) {
  const std::uint64_t height = in.getHeight();
  if (height < height_.get() || height > height_.get() + early_heights_max) return;
  if (recovery_ || height != height_.get() || !height_running_)
    return keep(height, envelope.sender, envelope, EarlyMessages::Origin::unsigned_part);
  const auto part = read_part(in);
  if (!part) return;
  if (!blocks_.add_part(part->part, part->parts_count)) {
    services_.metrics.duplicate_block_part.add();
    return;
  }
  services_.metrics.block_parts.add();
  check_blocks();
}

void ConsensusActor::on_certificate(schema::VerifiedCertificate::Reader in,
                                    const Envelope& envelope) {
  if (keep_for_later(in.getCertificate().getHeight(), in.getPeer(), envelope)) return;
  const auto certificate = read_certificate(in.getCertificate());
  if (!certificate) return;
  batch_.log(RecordKind::certificate, *certificate);
  feed(CertificateReceived{*certificate});
}

// A peer says where it is because it is not getting on: one behind us gets what it lacks.
void ConsensusActor::on_round_status(schema::RoundStatus::Reader in, const Envelope& envelope) {
  // Nobody is below the first height, and nothing is stored to help with.
  if (recovery_ || in.getHeight() < options_.initial_height.get()) return;
  if (!may_help(envelope.sender)) return;
  const rt::ActorRef<SessionRole> session(context().sender_of(envelope));
  if (in.getHeight() < height_.get()) {
    Draft<schema::SyncStatus> status;
    status->setTip(height_.get() - 1);
    status->setBase(options_.initial_height.get());
    (void)session.send(std::move(status));
  } else if (in.getHeight() == height_.get() && height_running_) {
    push_state(session);
  } else if (in.getHeight() > height_.get()) {
    Draft<schema::PeerAhead> ahead;
    ahead->setPeer(envelope.sender);
    ahead->setHeight(in.getHeight() - 1);
    (void)sync_.send(std::move(ahead));
  }
}

// What a status asks for may be a whole block: a peer that asks again and again waits.
bool ConsensusActor::may_help(std::uint32_t peer) {
  const Instant now = context().now();
  std::erase_if(helped_, [now](const auto& h) { return now - h.second >= help_period; });
  return helped_.emplace(peer, now).second;
}

void ConsensusActor::on_peer_ready(schema::PeerReady::Reader in, const Envelope&) {
  if (recovery_) return;
  Envelope from_peer;
  from_peer.sender = in.getPeer();
  push_state(rt::ActorRef<SessionRole>(context().sender_of(from_peer)));
}

// ---- from this node

void ConsensusActor::on_own_vote(schema::OwnVote::Reader in, const Envelope&) {
  const auto vote = read_vote(in.getVote());
  WITAN_CHECK(vote.has_value());
  if (vote->vote.height == height_) feed(VoteReceived{vote->vote, vote->signature});
}

void ConsensusActor::on_own_proposal(schema::OwnProposal::Reader in, const Envelope&) {
  const auto proposal = read_proposal(in.getProposal());
  WITAN_CHECK(proposal.has_value());
  const Proposal& p = proposal->proposal;
  if (p.height != height_) return;
  services_.metrics.proposal_create_count.add();
  log_event(services_.log, Event::proposal_sent,
            {{"height", p.height},
             {"round", p.round},
             {"block", p.block_id},
             {"bytes", p.parts.total_bytes}});
  if (const BlockBook::Entry* entry = blocks_.find_root(p.parts.root))
    publish_parts(p.round, *entry);
  blocks_.add_proposal(*proposal, core_.state().round);
  feed_complete_proposals();
}

void ConsensusActor::on_sign_refused(schema::SignRefused::Reader in, const Envelope&) {
  const std::string code = in.getFailure().getCode().cStr();
  services_.metrics.sign_refusals.with({code}).add();
  log_event(services_.log, Event::sign_refused,
            {{"height", in.getIntent().getHeight()},
             {"round", in.getIntent().getRound()},
             {"rule", code},
             {"text", in.getFailure().getText().cStr()}});
  Draft<schema::PublishedEvent> event(96);
  auto refused = event->initSignRefused();
  refused.setHeight(in.getIntent().getHeight());
  refused.setRound(in.getIntent().getRound());
  refused.setStep(std::string(name_of(static_cast<SignedKind>(in.getIntent().getKind()))));
  refused.setRule(code);
  (void)events_.send(std::move(event));
  // S12: the rules ask for a vote that contradicts a signed one: the state is not to be trusted.
  // A signer process guards itself, and a node that had to do without its memory may well ask so.
  if (code != name_of(ErrorCode::sign_conflict) || in.getRemote()) return;
  log_event(services_.log, Event::sign_conflict,
            {{"height", in.getIntent().getHeight()},
             {"round", in.getIntent().getRound()},
             {"text", in.getFailure().getText().cStr()}});
  context().fail_node(ErrorCode::sign_conflict, in.getFailure().getText().cStr());
}

void ConsensusActor::on_block_built(schema::BlockBuilt::Reader in, const Envelope&) {
  const Height height(in.getHeight());
  const Round round(in.getRound());
  if (height != height_ || recovery_) return;
  const ByteView bytes = as_view(in.getBytes());
  const auto id = fixed_from<BlockId>(as_view(in.getBlockId()), "block_id");
  WITAN_CHECK(id.has_value() && !bytes.empty(), bytes.size());
  CutBlock cut = cut_block(height, round, bytes);
  blocks_.add_whole(cut.header, *id, bytes);
  blocks_.set_verdict(cut.header.root, *id, true);
  batch_.log(RecordKind::block,
             BlockRecord{cut.header.root, true, Bytes(bytes.begin(), bytes.end())});
  feed(ProposeValue{height, round, *id});
}

void ConsensusActor::on_block_checked(schema::BlockChecked::Reader in, const Envelope&) {
  if (Height(in.getHeight()) != height_) return;
  const auto root = fixed_from<Hash32>(as_view(in.getPartsRoot()), "parts_root");
  const auto id = read_value(in.getBlockId(), "block_id");
  WITAN_CHECK(root.has_value() && id.has_value());
  if (!in.getValid())
    log_event(services_.log, Event::proposal_invalid,
              {{"height", height_},
               {"code", in.getFailure().getCode().cStr()},
               {"text", std::string(in.getFailure().getField().cStr()) + ": " +
                            in.getFailure().getText().cStr()}});
  const BlockBook::Entry* entry = blocks_.find_root(*root);
  bool timely = entry == nullptr || is_timely(*entry, UnixTime{in.getTimeNs()});
  if (recovery_ && recovery_->checking) timely = recovery_->checking->timely;
  blocks_.set_verdict(*root, *id, in.getValid(), timely);
  if (recovery_) {
    const bool was_valid = recovery_->checking && recovery_->checking->valid;
    recovery_->checking.reset();
    // P21: what was valid before the crash must be valid now, or this state is not that state.
    if (was_valid && !in.getValid())
      context().fail_node(ErrorCode::state_root_mismatch,
                          "a block that was valid before the restart is not valid now: " +
                              std::string(in.getFailure().getText().cStr()));
    feed_complete_proposals();
    return continue_recovery();
  }
  if (entry != nullptr)
    batch_.log(RecordKind::block, BlockRecord{*root, in.getValid(), entry->parts.bytes(), timely});
  feed_complete_proposals();
  if (synced_ && blocks_.find_block(synced_->block_id) == nullptr)
    synced_.reset();  // another block
  feed_certified_block();
}

// S18: the height's end goes into the log with the next group; replayed, it must be the same again.
void ConsensusActor::on_block_committed(schema::BlockCommitted::Reader in, const Envelope&) {
  durable_height_ = std::max(durable_height_, in.getDurableHeight());
  if (!options_.self) return;
  const auto id = fixed_from<BlockId>(as_view(in.getBlockId()), "block_id");
  const auto root = fixed_from<Hash32>(as_view(in.getStateRoot()), "state_root");
  WITAN_CHECK(id.has_value() && root.has_value());
  const HeightEndRecord end{*id, *root};
  const Height height(in.getHeight());
  const auto logged = logged_ends_.find(height);
  if (logged == logged_ends_.end()) return batch_.log(RecordKind::height_end, end, height);
  if (logged->second != end)
    context().fail_node(ErrorCode::state_root_mismatch,
                        "height " + std::to_string(height.get()) +
                            " ended in another block or state before the restart");
  logged_ends_.erase(logged_ends_.begin(), std::next(logged));
}

void ConsensusActor::on_transactions(schema::TransactionsAvailable::Reader in, const Envelope&) {
  if (in.getHeight() + 1 < height_.get()) return;  // before the last block
  transactions_waiting_ = true;
  if (!height_running_ && !recovery_ && !paced_) start_height(height_);
}

void ConsensusActor::on_timeout(schema::TimeoutFired::Reader in, const Envelope&) {
  const auto step = static_cast<Step>(in.getStep());
  const Height height(in.getHeight());
  const Round round(in.getRound());
  if (height != height_ || round != core_.state().round || recovery_) return;
  if (step == Step::precommit || step == core_.state().step)  // else the step is over anyway
    measure_.timed_out(height, round, step, liveness_.timeout(step, round));
  batch_.log(RecordKind::timeout, TimeoutRecord{step, round});
  Draft<schema::PublishedEvent> event;
  auto timeout = event->initTimeout();
  timeout.setHeight(height.get());
  timeout.setRound(round.get());
  timeout.setStep(std::string(name_of(step)));
  (void)events_.send(std::move(event));
  feed(TimeoutFired{step, height, round, in.getGeneration()});
}

// ---- heights

// After a decision: the next height starts at once, at its pace, or when there is something to
// decide.
void ConsensusActor::plan_next_height() {
  height_running_ = false;
  transactions_waiting_ = false;
  if (recovery_) return start_height(height_);
  const Instant earliest = height_started_ + options_.block_interval_min;
  const Instant now = context().now();
  paced_ = earliest > now;
  Draft<schema::HeightTimer> timer;
  timer->setHeight(height_.get());
  if (paced_) return context().send_after(earliest - now, std::move(timer));
  if (options_.create_empty_blocks) return start_height(height_);
  if (options_.empty_block_interval > Duration{})
    context().send_after(options_.empty_block_interval, std::move(timer));
  replay_early();
}

void ConsensusActor::on_height_timer(schema::HeightTimer::Reader in, const Envelope&) {
  if (Height(in.getHeight()) != height_ || height_running_ || recovery_) return;
  const bool pace_over = std::exchange(paced_, false);
  if (pace_over && !options_.create_empty_blocks && !transactions_waiting_) {
    if (options_.empty_block_interval > Duration{}) {
      Draft<schema::HeightTimer> timer;
      timer->setHeight(height_.get());
      context().send_after(options_.empty_block_interval, std::move(timer));
    }
    return;
  }
  start_height(height_);
}

void ConsensusActor::start_height(Height height) {
  height_ = height;
  height_running_ = true;
  paced_ = false;
  height_started_ = context().now();
  blocks_.reset(height);
  synced_.reset();
  measure_.height_started(height, height_started_);
  liveness_.height_started();
  tell_verifiers(Round(0));
  feed(StartHeight{height, options_.validators, options_.proposers(height), options_.self});
  if (!recovery_) replay_early();
}

// Messages that came before their height: handled as if they came now.
void ConsensusActor::replay_early() {
  // A message may decide the height, and the next one replays its own from within: as deep as there
  // are complete heights in the buffer, early_heights_max at most.
  const auto early = early_.take(height_);
  services_.metrics.buffered_msgs.set_count(early_.size());
  for (const Envelope& envelope : early) dispatch(envelope);
}

// ---- decided elsewhere

void ConsensusActor::tell_own_seen(SignedKind kind, Height height, Round round,
                                   const ValueId& value) {
  Draft<schema::OwnSeen> seen;
  seen->setKind(static_cast<std::uint8_t>(kind));
  seen->setHeight(height.get());
  seen->setRound(round.get());
  if (value) seen->setValue(as_data(*value));
  (void)runner_.send(std::move(seen));
}

// A block with its verified commit certificate, fetched by block sync: it takes the same path as
// one of ours (executed, then decided by the core), so there is one way to decide (P58).
void ConsensusActor::on_synced(schema::SyncedDecision::Reader in, const Envelope&) {
  const auto certificate = read_certificate(in.getCertificate());
  if (!certificate || certificate->height != height_ || recovery_) return;
  if (!height_running_) start_height(height_);
  if (synced_) return;
  synced_ = *certificate;
  batch_.log(RecordKind::certificate, *certificate);
  if (blocks_.find_block(certificate->block_id) == nullptr) {
    const ByteView bytes = as_view(in.getBytes());
    if (bytes.empty() || bytes.size() > block_bytes_max) return;
    const CutBlock cut = cut_block(height_, certificate->round, bytes);
    blocks_.add_whole(cut.header, certificate->block_id, bytes);
    check_blocks();
  }
  feed_certified_block();
}

void ConsensusActor::feed_certified_block() {
  if (!synced_ || synced_->height != height_) return;
  const BlockBook::Entry* entry = blocks_.find_block(synced_->block_id);
  if (entry == nullptr || !entry->valid) return;
  const CommitCertificate certificate = *std::exchange(synced_, std::nullopt);
  if (!*entry->valid)
    context().fail_node(ErrorCode::state_root_mismatch,
                        "a block with a valid commit certificate does not execute to its header");
  if (options_.self) {
    const auto& signatures = certificate.signatures;
    if (std::any_of(signatures.begin(), signatures.end(),
                    [&](const auto& s) { return s.validator == *options_.self; }))
      tell_own_seen(SignedKind::precommit, certificate.height, certificate.round,
                    certificate.block_id);
    Draft<schema::RaiseWatermark> raise;  // S13
    raise->setHeight(certificate.height.get());
    (void)runner_.send(std::move(raise));
  }
  // P14: attributed to the proposer of the certificate's round.
  feed(CertificateReceived{certificate});
  feed(ProposalComplete{certificate.height, certificate.round, Round::nil(), certificate.block_id,
                        core_.proposer(certificate.round), true});
}

std::string ConsensusActor::describe() const {
  std::string out = "deciding height " + std::to_string(height_.get());
  if (recovery_)
    out += ", replaying the log";
  else if (!height_running_)
    out += ", not begun";
  return out + "\nkept for later " + std::to_string(early_.size()) + "\n" + to_text(core_.dump());
}

}  // namespace witan::consensus
