#include "actors/consensus/core/vote_keeper.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::consensus {

void VoteKeeper::reset(Height height, ValidatorSetPtr set) {
  height_ = height;
  set_ = std::move(set);
  thresholds_ = Thresholds::of(*set_);
  current_ = Round(0);
  base_ = 0;
  window_.clear();
  window_.resize(rounds_kept_past + rounds_kept_future + 1);
  far_.clear();
  displaced_.clear();
  far_power_ = 0;
  skip_round_ = Round::nil();
  commits_.clear();
  proofs_.clear();
  evidence_.clear();
  amnesia_.clear();
}

bool VoteKeeper::is_known(const Vote& vote) const {
  return set_ && vote.height == height_ && vote.validator < set_->size() && !vote.round.is_nil() &&
         vote.round.get() <= round_max;
}

const RoundTally* VoteKeeper::tally(Round round) const {
  const std::int64_t i = std::int64_t{round.get()} - base_;
  if (i < 0 || i >= static_cast<std::int64_t>(window_.size())) return nullptr;
  return window_[static_cast<std::size_t>(i)].get();
}

// REQUIRES: window_begin() <= round <= window_end().
RoundTally& VoteKeeper::tally_for(Round round) {
  auto& place = window_[static_cast<std::size_t>(round.get() - base_)];
  if (!place)
    place = std::make_unique<RoundTally>(height_, round, *set_, thresholds_, votes_per_validator_);
  return *place;
}

// vote path 7/10: counted; true when a threshold was crossed, evidence when it contradicts another
bool VoteKeeper::add(const SignedVote& vote) {
  if (!is_known(vote.vote) || vote.vote.round < window_begin()) return false;
  if (vote.vote.round > window_end()) return add_far(vote.vote.round, vote.vote.validator, &vote);
  return add_exact(vote);
}

bool VoteKeeper::add_exact(const SignedVote& signed_vote) {
  const Vote& vote = signed_vote.vote;
  RoundTally& tally = tally_for(vote.round);
  VoteOutcome outcome = tally.add(vote, signed_vote.signature);
  if (outcome.conflicts_with) evidence_.emplace_back(*outcome.conflicts_with, signed_vote);
  if (outcome.counted)
    if (const auto other = amnesia_with(vote))
      vote.type == VoteType::prevote ? amnesia_.emplace_back(*other, signed_vote)
                                     : amnesia_.emplace_back(signed_vote, *other);
  if (outcome.value_quorum && vote.type == VoteType::precommit && vote.value)
    note_commit(vote.round, *vote.value);
  if ((!outcome.crossed && displaced_.empty()) || vote.round <= current_) return outcome.crossed;
  if (vote.round <= skip_round_ || !supported(tally)) return outcome.crossed;
  skip_round_ = vote.round;
  return true;
}

// L55 inside the window: senders of the round, and those whose vote of it may have been displaced.
bool VoteKeeper::supported(const RoundTally& tally) const {
  if (tally.honest_senders()) return true;
  std::uint64_t power = tally.sender_power();
  for (std::size_t i = 0; i < displaced_.size(); ++i) {
    const auto v = static_cast<ValidatorIndex>(i);
    if (displaced_[i] >= tally.round() && !tally.is_sender(v)) power += set_->at(v).power;
  }
  return power >= thresholds_.honest;
}

bool VoteKeeper::add_proposer(Round round, ValidatorIndex validator) {
  if (validator >= set_->size() || round <= current_) return false;
  if (round > window_end()) return add_far(round, validator, nullptr);
  RoundTally& tally = tally_for(round);
  tally.add_sender(validator);
  if (round <= skip_round_ || !supported(tally)) return false;
  skip_round_ = round;
  return true;
}

bool VoteKeeper::add(const Certificate& c) {
  if (!set_ || c.height != height_ || c.round.is_nil() || c.round.get() > round_max) return false;
  std::uint64_t power = 0;
  for (std::size_t i = 0; i < c.signatures.size(); ++i) {
    const ValidatorIndex v = c.signatures[i].validator;
    if (v >= set_->size() || (i > 0 && v <= c.signatures[i - 1].validator)) return false;
    power += set_->at(v).power;
  }
  if (power < thresholds_.quorum) return false;
  if (c.round >= window_begin() && c.round <= window_end())
    for (const CertificateSignature& s : c.signatures)
      add_exact(
          {Vote{c.type, c.height, c.round, c.block_id, s.pol_round, s.validator}, s.signature});
  if (!has_quorum(c.type, c.round, c.block_id)) add_proof(c);
  if (c.type == VoteType::precommit) note_commit(c.round, c.block_id);
  if (c.round > current_ && c.round > skip_round_) skip_round_ = c.round;
  return true;
}

