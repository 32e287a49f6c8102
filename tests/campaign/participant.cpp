#include "tests/campaign/participant.hpp"

#include <algorithm>

#include "actors/consensus/core/liveness.hpp"

namespace witan::campaign {

using namespace witan::consensus;

namespace {

constexpr std::size_t early_max_per_sender = 64;
constexpr std::size_t blocks_max = 256;

// Above twice the longest delay of a fair schedule, as liveness asks for.
constexpr TimeoutParams timeouts{.propose = Duration::from_ms(120),
                                 .propose_delta = Duration::from_ms(40),
                                 .vote = Duration::from_ms(80),
                                 .vote_delta = Duration::from_ms(40),
                                 .max = Duration::from_ms(1200)};

witan::RoundValue to_signer(const std::optional<consensus::RoundValue>& value) {
  return value ? witan::RoundValue{value->first, value->second} : witan::RoundValue{};
}

std::optional<consensus::RoundValue> to_core(const witan::RoundValue& value) {
  if (!value.id) return std::nullopt;
  return consensus::RoundValue{value.round, *value.id};
}

Hash32 hash_of(const Signature& signature) {
  return Hash32::from(ByteView(signature.data.data(), Hash32::size_bytes));
}

}  // namespace

Participant::Participant(ValidatorIndex self, ValidatorSetPtr set, Surroundings& around,
                         Monitor* monitor)
    : self_(self), key_(self), set_(std::move(set)), around_(around), monitor_(monitor) {}

Height Participant::decided_up_to() const {
  return decided_.empty() ? Height(0) : decided_.rbegin()->first;
}

void Participant::start_height(Height height) {
  height_ = height;
  running_ = true;
  blocks_.clear();
  known_blocks_.clear();
  log_.clear();
  sign_records_.clear();
  feed(StartHeight{height, set_, around_.proposers(height), self_});
  std::vector<Message> early;
  early.swap(early_);
  for (const Message& m : early) receive(m);
}

void Participant::feed(const Input& input) {
  const RoundState before = core_.state();
  log_.push_back(input);
  const std::vector<Effect> effects = core_.apply(input);
  if (monitor_ != nullptr) monitor_->stepped(self_, before, core_);
  take(effects);
}

void Participant::take(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) std::visit([this](const auto& e) { perform(e); }, effect);
}

// ---- messages

void Participant::receive(const Message& m) {
  std::visit([&](const auto& content) { on(m.from, content); }, m.content);
}

bool Participant::is_early(Height height, ValidatorIndex from) {
  if (height != height_ + 1) return false;
  return std::count_if(early_.begin(), early_.end(), [from](const Message& m) {
           return m.from == from;
         }) < static_cast<std::ptrdiff_t>(early_max_per_sender);
}

void Participant::keep_early(ValidatorIndex from, const Content& content) {
  early_.push_back({from, content});
}

void Participant::on(ValidatorIndex from, const SignedBlock& b) {
  if (b.height != height_ || !running_) {
    if (is_early(b.height, from)) keep_early(from, Content(b));
    return;
  }
  if (!is_signed(b, *set_)) return;
  if (monitor_ != nullptr) monitor_->heard(Content(b));
  feed_block(b);
}

void Participant::feed_block(const SignedBlock& b) {
  const auto same = [&](const SignedBlock& known) {
    return known.round == b.round && known.value == b.value && known.pol_round == b.pol_round;
  };
  if (std::none_of(blocks_.begin(), blocks_.end(), same) && blocks_.size() < blocks_max)
    blocks_.push_back(b);
  known_blocks_.insert(b.value);
  const BlockFacts facts = facts_of(b.value);
  const bool valid = facts.valid && facts.height == b.height;
  feed(ProposalComplete{b.height, b.round, b.pol_round, b.value, b.proposer, valid, facts.timely});
}

void Participant::on(ValidatorIndex from, const SignedVote& v) {
  if (v.vote.height != height_ || !running_) {
    if (is_early(v.vote.height, from)) keep_early(from, Content(v));
    return;
  }
  if (!is_signed(v, *set_)) return;
  if (monitor_ != nullptr) monitor_->heard(Content(v));
  if (core_.wants(v.vote)) feed(VoteReceived{v.vote, v.signature});
}

