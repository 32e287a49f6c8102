#include "actors/consensus/core/round_tally.hpp"

#include <algorithm>

#include "messages/base/int_math.hpp"

namespace witan::consensus {

Thresholds Thresholds::of(const ValidatorSet& set) {
  const std::uint64_t total = set.power_total();
  return {.quorum = mul_div_floor(total, 2, 3) + 1, .honest = total / 3 + 1};
}

RoundTally::RoundTally(Height height, Round round, const ValidatorSet& set, Thresholds thresholds,
                       std::size_t votes_per_validator)
    : height_(height),
      round_(round),
      set_(&set),
      thresholds_(thresholds),
      votes_per_validator_(votes_per_validator),
      senders_(set.size(), false) {}

std::uint16_t RoundTally::find_value(const Side& side, const ValueId& value) {
  for (std::size_t i = 0; i < side.values.size(); ++i)
    if (side.values[i].value == value) return static_cast<std::uint16_t>(i);
  return none;
}

// An equivocator's further vote: not one we hold already, and below the cap.
bool RoundTally::room_for_extra(const Side& side, ValidatorIndex v, std::uint16_t value) const {
  std::size_t held = 1;
  for (const Extra& e : side.extra) {
    if (e.validator != v) continue;
    if (e.stored.value == value) return false;
    ++held;
  }
  return held < votes_per_validator_;
}

VoteOutcome RoundTally::add(const Vote& vote, const Signature& signature) {
  Side& side = sides_[vote.type == VoteType::precommit];
  if (side.first.empty()) side.first.resize(set_->size());
  Stored& first = side.first[vote.validator];
  std::uint16_t value = find_value(side, vote.value);
  VoteOutcome out;
  const std::uint64_t power = set_->at(vote.validator).power;
  if (first.value != none) {
    if (value != none && (first.value == value || !room_for_extra(side, vote.validator, value)))
      return out;
    if (value == none && !room_for_extra(side, vote.validator, none)) return out;
    out.conflicts_with = rebuild(vote.type, vote.validator, first);
  }
  if (value == none) {
    value = static_cast<std::uint16_t>(side.values.size());
    side.values.push_back({vote.value, 0});
  }
  const Stored stored{signature, vote.pol_round, value};
  if (out.conflicts_with) {
    side.extra.push_back({vote.validator, stored});
  } else {
    first = stored;
    const bool before = side.any_power >= thresholds_.quorum;
    side.any_power += power;
    out.crossed = !before && side.any_power >= thresholds_.quorum;
    if (add_sender(vote.validator)) out.crossed = true;
  }
  ValuePower& tally = side.values[value];
  out.value_quorum = tally.power < thresholds_.quorum && tally.power + power >= thresholds_.quorum;
  tally.power += power;
  out.crossed = out.crossed || out.value_quorum;
  out.counted = true;
  return out;
}

bool RoundTally::add_sender(ValidatorIndex validator) {
  if (senders_[validator]) return false;
  senders_[validator] = true;
  const bool before = honest_senders();
  sender_power_ += set_->at(validator).power;
  return !before && honest_senders();
}

bool RoundTally::any_quorum(VoteType type) const {
  return side(type).any_power >= thresholds_.quorum;
}

bool RoundTally::value_quorum(VoteType type, const ValueId& value) const {
  const Side& s = side(type);
  const std::uint16_t i = find_value(s, value);
  return i != none && s.values[i].power >= thresholds_.quorum;
}

bool RoundTally::is_conflict(const Vote& vote) const {
  const Side& s = side(vote.type);
  if (s.first.empty() || s.first[vote.validator].value == none) return false;
  const std::uint16_t value = find_value(s, vote.value);
  return s.first[vote.validator].value != value && room_for_extra(s, vote.validator, value);
}

bool RoundTally::is_new(const Vote& vote) const {
  const Side& s = side(vote.type);
  return s.first.empty() || s.first[vote.validator].value == none || is_conflict(vote);
}

SignedVote RoundTally::rebuild(VoteType type, ValidatorIndex v, const Stored& stored) const {
  const Side& s = side(type);
  return {Vote{type, height_, round_, s.values[stored.value].value, stored.pol_round, v},
          stored.signature};
}

std::vector<SignedVote> RoundTally::votes() const {
  std::vector<SignedVote> out;
  for (const VoteType type : {VoteType::prevote, VoteType::precommit}) {
    const Side& s = side(type);
    for (std::size_t v = 0; v < s.first.size(); ++v)
      if (s.first[v].value != none)
        out.push_back(rebuild(type, static_cast<ValidatorIndex>(v), s.first[v]));
    for (const Extra& e : s.extra) out.push_back(rebuild(type, e.validator, e.stored));
  }
  return out;
}

std::optional<Certificate> RoundTally::certificate(VoteType type, const BlockId& value) const {
  const Side& s = side(type);
  const std::uint16_t slot = find_value(s, value);
  if (slot == none || s.values[slot].power < thresholds_.quorum) return std::nullopt;
  Certificate out{type, height_, round_, value, {}};
  for (std::size_t v = 0; v < s.first.size(); ++v)
    if (s.first[v].value == slot)
      out.signatures.push_back(
          {static_cast<ValidatorIndex>(v), s.first[v].pol_round, s.first[v].signature});
  for (const Extra& e : s.extra)
    if (e.stored.value == slot)
      out.signatures.push_back({e.validator, e.stored.pol_round, e.stored.signature});
  std::sort(out.signatures.begin(), out.signatures.end(),
            [](const auto& a, const auto& b) { return a.validator < b.validator; });
  return out;
}

std::vector<ValuePower> RoundTally::powers(VoteType type) const { return side(type).values; }

std::uint64_t RoundTally::power_of(VoteType type, const ValueId& value) const {
  const Side& s = side(type);
  const std::uint16_t i = find_value(s, value);
  return i == none ? 0 : s.values[i].power;
}

std::size_t RoundTally::vote_count() const {
  std::size_t count = 0;
  for (const Side& s : sides_) {
    count += s.extra.size();
    count += static_cast<std::size_t>(std::count_if(
        s.first.begin(), s.first.end(), [](const Stored& x) { return x.value != none; }));
  }
  return count;
}

}  // namespace witan::consensus