void VoteKeeper::note_commit(Round round, const BlockId& value) {
  const RoundValue found{round, value};
  if (std::find(commits_.begin(), commits_.end(), found) == commits_.end())
    commits_.push_back(found);
}

void VoteKeeper::add_proof(const Certificate& certificate) {
  if (proof(certificate.type, certificate.round, certificate.block_id)) return;
  if (proofs_.size() == proofs_max) {
    // Commit certificates are worth more than polkas, later polkas more than earlier ones.
    const auto least =
        std::min_element(proofs_.begin(), proofs_.end(), [](const auto& a, const auto& b) {
          return std::pair(a.type, a.round) < std::pair(b.type, b.round);
        });
    if (std::pair(certificate.type, certificate.round) < std::pair(least->type, least->round))
      return;
    proofs_.erase(least);
  }
  proofs_.push_back(certificate);
}

const Certificate* VoteKeeper::proof(VoteType type, Round round, const BlockId& value) const {
  for (const Certificate& c : proofs_)
    if (c.type == type && c.round == round && c.block_id == value) return &c;
  return nullptr;
}

bool VoteKeeper::has_quorum(VoteType type, Round round, const ValueId& value) const {
  const RoundTally* t = tally(round);
  if (t && t->value_quorum(type, value)) return true;
  return value && !proofs_.empty() && proof(type, round, *value) != nullptr;
}

bool VoteKeeper::has_quorum_any(VoteType type, Round round) const {
  const RoundTally* t = tally(round);
  return t && t->any_quorum(type);
}

std::optional<Certificate> VoteKeeper::certificate(VoteType type, Round round,
                                                   const BlockId& value) const {
  if (const RoundTally* t = tally(round))
    if (auto c = t->certificate(type, value)) return c;
  if (const Certificate* c = proof(type, round, value)) return *c;
  return std::nullopt;
}

std::vector<SignedVote> VoteKeeper::votes(Round round) const {
  const RoundTally* t = tally(round);
  return t ? t->votes() : std::vector<SignedVote>{};
}

bool VoteKeeper::wants(const Vote& vote) const {
  if (!is_known(vote) || vote.round < window_begin()) return false;
  if (vote.round > window_end()) {
    if (far_.empty()) return true;
    const FarSlots& slots = far_[vote.validator];
    for (const FarSlot& s : slots)
      if (s.round == vote.round) return !(vote.type == VoteType::prevote ? s.prevote : s.precommit);
    return std::any_of(slots.begin(), slots.end(),
                       [&](const FarSlot& s) { return s.round < vote.round; });
  }
  const RoundTally* t = tally(vote.round);
  if (t && t->is_conflict(vote)) return true;              // evidence
  if (t && !t->is_new(vote)) return false;                 // duplicate, or past the cap
  if (amnesia_with(vote)) return true;                     // evidence
  if (vote.round < current_ && !vote.value) return false;  // no rule reads old nil votes
  return !has_quorum(vote.type, vote.round, vote.value);   // surplus: the sum is reached already
}

// The slot to use for (round, validator), or nullptr when two higher rounds are held.
VoteKeeper::FarSlot* VoteKeeper::far_slot_for(Round round, ValidatorIndex validator) {
  if (far_.empty()) far_.resize(set_->size());
  FarSlots& slots = far_[validator];
  for (FarSlot& s : slots)
    if (s.round == round) return &s;
  FarSlot* lowest = &slots[0];
  bool was_empty = true;
  for (FarSlot& s : slots) {
    if (s.round < lowest->round) lowest = &s;
    was_empty = was_empty && s.round.is_nil();
  }
  if (!lowest->round.is_nil()) {
    if (displaced_.empty()) displaced_.resize(set_->size());
    Round& gone = displaced_[validator];
    gone = std::max(gone, std::min(lowest->round, round));
  }
  if (lowest->round >= round) return nullptr;
  if (was_empty) far_power_ += set_->at(validator).power;
  *lowest = FarSlot{round, {}, {}};
  return lowest;
}

bool VoteKeeper::add_far(Round round, ValidatorIndex validator, const SignedVote* vote) {
  FarSlot* slot = far_slot_for(round, validator);
  if (!slot) return false;
  if (vote) {
    auto& place = vote->vote.type == VoteType::prevote ? slot->prevote : slot->precommit;
    if (!place) place = *vote;
  }
  const Round before = skip_round_;
  find_far_skip();
  return skip_round_ > before;
}