void Participant::on(ValidatorIndex from, const Certificate& c) {
  if (c.height != height_ || !running_) {
    if (is_early(c.height, from)) keep_early(from, Content(c));
    return;
  }
  if (!is_proven(c, *set_)) return;
  if (monitor_ != nullptr) monitor_->heard(Content(c));
  feed(CertificateReceived{c});
}

void Participant::on(ValidatorIndex, const Decided& d) {
  const CommitCertificate& c = d.certificate;
  if (c.type != VoteType::precommit || c.height != height_ || !running_ || c.round.is_nil()) return;
  const BlockFacts facts = facts_of(c.block_id);
  if (!is_proven(c, *set_) || facts.height != c.height) return;
  if (monitor_ != nullptr) monitor_->heard(Content(d));
  const ValidatorIndex proposer = core_.proposer(c.round);
  feed(CertificateReceived{c});
  feed(ProposalComplete{c.height, c.round, Round::nil(), c.block_id, proposer, facts.valid});
}

void Participant::on(ValidatorIndex from, const Status& s) {
  if (const auto known = decided_.find(s.height); known != decided_.end())
    return around_.tell(self_, from, Content(Decided{known->second}));
  if (s.height == height_ && running_ && s.round < state().round)
    push_state([&](Content content) { around_.tell(self_, from, std::move(content)); });
}

void Participant::on(ValidatorIndex from, const WantBlock& want) {
  for (const SignedBlock& b : blocks_)
    if (b.height == want.height && b.value == want.value)
      return around_.tell(self_, from, Content(b));
}

void Participant::own(const Content& content) {
  if (const auto* v = std::get_if<SignedVote>(&content))
    if (v->vote.height == height_ && running_) feed(VoteReceived{v->vote, v->signature});
  if (const auto* b = std::get_if<SignedBlock>(&content))
    if (b->height == height_ && running_) feed_block(*b);
}

// Everything a peer at this height may lack (ConsensusActor::push_state).
void Participant::push_state(const std::function<void(Content)>& to) {
  const Round round = state().round;
  if (round.is_nil()) return;
  for (const SignedBlock& b : blocks_)
    if (b.round == round) to(Content(b));
  if (const auto& polka = core_.polka_certificate()) to(Content(*polka));
  for (std::int32_t r = std::max(0, round.get() - 1); r <= round.get(); ++r)
    for (const SignedVote& v : core_.votes(Round(r))) to(Content(v));
}

void Participant::tick() {
  if (!running_) return;
  const bool moved = !(state() == last_seen_);
  last_seen_ = state();
  if (moved) return;
  const auto all = [&](Content content) { around_.say(self_, std::move(content)); };
  all(Content(Status{height_, state().round}));
  push_state(all);
  for (const auto& [round, value] : core_.commit_quorums())
    all(Content(WantBlock{height_, round, value}));
  // The lock came back from the sign-state, its block did not: without it we cannot propose again.
  if (const auto& valid = state().valid; valid && !known_blocks_.contains(valid->second))
    all(Content(WantBlock{height_, valid->first, valid->second}));
}

// ---- effects

void Participant::perform(const GetValue& e) {
  const BlockId value = block_of({e.height, self_, ++blocks_built_, true});
  known_blocks_.insert(value);
  feed(ProposeValue{e.height, e.round, value});
}

bool Participant::sign(const Intent& intent, const Signature& signature) {
  if (monitor_ == nullptr) return true;
  const Hash32 message = hash_of(signature);
  const auto judged = signer_.judge(intent, message);
  if (!judged) {
    monitor_->refused(self_, judged.error().to_string());
    return false;
  }
  if (*judged) return true;
  const SignRecord record = signer_.next_record(intent, message, signature);
  if (!signer_.apply(record)) monitor_->refused(self_, "its record does not fit");
  sign_records_.push_back(record);
  return true;
}

