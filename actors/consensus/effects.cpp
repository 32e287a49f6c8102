// Effects of the core, carried out in the order in which they were emitted.
#include "actors/consensus/consensus_actor.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/evidence_codec.hpp"

namespace witan::consensus {
namespace {

witan::RoundValue to_signer(const std::optional<RoundValue>& from) {
  if (!from) return {};
  return {from->first, from->second};
}

}  // namespace

void ConsensusActor::feed(const Input& input) { run(core_.apply(input)); }

void ConsensusActor::run(std::vector<Effect> effects) {
  if (const Step step = core_.state().step; measure_.is_new(step)) {
    const Instant now = context().now();
    measure_.step_entered(step, now);
    liveness_.step_entered(step, now);
  }
  for (const Effect& effect : effects) std::visit([this](const auto& e) { perform(e); }, effect);
  push_missed_polka();
  push_round_certificate();
  flush_batch();
  if (!std::exchange(decided_, false)) return;
  ++height_;
  late_.clear();
  plan_next_height();
}

void ConsensusActor::flush_batch() {
  if (!batch_.must_go()) return;
  if (!options_.self) return batch_.clear();  // who does not vote keeps no log
  (void)runner_.send(batch_.take(height_, durable_height_));
}

void ConsensusActor::perform(const GetValue& effect) { ask_for_block(effect.height, effect.round); }

void ConsensusActor::ask_for_block(Height height, Round round) {
  Draft<schema::BuildBlock> build(512);
  build->setHeight(height.get());
  build->setRound(round.get());
  build->setTimeNs(context().unix_now().ns);
  if (last_commit_) write_certificate(build->initLastCommit(), *last_commit_);
  (void)ledger_.send(std::move(build));
}

void ConsensusActor::perform(const SignProposal& effect) {
  const BlockBook::Entry* entry = blocks_.find_block(effect.value);
  // A valid value from an earlier round whose bytes were lost with a crash. A re-proposal comes
  // without a timer, and nobody else proposes in this round: the wait is ours too.
  if (entry == nullptr)
    return perform(ScheduleTimeout{Step::propose, effect.height, effect.round, 0});
  Intent intent;
  intent.kind = SignedKind::proposal;
  intent.height = effect.height;
  intent.round = effect.round;
  intent.pol_round = effect.pol_round;
  intent.value = effect.value;
  intent.parts = entry->parts.header();
  intent.validator = *options_.self;
  intent.locked = to_signer(core_.state().locked);
  intent.valid = to_signer(core_.state().valid);
  std::optional<PolkaCertificate> polka;
  if (!effect.pol_round.is_nil())
    polka = core_.certificate(VoteType::prevote, effect.pol_round, effect.value);
  batch_.sign(intent, polka);
}

// vote path 9/10: the core's wish to vote becomes an intent; the effect runner does the rest
void ConsensusActor::perform(const SignVote& effect) {
  Intent intent;
  intent.kind = effect.vote.type == VoteType::prevote ? SignedKind::prevote : SignedKind::precommit;
  intent.height = effect.vote.height;
  intent.round = effect.vote.round;
  intent.pol_round = effect.vote.pol_round;
  intent.value = effect.vote.value;
  intent.validator = effect.vote.validator;
  intent.locked = to_signer(effect.locked);
  intent.valid = to_signer(effect.valid);
  batch_.sign(intent, polka_for(intent));
}

// What lets a signer that guards the lock itself sign a vote for another block (S8). Only later
// rounds can leave a lock.
std::optional<Certificate> ConsensusActor::polka_for(const Intent& vote) const {
  const Round round = vote.kind == SignedKind::prevote ? vote.pol_round : vote.round;
  if (!vote.value || round.is_nil() || vote.round == Round(0)) return std::nullopt;
  return core_.certificate(VoteType::prevote, round, *vote.value);
}

void ConsensusActor::perform(const ScheduleTimeout& effect) {
  Draft<schema::TimeoutFired> timer;
  timer->setStep(static_cast<std::uint8_t>(effect.step));
  timer->setHeight(effect.height.get());
  timer->setRound(effect.round.get());
  timer->setGeneration(effect.generation);
  context().send_after(liveness_.timeout(effect.step, effect.round), std::move(timer));
}

void ConsensusActor::perform(const RoundFailed& effect) {
  Draft<schema::TimeoutFired> timer;
  timer->setStep(static_cast<std::uint8_t>(Step::precommit));
  timer->setHeight(effect.height.get());
  timer->setRound(effect.round.get());
  timer->setGeneration(effect.generation);
  context().send_after(Duration{}, std::move(timer));
}

void ConsensusActor::perform(const EnterRound& effect) {
  polka_pushed_ = certificate_pushed_ = false;
  if (effect.round > Round(0)) {
    tell_verifiers(effect.round);
    push_polka();  // travels ahead of the next proposals
    tell_new_round(effect);
  }
  if (repetitions_ > 0) arm_rebroadcast(0);
  const Instant now = context().now();
  measure_.round_entered(effect.height, effect.round, now);
  liveness_.round_entered(effect.round, now);
  log_event(services_.log, Event::round_started,
            {{"height", effect.height}, {"round", effect.round}, {"proposer", effect.proposer}});
}

// Round 0 of every height is told by its block; later rounds are what watchers look for.
void ConsensusActor::tell_new_round(const EnterRound& effect) {
  Draft<schema::PublishedEvent> event;
  auto round = event->initNewRound();
  round.setHeight(effect.height.get());
  round.setRound(effect.round.get());
  if (effect.proposer < options_.validators->size())
    round.setProposer(as_data(options_.validators->at(effect.proposer).key));
  (void)events_.send(std::move(event));
}

void ConsensusActor::tell_evidence(const Evidence& evidence) {
  const EvidenceKey key = key_of(evidence);
  const PublicKey& accused = options_.validators->at(key.validator).key;
  std::string_view kind = name_of(key.kind);
  if (kind.starts_with("duplicate_")) kind.remove_prefix(std::string_view("duplicate_").size());
  services_.metrics.equivocations.with({kind}).add();
  measure_.equivocated(key.validator);
  log_event(services_.log, Event::equivocation,
            {{"kind", kind}, {"validator", accused}, {"height", key.height}, {"round", key.round}});
  send_evidence(evidence, 0, 0);
}

void ConsensusActor::send_evidence(const Evidence& evidence, std::uint32_t first_from,
                                   std::uint32_t second_from) {
  const Bytes item = encode_evidence(evidence);
  Draft<schema::EvidenceFound> found(item.size() / 8 + 16);
  found->setItem(as_data(ByteView(item)));
  found->setFirstFrom(first_from);
  found->setSecondFrom(second_from);
  (void)evidence_.send(std::move(found));
}

bool ConsensusActor::take_proposal(const SignedProposal& proposal, Round current,
                                   std::optional<UnixTime> now) {
  if (!blocks_.add_proposal(proposal, current, now)) return false;
  if (const auto other = blocks_.contradicted_by(proposal))
    tell_evidence(ordered(*other, proposal));
  return true;
}

void ConsensusActor::perform(const NewLock& effect) {
  measure_.locked(context().now());
  liveness_.polka();
  log_event(services_.log, Event::locked,
            {{"height", effect.certificate.height},
             {"round", effect.certificate.round},
             {"block", effect.certificate.block_id}});
}

// vote path 10/10: decided; the ledger applies what it prepared, the next height is planned
void ConsensusActor::perform(const Decide& effect) {
  if (!recovery_ && options_.self) {
    batch_.log(RecordKind::decided, effect.certificate);
    (void)runner_.send(batch_.take(effect.height, durable_height_));
  }
  batch_.clear();
  Draft<schema::CommitBlock> commit(64 + effect.certificate.signatures.size() * 10);
  commit->setHeight(effect.height.get());
  write_certificate(commit->initCertificate(), effect.certificate);
  (void)ledger_.send(std::move(commit));
  last_commit_ = effect.certificate;
  decided_ = true;

  const Instant now = context().now();
  const Duration took = now - height_started_;
  measure_.decided(effect.certificate, now);
  liveness_.decided();
  log_event(services_.log, Event::decided,
            {{"height", effect.height},
             {"round", effect.round},
             {"block", effect.value},
             {"ms", static_cast<double>(took.ns) / 1e6}});
}

void ConsensusActor::perform(const Equivocation& effect) {
  tell_evidence(ordered(effect.first, effect.second));
}

void ConsensusActor::perform(const AmnesiaFound& effect) {
  tell_evidence(Amnesia{effect.precommit, effect.prevote});
}

// Told when the second signed proposal came (take_proposal): its block may never.
void ConsensusActor::perform(const ProposalEquivocation&) {}

// ---- blocks

void ConsensusActor::check_blocks() {
  for (const BlockBook::Entry* entry : blocks_.take_unchecked()) {
    const Bytes& bytes = entry->parts.bytes();
    Draft<schema::CheckBlock> check(bytes.size() / 8 + 64);
    check->setHeight(height_.get());
    check->setPartsRoot(as_data(entry->parts.header().root));
    check->setBytes(as_data(ByteView(bytes)));
    (void)ledger_.send(std::move(check));
  }
}

// P39, proposer-based time: our clock when the proposal came, give or take what clocks and messages
// may differ. Asked once for each block, of the first proposal that names it.
bool ConsensusActor::is_timely(const BlockBook::Entry& entry, UnixTime time) const {
  if (!entry.proposed_at) return true;  // our own, or decided elsewhere
  const Duration age = *entry.proposed_at - time;
  return age >= Duration{} - options_.precision &&
         age <= options_.precision + options_.message_delay;
}

void ConsensusActor::feed_complete_proposals() {
  const Height height = height_;
  for (const ProposalComplete& proposal : blocks_.take_complete()) {
    if (height_ != height) return;  // an earlier one decided the height
    log_event(services_.log, Event::proposal_received,
              {{"height", proposal.height},
               {"round", proposal.round},
               {"block", proposal.value},
               {"proposer", proposal.proposer}});
    measure_.proposal_complete(context().now());
    if (!recovery_) liveness_.proposal_complete(proposal.round, context().now());
    feed(proposal);
  }
}

void ConsensusActor::publish_parts(Round round, const BlockBook::Entry& entry) {
  const CutBlock cut = cut_block(height_, round, entry.parts.bytes());
  for (const BlockPart& part : cut.parts) {
    Draft<schema::BlockPart> draft(part.bytes.size() / 8 + 64 + part.proof.size() * 4);
    write_part(*draft, part, cut.header.count);
    (void)peers_.send(std::move(draft));
  }
}

// ---- helping peers

// Hidden-lock countermeasure: docs/adr/0018.
void ConsensusActor::push_polka() {
  const auto& polka = core_.polka_certificate();
  if (!polka) return;
  Draft<schema::Certificate> certificate(64 + polka->signatures.size() * 10);
  write_certificate(*certificate, *polka);
  (void)peers_.send(std::move(certificate));
  services_.metrics.hidden_lock_certs.add();
}

void ConsensusActor::push_missed_polka() {
  if (recovery_ || polka_pushed_ || !core_.polka_is_missed()) return;
  polka_pushed_ = true;
  push_polka();
}

// Laggards follow in one hop. What led here may be no certificate (a proposal among the f+1
// messages, votes of several far rounds): then it is published when the votes for one are there.
void ConsensusActor::push_round_certificate() {
  if (recovery_ || certificate_pushed_) return;
  const auto certificate = core_.round_certificate();
  if (!certificate) return;
  certificate_pushed_ = true;
  Draft<schema::RoundCertificate> draft(64 + certificate->votes.size() * 24);
  write_round_certificate(*draft, *certificate);
  (void)peers_.send(std::move(draft));
}

void ConsensusActor::tell_verifiers(Round round) {
  for (const auto& verifier : verifiers_) {
    Draft<schema::HeightStarted> started;
    started->setHeight(height_.get());
    started->setRound(round.get());
    (void)verifier.send(std::move(started));
  }
}

// Everything a peer at this height may lack: our status, this round's proposals with their blocks,
// the polka behind our valid value, and the votes we hold of this round and the one before.
// Receivers drop what they have.
template <class Target>
void ConsensusActor::push_state(const Target& target) {
  const RoundState& state = core_.state();
  if (state.height != height_ || state.round.is_nil()) return;
  Draft<schema::RoundStatus> status;
  status->setHeight(height_.get());
  status->setRound(state.round.get());
  status->setStep(static_cast<std::uint8_t>(state.step));
  (void)target.send(std::move(status));

  for (const SignedProposal& proposal : blocks_.proposals(state.round)) {
    Draft<schema::Proposal> draft;
    write_proposal(*draft, proposal);
    (void)target.send(std::move(draft));
    const BlockBook::Entry* entry = blocks_.find_root(proposal.proposal.parts.root);
    if (entry == nullptr || !entry->parts.complete()) continue;
    const CutBlock cut = cut_block(height_, state.round, entry->parts.bytes());
    for (const BlockPart& part : cut.parts) {
      Draft<schema::BlockPart> part_draft(part.bytes.size() / 8 + 64 + part.proof.size() * 4);
      write_part(*part_draft, part, cut.header.count);
      (void)target.send(std::move(part_draft));
    }
  }
  if (const auto& polka = core_.polka_certificate()) {
    Draft<schema::Certificate> draft(64 + polka->signatures.size() * 10);
    write_certificate(*draft, *polka);
    (void)target.send(std::move(draft));
  }
  for (std::int32_t r = std::max(0, state.round.get() - 1); r <= state.round.get(); ++r) {
    for (const SignedVote& vote : core_.votes(Round(r))) {
      Draft<schema::Vote> draft;
      write_vote(*draft, vote);
      (void)target.send(std::move(draft));
    }
  }
}
template void ConsensusActor::push_state(const rt::ActorRef<SessionRole>&);

// Nothing moved since the last tick: say again where we are and what we said (messages may have
// been lost with a connection).
void ConsensusActor::on_rebroadcast(schema::RebroadcastTimer::Reader in, const Envelope&) {
  if (in.getGeneration() != rebroadcast_timer_) return;
  const RoundState& state = core_.state();
  const bool stalled = !recovery_ && height_running_ && state == last_seen_;
  last_seen_ = state;
  arm_rebroadcast(stalled ? repetitions_ + 1 : 0);
  tell_progress();
  if (recovery_ || !height_running_) return;
  measure_.look(height_, state.round, context().now());
  if (!stalled) return;
  services_.metrics.rebroadcast.add();
  log_event(services_.log, Event::rebroadcast, {{"height", height_}, {"round", state.round}});
  push_state(peers_);
}

// Of the timers under way only the last one counts.
void ConsensusActor::arm_rebroadcast(std::uint32_t repetitions) {
  repetitions_ = repetitions;
  Draft<schema::RebroadcastTimer> timer;
  timer->setGeneration(++rebroadcast_timer_);
  context().send_after(liveness_.rebroadcast(repetitions), std::move(timer));
}

void ConsensusActor::tell_progress() {
  const Instant now = context().now();
  if (now - progress_told_ < progress_period || height_ == progress_height_) return;
  if (progress_told_ != Instant{})
    log_event(services_.log, Event::progress,
              {{"height", height_ - 1},
               {"heights", height_.get() - progress_height_.get()},
               {"seconds", (now - progress_told_).seconds()}});
  progress_told_ = now;
  progress_height_ = height_;
}

void ConsensusActor::on_get_state(schema::GetConsensusState::Reader, const Envelope& envelope) {
  if (recovery_)
    return context().reply_error(
        envelope, {ErrorCode::unavailable, "consensus", "replaying the log; ask again shortly"});
  const RoundState& state = core_.state();
  const StateDump dump = core_.dump();
  Draft<schema::ConsensusStateView> view(256);
  view->setHeight(height_.get());
  view->setRound(state.round.get());
  view->setStep(std::string(name_of(state.step)));
  view->setPowerTotal(options_.validators->power_total());
  if (const ValidatorIndex p = core_.proposer(state.round); p < options_.validators->size())
    view->setProposer(as_data(options_.validators->at(p).key));
  if (state.locked) {
    view->setLockedRound(state.locked->first.get());
    view->setLockedBlock(as_data(state.locked->second));
  }
  if (state.valid) {
    view->setValidRound(state.valid->first.get());
    view->setValidBlock(as_data(state.valid->second));
  }
  auto rounds = view->initRounds(static_cast<kj::uint>(dump.rounds.size()));
  for (kj::uint i = 0; i < rounds.size(); ++i) {
    const RoundDump& round = dump.rounds[i];
    rounds[i].setRound(round.round.get());
    rounds[i].setPrevotePower(round.prevote_power);
    rounds[i].setPrecommitPower(round.precommit_power);
    for (const auto& [proposal_round, proposal] : dump.proposals)
      if (proposal_round == round.round) rounds[i].setProposal(as_data(proposal.value));
  }
  context().reply(envelope, std::move(view));
}

}  // namespace witan::consensus
