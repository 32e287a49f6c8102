#include "actors/consensus/core/driver/consensus_core.hpp"

#include <algorithm>
#include <map>

#include "actors/consensus/core/threshold_mux.hpp"
#include "messages/base/check.hpp"

namespace witan::consensus {

// vote path 6/10: the core takes the input of the actor and answers with effects
std::vector<Effect> ConsensusCore::apply(const Input& input) {
  std::visit([this](const auto& in) { on(in); }, input);
  return std::exchange(effects_, {});
}

bool ConsensusCore::is_current(Height height) const {
  return state_.step != Step::unstarted && state_.step != Step::commit && height == state_.height;
}

ValidatorIndex ConsensusCore::proposer(Round round) const {
  WITAN_CHECK(!proposers_.empty());  // before the first StartHeight nobody may ask
  return proposers_[static_cast<std::size_t>(round.get()) % proposers_.size()];
}

// ------------------------------------------------------------------------------------------ inputs

void ConsensusCore::on(const StartHeight& in) {
  WITAN_CHECK(in.validators != nullptr && !in.proposers.empty(), in.height.get());
  WITAN_CHECK(!in.self || *in.self < in.validators->size(), *in.self, in.validators->size());
  state_ = RoundState{};
  state_.height = in.height;
  std::swap(votes_, decided_votes_);
  votes_.reset(in.height, in.validators);
  proposals_.reset();
  proposers_ = in.proposers;
  self_ = in.self;
  polka_.reset();
  deferred_.clear();
  adopt_restored_lock();
  enter(Round(0));
  drain();
}

void ConsensusCore::on(const ProposeValue& in) {
  if (!is_current(in.height) || in.round != state_.round || !awaiting_value_) return;
  awaiting_value_ = false;
  step({RoundEvent::propose_value, in.round, in.value, {}, false});  // R2
  drain();
}

void ConsensusCore::on(const ProposalComplete& in) {
  if (!is_current(in.height) || in.round.is_nil() || in.round.get() > round_max) return;
  if (in.proposer != proposer(in.round)) return;
  const bool wanted = votes_.has_quorum(VoteType::precommit, in.round, in.value) ||
                      votes_.has_quorum(VoteType::prevote, in.round, in.value);
  if (in.round < votes_.window_begin() && !wanted) return;
  const ProposalOutcome outcome = proposals_.add(in, votes_.window_end(), wanted);
  if (outcome.conflicts_with)
    effects_.push_back(
        ProposalEquivocation{in.height, in.round, in.proposer, *outcome.conflicts_with, in.value});
  const bool skip =
      skip_support_ == SkipSupport::any_message && votes_.add_proposer(in.round, in.proposer);
  if (outcome.changed || skip) drain();
}

void ConsensusCore::on(const VoteReceived& in) {
  if (!is_current(in.vote.height)) return;
  const bool crossed = votes_.add(SignedVote{in.vote, in.signature});
  if (votes_.has_evidence()) emit_evidence();
  if (crossed) drain();
}

void ConsensusCore::on(const CertificateReceived& in) {
  if (!is_current(in.certificate.height)) return;
  const bool used = votes_.add(in.certificate);
  emit_evidence();
  if (used) drain();
}

void ConsensusCore::on(const TimeoutFired& in) {
  if (!is_current(in.height) || in.round != state_.round) return;
  std::uint64_t& alive = timers_[static_cast<std::size_t>(in.step)];
  if (!replaying_ && in.generation != 0 && alive != in.generation) return;  // P29
  alive = 0;
  switch (in.step) {
    case Step::propose:
      proposal_timed_out_ = proposal_timed_out_ || state_.step == Step::propose;
      step({RoundEvent::timeout_propose, in.round, {}, {}, false});
      break;
    case Step::prevote:
      step({RoundEvent::timeout_prevote, in.round, {}, {}, false});
      break;
    case Step::precommit:
      step({RoundEvent::timeout_precommit, in.round, {}, {}, false});
      break;
    default:
      return;
  }
  drain();
}

void ConsensusCore::on(const RestoreOwnVote& in) {
  const Vote& vote = in.vote.vote;
  const OwnVoteKey key{vote.height, vote.round, vote.type};
  own_vote_high_ = own_vote_high_ ? std::max(*own_vote_high_, key) : key;
  if (vote.height < restored_height_) return;
  if (vote.height > restored_height_) {
    restored_height_ = vote.height;
    restored_locked_.reset();
    restored_valid_.reset();
  }
  const auto raise = [](std::optional<RoundValue>& to, const std::optional<RoundValue>& from) {
    if (from && (!to || from->first > to->first)) to = from;
  };
  raise(restored_locked_, in.locked);
  raise(restored_valid_, in.locked);  // valid.round >= locked.round always
  raise(restored_valid_, in.valid);
}

void ConsensusCore::on(const RestoreOwnProposal& in) {
  const std::pair key{in.height, in.round};
  own_proposal_high_ = own_proposal_high_ ? std::max(*own_proposal_high_, key) : key;
}

void ConsensusCore::on(const SetReplaying& in) {
  if (in.on == replaying_) return;
  replaying_ = in.on;
  if (!replaying_) resume();
}

void ConsensusCore::adopt_restored_lock() {
  if (restored_height_ != state_.height) return;
  state_.locked = restored_locked_;
  state_.valid = restored_valid_;
}

// ------------------------------------------------------------------------------------------- rules

void ConsensusCore::enter(Round round) {
  votes_.enter(round);
  proposals_.drop_before(votes_.window_begin());
  timers_.fill(0);
  awaiting_value_ = proposal_timed_out_ = round_failed_ = false;
  emit_live(EnterRound{state_.height, round, proposer(round)});
  step({RoundEvent::new_round, round, {}, {}, self_ && proposer(round) == *self_});
}

// Applies rules until none is enabled.
void ConsensusCore::drain() {
  while (const auto input = next_input(state_, votes_, proposals_)) step(*input);
  if (votes_.has_evidence()) emit_evidence();
  note_failed_round();
}

void ConsensusCore::note_failed_round() {
  if (replaying_ || round_failed_ || !proposal_timed_out_ || state_.step != Step::precommit) return;
  const std::uint64_t timer = timers_[static_cast<std::size_t>(Step::precommit)];
  if (timer == 0) return;
  for (const VoteType type : {VoteType::prevote, VoteType::precommit})
    if (!votes_.has_quorum(type, state_.round, std::nullopt)) return;
  round_failed_ = true;
  effects_.push_back(RoundFailed{state_.height, state_.round, timer});
}

void ConsensusCore::step(const RoundInput& input) {
  const Step before = state_.step;
  const std::optional<RoundValue> locked = state_.locked, valid = state_.valid;
  Transition t = consensus::apply(state_, input);
  // Only inputs from outside may find no rule; what the mux names must fire, or drain() would not
  // end.
  WITAN_CHECK(t.fired || input.event == RoundEvent::timeout_propose ||
                  input.event == RoundEvent::timeout_prevote ||
                  input.event == RoundEvent::propose_value,
              static_cast<int>(input.event), input.round.get());
  state_ = std::move(t.next);
  // A restored lock may be of a later round than the one replayed; it never moves back.
  if (locked && state_.locked->first < locked->first) state_.locked = locked;
  if (valid && state_.valid->first < valid->first) state_.valid = valid;
  if (t.output) perform(*t.output);
  if (input.event == RoundEvent::proposal_and_polka_current) note_polka(before);
}

void ConsensusCore::perform(const RoundOutput& output) {
  switch (output.kind) {
    case RoundOutput::Kind::get_value:
      schedule(Step::propose);
      return ask_for_value();
    case RoundOutput::Kind::proposal:
      return sign_proposal(output);
    case RoundOutput::Kind::prevote:
      return sign_vote(VoteType::prevote, output);
    case RoundOutput::Kind::precommit:
      return sign_vote(VoteType::precommit, output);
    case RoundOutput::Kind::schedule_timeout:
      return schedule(output.step);
    case RoundOutput::Kind::decide:
      return decide(output);
    case RoundOutput::Kind::new_round:
      return enter(output.round);
  }
}

// The lock changed, or could have: remember its polka, and tell peers of a new lock.
void ConsensusCore::note_polka(Step step_before) {
  if (!state_.valid || state_.valid->first != state_.round) return;
  polka_ = votes_.certificate(VoteType::prevote, state_.round, state_.valid->second);
  if (step_before == Step::prevote && polka_) emit_live(NewLock{*polka_});
}

// ----------------------------------------------------------------------------------------- effects

void ConsensusCore::sign_vote(VoteType type, const RoundOutput& output) {
  if (!self_) return;
  const OwnVoteKey key{state_.height, output.round, type};
  if (own_vote_high_ && key <= *own_vote_high_) return;  // own-vote guard (P8, P20)
  own_vote_high_ = key;
  Round pol_round = output.pol_round;
  const bool on_lock = type == VoteType::prevote && state_.locked &&
                       output.value == state_.locked->second && state_.locked->first < output.round;
  if (on_lock) pol_round = std::max(pol_round, state_.locked->first);
  emit_signature(SignVote{Vote{type, state_.height, output.round, output.value, pol_round, *self_},
                          state_.locked, state_.valid});
}

void ConsensusCore::sign_proposal(const RoundOutput& output) {
  const std::pair key{state_.height, output.round};
  const bool said = own_proposal_high_ && key <= *own_proposal_high_;  // P9
  // A restored valid value may be of a later round than this one: nobody could use the proposal.
  if (said || output.pol_round >= output.round) return schedule(Step::propose);
  own_proposal_high_ = key;
  emit_signature(SignProposal{state_.height, output.round, output.pol_round, *output.value});
}

void ConsensusCore::ask_for_value() {
  if (own_proposal_high_ && std::pair{state_.height, state_.round} <= *own_proposal_high_)
    return;  // P9
  awaiting_value_ = true;
  emit_live(GetValue{state_.height, state_.round});
}

void ConsensusCore::schedule(Step step) {
  timers_[static_cast<std::size_t>(step)] = ++generation_;
  emit_live(ScheduleTimeout{step, state_.height, state_.round, generation_});
}

void ConsensusCore::decide(const RoundOutput& output) {
  auto certificate = votes_.certificate(VoteType::precommit, output.round, *output.value);
  WITAN_CHECK(certificate.has_value(), state_.height.get(), output.round.get());
  effects_.push_back(Decide{state_.height, output.round, *output.value, std::move(*certificate)});
}

void ConsensusCore::emit_evidence() {
  for (auto& [first, second] : votes_.take_evidence())
    effects_.push_back(Equivocation{first, second});
  for (auto& [precommit, prevote] : votes_.take_amnesia())
    effects_.push_back(AmnesiaFound{precommit, prevote});
}

void ConsensusCore::emit_live(Effect effect) {
  if (!replaying_) effects_.push_back(std::move(effect));
}

void ConsensusCore::emit_signature(Effect effect) {
  (replaying_ ? deferred_ : effects_).push_back(std::move(effect));
}

// End of a replay: emit what is still to be done in the round we are in.
void ConsensusCore::resume() {
  const std::vector<Effect> deferred = std::exchange(deferred_, {});
  if (!is_current(state_.height)) return;
  const Round round = state_.round;
  effects_.push_back(EnterRound{state_.height, round, proposer(round)});
  for (const Step s : {Step::propose, Step::prevote, Step::precommit})
    if (const std::uint64_t g = timers_[static_cast<std::size_t>(s)];
        g != 0 && (s == Step::precommit || s == state_.step))
      effects_.push_back(ScheduleTimeout{s, state_.height, round, g});
  if (awaiting_value_ && state_.step == Step::propose)
    effects_.push_back(GetValue{state_.height, round});
  for (const Effect& e : deferred) {
    if (const auto* v = std::get_if<SignVote>(&e); v && v->vote.round == round)
      effects_.push_back(e);
    if (const auto* p = std::get_if<SignProposal>(&e); p && p->round == round)
      effects_.push_back(e);
  }
  if (polka_ && state_.locked && state_.locked->first == round)
    effects_.push_back(NewLock{*polka_});
  note_failed_round();
}

// ----------------------------------------------------------------------------------------- queries

bool ConsensusCore::wants(const Vote& vote) const {
  return is_current(vote.height) && votes_.wants(vote);
}

std::optional<SignedVote> ConsensusCore::contradicted_by(const Vote& late) const {
  if (is_current(late.height)) return std::nullopt;
  if (late.height == state_.height) return votes_.contradicted_by(late);
  return decided_votes_.contradicted_by(late);
}

bool ConsensusCore::polka_is_missed() const {
  const Round round = state_.round;
  if (!polka_ || state_.step != Step::precommit || polka_->round != round) return false;
  const RoundTally* t = votes_.tally(round);
  return t &&
         t->any_power(VoteType::precommit) > t->power_of(VoteType::precommit, polka_->block_id);
}

// One vote of each validator, in their order, until the power is reached.
std::optional<RoundCertificate> ConsensusCore::collect(RoundCertificate::Kind kind, Round round,
                                                       std::uint64_t power) const {
  const RoundTally* t = votes_.tally(round);
  if (!t) return std::nullopt;
  std::map<ValidatorIndex, SignedVote> first;
  for (const SignedVote& v : t->votes())
    if (kind == RoundCertificate::Kind::skip || v.vote.type == VoteType::precommit)
      first.emplace(v.vote.validator, v);
  RoundCertificate out{kind, state_.height, round, {}};
  std::uint64_t collected = 0;
  for (const auto& [validator, v] : first) {
    out.votes.push_back(v);
    collected += votes_.power_of(validator);
    if (collected >= power) return out;
  }
  return std::nullopt;
}

std::optional<RoundCertificate> ConsensusCore::round_certificate() const {
  if (!is_current(state_.height) || state_.round.get() < 1) return std::nullopt;
  using Kind = RoundCertificate::Kind;
  const Thresholds& least = votes_.thresholds();
  if (auto skip = collect(Kind::skip, state_.round, least.honest)) return skip;
  return collect(Kind::precommit, Round(state_.round.get() - 1), least.quorum);
}

StateDump ConsensusCore::dump() const {
  StateDump d{.state = state_,
              .self = self_,
              .replaying = replaying_,
              .awaiting_value = awaiting_value_,
              .timer_generation = generation_,
              .rounds = {},
              .proposals = {},
              .votes_held = votes_.vote_count(),
              .proofs_held = votes_.proof_count()};
  if (state_.step == Step::unstarted) return d;
  for (Round r = votes_.window_begin(); r <= votes_.window_end(); r = r.next()) {
    if (const RoundTally* t = votes_.tally(r))
      d.rounds.push_back({r, t->any_power(VoteType::prevote), t->any_power(VoteType::precommit),
                          t->powers(VoteType::prevote), t->powers(VoteType::precommit)});
  }
  for (const auto& entry : proposals_.all())
    for (const StoredProposal& p : entry.proposals) d.proposals.emplace_back(entry.round, p);
  return d;
}

}  // namespace witan::consensus