void Participant::perform(const SignProposal& e) {
  // Its bytes were lost with a crash: nobody else proposes in this round, so the wait is ours too.
  if (!known_blocks_.contains(e.value))
    return perform(ScheduleTimeout{Step::propose, e.height, e.round, 0});
  const SignedBlock block =
      key_.sign(SignedBlock{e.height, e.round, e.pol_round, e.value, self_, {}});
  Intent intent;
  intent.kind = SignedKind::proposal;
  intent.height = e.height;
  intent.round = e.round;
  intent.pol_round = e.pol_round;
  intent.value = e.value;
  intent.parts.count = 1;
  intent.parts.total_bytes = 1;
  intent.validator = self_;
  intent.locked = to_signer(state().locked);
  intent.valid = to_signer(state().valid);
  if (!sign(intent, block.signature)) return;
  if (monitor_ != nullptr) monitor_->signed_block(block);
  around_.say(self_, Content(block));
  around_.return_own(self_, Content(block));
}

void Participant::perform(const SignVote& e) {
  const SignedVote vote = key_.sign(e.vote);
  Intent intent;
  intent.kind = e.vote.type == VoteType::prevote ? SignedKind::prevote : SignedKind::precommit;
  intent.height = e.vote.height;
  intent.round = e.vote.round;
  intent.pol_round = e.vote.pol_round;
  intent.value = e.vote.value;
  intent.validator = self_;
  intent.locked = to_signer(e.locked);
  intent.valid = to_signer(e.valid);
  if (!sign(intent, vote.signature)) return;
  if (monitor_ != nullptr) monitor_->signed_vote(vote);
  around_.say(self_, Content(vote));
  around_.return_own(self_, Content(vote));
}

void Participant::perform(const ScheduleTimeout& e) {
  around_.start_timer(self_, timeout_duration(timeouts, e.step, e.round),
                      {e.step, e.height, e.round, e.generation});
}

void Participant::perform(const RoundFailed& e) {
  around_.start_timer(self_, {}, {Step::precommit, e.height, e.round, e.generation});
}

void Participant::perform(const EnterRound& e) {
  if (e.round == Round(0)) return;
  if (const auto& polka = core_.polka_certificate()) around_.say(self_, Content(*polka));
}

void Participant::perform(const NewLock& e) { around_.say(self_, Content(e.certificate)); }

void Participant::perform(const Decide& e) {
  if (monitor_ != nullptr) {
    monitor_->decided(self_, e, state().round);
    // S13: a decided height is never signed in again, whoever decided it.
    const auto mark = signer_.next_watermark(e.height, round_all);
    if (!mark || (*mark && !signer_.apply(**mark)))
      monitor_->refused(self_, "the watermark does not rise");
  }
  decided_[e.height] = e.certificate;
  running_ = false;
  around_.plan_next_height(self_);
}

void Participant::perform(const Equivocation& e) {
  ++equivocations_;
  if (monitor_ != nullptr) monitor_->accused(self_, e);
}

void Participant::perform(const AmnesiaFound& e) {
  ++equivocations_;
  if (monitor_ != nullptr) monitor_->accused(self_, e);
}

void Participant::perform(const ProposalEquivocation& e) {
  ++equivocations_;
  if (monitor_ != nullptr) monitor_->accused(self_, e);
}

// ---- crashes

void Participant::restart(bool with_log) {
  early_.clear();
  const bool was_running = running_;
  core_ = ConsensusCore();
  if (!was_running) return around_.plan_next_height(self_);
  // The newest lock comes from the sign records, also when there is a log: an earlier crash may
  // have taken the part of the log that locked.
  for (const SignRecord& r : sign_records_) {
    if (r.kind == SignedKind::proposal)
      take(core_.apply(RestoreOwnProposal{r.height, r.round, *r.value}));
    else
      take(core_.apply(RestoreOwnVote{SignedVote{vote_of(r), r.signature}, to_core(r.locked),
                                      to_core(r.valid)}));
  }
  const std::vector<Input> log = std::exchange(log_, {});
  if (with_log) {
    take(core_.apply(SetReplaying{true}));
    for (const Input& input : log) feed(input);
    take(core_.apply(SetReplaying{false}));
  } else {
    blocks_.clear();
    known_blocks_.clear();
    feed(StartHeight{height_, set_, around_.proposers(height_), self_});
  }
  for (const SignRecord& r : std::vector<SignRecord>(sign_records_))
    if (r.kind != SignedKind::proposal && running_) feed(VoteReceived{vote_of(r), r.signature});
}

}  // namespace witan::campaign