// (f+1)-th highest far round. Costs a sort only once f+1 validators are far ahead, and then we
// skip.
void VoteKeeper::find_far_skip() {
  if (far_power_ < thresholds_.honest) return;
  std::vector<std::pair<Round, std::uint64_t>> heads;
  for (std::size_t v = 0; v < far_.size(); ++v) {
    const Round head = std::max(far_[v][0].round, far_[v][1].round);
    if (!head.is_nil()) heads.emplace_back(head, set_->at(static_cast<ValidatorIndex>(v)).power);
  }
  std::sort(heads.begin(), heads.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::uint64_t power = 0;
  for (const auto& [round, p] : heads) {
    power += p;
    if (power >= thresholds_.honest) {
      skip_round_ = std::max(skip_round_, round);
      return;
    }
  }
}

void VoteKeeper::enter(Round round) {
  WITAN_CHECK(round >= current_, round.get(), current_.get());
  current_ = round;
  shift_window();
  if (skip_round_ <= current_) skip_round_ = Round::nil();
  for (std::int32_t r = window_end().get(); r > current_.get() && skip_round_ < Round(r); --r)
    if (const RoundTally* t = tally(Round(r)); t && supported(*t)) skip_round_ = Round(r);
  promote_far();
  // Certificates that were ahead of the window: count their members now.
  const std::vector<Certificate> ahead = proofs_;
  for (const Certificate& c : ahead)
    if (c.round >= current_ && c.round <= window_end()) add(c);
  std::erase_if(commits_, [&](const RoundValue& c) {
    return !has_quorum(VoteType::precommit, c.first, c.second);
  });
}

void VoteKeeper::shift_window() {
  const std::int32_t new_base = std::max(0, current_.get() - rounds_kept_past);
  const auto shift = static_cast<std::size_t>(new_base - base_);
  if (shift == 0) return;
  const std::size_t gone = std::min(shift, window_.size());
  for (std::size_t i = 0; i < gone; ++i)
    if (window_[i]) keep_quorums_of(*window_[i]);
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(gone));
  window_.resize(rounds_kept_past + rounds_kept_future + 1);
  base_ = new_base;
}

void VoteKeeper::keep_quorums_of(const RoundTally& tally) {
  for (const VoteType type : {VoteType::prevote, VoteType::precommit})
    for (const ValuePower& v : tally.powers(type))
      if (v.value && v.power >= thresholds_.quorum) add_proof(*tally.certificate(type, *v.value));
}

void VoteKeeper::promote_far() {
  if (far_.empty()) return;
  far_power_ = 0;
  for (std::size_t v = 0; v < far_.size(); ++v) {
    for (FarSlot& slot : far_[v]) {
      if (slot.round.is_nil() || slot.round > window_end()) continue;
      const FarSlot inside = std::exchange(slot, FarSlot{});
      if (inside.round < window_begin()) continue;
      add_proposer(inside.round, static_cast<ValidatorIndex>(v));
      if (inside.prevote) add_exact(*inside.prevote);
      if (inside.precommit) add_exact(*inside.precommit);
    }
    if (!far_[v][0].round.is_nil() || !far_[v][1].round.is_nil())
      far_power_ += set_->at(static_cast<ValidatorIndex>(v)).power;
  }
  find_far_skip();
}

std::vector<std::pair<SignedVote, SignedVote>> VoteKeeper::take_evidence() {
  return std::exchange(evidence_, {});
}

std::vector<std::pair<SignedVote, SignedVote>> VoteKeeper::take_amnesia() {
  return std::exchange(amnesia_, {});
}

// Round 0 costs nothing for prevotes, and a round without votes one null pointer.
std::optional<SignedVote> VoteKeeper::amnesia_with(const Vote& vote) const {
  if (!vote.value) return std::nullopt;
  const bool forgot = vote.type == VoteType::prevote;
  const std::int32_t first =
      forgot ? std::max(base_, vote.pol_round.get() + 1) : vote.round.get() + 1;
  const std::int32_t end = forgot ? vote.round.get() : window_end().get() + 1;
  for (std::int32_t r = first; r < end; ++r) {
    const RoundTally* t = tally(Round(r));
    if (t == nullptr) continue;
    const auto found = t->find(forgot ? VoteType::precommit : VoteType::prevote, vote.validator,
                               [&](const Vote& other) {
                                 return forgot ? is_amnesia(other, vote) : is_amnesia(vote, other);
                               });
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<SignedVote> VoteKeeper::contradicted_by(const Vote& vote) const {
  if (!is_known(vote)) return std::nullopt;
  if (const RoundTally* t = tally(vote.round))
    if (auto other = t->find(vote.type, vote.validator,
                             [&](const Vote& held) { return held.value != vote.value; }))
      return other;
  return amnesia_with(vote);
}

std::size_t VoteKeeper::vote_count() const {
  std::size_t count = 0;
  for (const auto& t : window_)
    if (t) count += t->vote_count();
  for (const FarSlots& slots : far_)
    for (const FarSlot& s : slots)
      count += std::size_t{s.prevote.has_value()} + s.precommit.has_value();
  return count;
}

}  // namespace witan::consensus
