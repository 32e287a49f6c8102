// Counts the votes of one round: dense arrays by validator index, power per value, O(1) per vote.
//
// Tally policy (decisions.md D9): every distinct vote of a validator counts for its own value, at
// most `votes_per_validator_max` of them per type; in the "any" sums a validator counts once.
// Invariants: (1) a value's power holds each validator at most once; (2) any-power(type) <= total
// power; (3) memory <= 4 votes per validator and type. Finding a value scans the distinct values of
// the round, which are one or two unless validators equivocate (then at most four per equivocator).
// Not thread-safe.
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "messages/types/certificate.hpp"
#include "messages/types/evidence.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::consensus {

inline constexpr std::size_t votes_per_validator_max = 4;

// Least powers that are "more than two thirds" and "more than one third" of a set's total.
struct Thresholds {
  std::uint64_t quorum = 0;
  std::uint64_t honest = 0;
  static Thresholds of(const ValidatorSet& set);
};

// What adding a vote did. `crossed`: some threshold was reached for the first time by this vote.
struct VoteOutcome {
  bool counted = false;
  bool crossed = false;
  bool value_quorum = false;  // the threshold was the quorum of the vote's value
  std::optional<SignedVote>
      conflicts_with;  // the validator's first vote, when this is a different one
};

// One value and the power behind it in one (round, type).
struct ValuePower {
  ValueId value;
  std::uint64_t power = 0;
  bool operator==(const ValuePower&) const = default;
};

class RoundTally {
 public:
  // `set` outlives *this.
  RoundTally(Height height, Round round, const ValidatorSet& set, Thresholds thresholds,
             std::size_t votes_per_validator = votes_per_validator_max);

  // REQUIRES: vote.validator < set.size(), vote of this height and round.
  VoteOutcome add(const Vote& vote, const Signature& signature);
  // A proposal's sender also supports the round (L55 counts any message). True if L55 became
  // enabled.
  bool add_sender(ValidatorIndex validator);

  [[nodiscard]] bool any_quorum(VoteType type) const;
  [[nodiscard]] bool value_quorum(VoteType type, const ValueId& value) const;
  [[nodiscard]] bool honest_senders() const { return sender_power_ >= thresholds_.honest; }
  [[nodiscard]] std::uint64_t sender_power() const { return sender_power_; }
  [[nodiscard]] bool is_sender(ValidatorIndex validator) const { return senders_[validator]; }
  // Would this vote be counted or be evidence? False for duplicates and past the cap.
  [[nodiscard]] bool is_new(const Vote& vote) const;
  [[nodiscard]] bool is_conflict(const Vote& vote) const;

  // All votes held, by type, first votes in validator order, then equivocating ones by arrival.
  [[nodiscard]] std::vector<SignedVote> votes() const;
  // nullopt unless the votes held for `value` are a quorum.
  [[nodiscard]] std::optional<Certificate> certificate(VoteType type, const BlockId& value) const;
  // The first vote held of this validator that fits; pred(const Vote&) -> bool.
  template <class Pred>
  [[nodiscard]] std::optional<SignedVote> find(VoteType type, ValidatorIndex validator,
                                               const Pred& pred) const;
  [[nodiscard]] std::vector<ValuePower> powers(VoteType type) const;
  [[nodiscard]] std::uint64_t any_power(VoteType type) const { return side(type).any_power; }
  [[nodiscard]] std::uint64_t power_of(VoteType type, const ValueId& value) const;
  [[nodiscard]] std::size_t vote_count() const;
  [[nodiscard]] Round round() const { return round_; }

 private:
  static constexpr std::uint16_t none = 0xffff;
  struct Stored {  // a validator's first vote
    Signature signature;
    Round pol_round;
    std::uint16_t value = none;  // position in Side::values
  };
  struct Extra {  // a validator's later, different vote
    ValidatorIndex validator = 0;
    Stored stored;
  };
  struct Side {  // votes of one type
    std::vector<Stored> first;
    std::vector<Extra> extra;
    std::vector<ValuePower> values;
    std::uint64_t any_power = 0;
  };
  [[nodiscard]] const Side& side(VoteType type) const {
    return sides_[type == VoteType::precommit];
  }
  [[nodiscard]] static std::uint16_t find_value(const Side& side, const ValueId& value);
  [[nodiscard]] bool room_for_extra(const Side& side, ValidatorIndex v, std::uint16_t value) const;
  [[nodiscard]] SignedVote rebuild(VoteType type, ValidatorIndex v, const Stored& stored) const;

  Height height_;
  Round round_;
  const ValidatorSet* set_;
  Thresholds thresholds_;
  std::size_t votes_per_validator_;
  std::array<Side, 2> sides_;
  std::vector<bool> senders_;
  std::uint64_t sender_power_ = 0;
};

template <class Pred>
std::optional<SignedVote> RoundTally::find(VoteType type, ValidatorIndex validator,
                                           const Pred& pred) const {
  const Side& s = side(type);
  if (s.first.empty() || s.first[validator].value == none) return std::nullopt;
  if (SignedVote vote = rebuild(type, validator, s.first[validator]); pred(vote.vote)) return vote;
  for (const Extra& e : s.extra) {
    if (e.validator != validator) continue;
    if (SignedVote vote = rebuild(type, validator, e.stored); pred(vote.vote)) return vote;
  }
  return std::nullopt;
}

}  // namespace witan::consensus
