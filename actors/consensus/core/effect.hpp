// What the consensus core asks of the world, in the order in which it must happen.
#pragma once
#include <cstdint>
#include <optional>
#include <variant>

#include "actors/consensus/core/input.hpp"

namespace witan::consensus {

// Ask the ledger for a block; answered by ProposeValue.
struct GetValue {
  Height height;
  Round round;
  bool operator==(const GetValue&) const = default;
};

// Sign, make durable, publish, and feed back as ProposalComplete.
struct SignProposal {
  Height height;
  Round round;
  Round pol_round;
  BlockId value;
  bool operator==(const SignProposal&) const = default;
};

// Sign, make durable together with `locked` and `valid`, publish, and feed back as VoteReceived.
// The vote's validator is self. A prevote's pol_round is the newest polka known to justify it: the
// valid round of L28 or the round of an own lock on the same block, whichever is later; nil if
// there is neither. Saying the own lock is what lets amnesia be proved without ever accusing a
// correct validator that unlocked (messages/types/evidence.hpp).
struct SignVote {
  Vote vote;
  std::optional<RoundValue> locked, valid;
  bool operator==(const SignVote&) const = default;
};

// Start a timer (duration: liveness.hpp). Timers are never cancelled: a stale one is a no-op (P6,
// P7).
struct ScheduleTimeout {
  Step step = Step::propose;
  Height height;
  Round round;
  std::uint64_t generation = 0;
  bool operator==(const ScheduleTimeout&) const = default;
};

// Nothing of this round is worth waiting for: its proposal timed out here, and 2f+1 prevoted and
// 2f+1 precommitted nil. So neither a decision nor a lock of the round can exist, and what the
// precommit timer waits for cannot come: it may go off now. The rules are unchanged (L47 started
// the timer, L65 ends the round); a timeout may have any length. No round is shorter than its
// propose timeout, so rounds cannot spin.
struct RoundFailed {
  Height height;
  Round round;
  std::uint64_t generation = 0;  // of the precommit timer
  bool operator==(const RoundFailed&) const = default;
};

// Event: a round began.
struct EnterRound {
  Height height;
  Round round;
  ValidatorIndex proposer = 0;
  bool operator==(const EnterRound&) const = default;
};

// We locked on the value of this polka. Push the certificate to peers: a lock nobody else can
// justify costs the network rounds (hidden-lock countermeasure).
struct NewLock {
  PolkaCertificate certificate;
  bool operator==(const NewLock&) const = default;
};

// Final. `round` is the round of the commit quorum.
struct Decide {
  Height height;
  Round round;
  BlockId value;
  CommitCertificate certificate;
  bool operator==(const Decide&) const = default;
};

// One validator signed two different votes for the same (height, round, type).
struct Equivocation {
  SignedVote first, second;
  bool operator==(const Equivocation&) const = default;
};

// One validator precommitted a block and later prevoted another without a polka that allows it
// (is_amnesia, messages/types/evidence.hpp).
struct AmnesiaFound {
  SignedVote precommit, prevote;
  bool operator==(const AmnesiaFound&) const = default;
};

// The proposer of a round proposed two values, whose blocks are both here. The signed proposals are
// in the block book, which tells of a second one before its block is whole.
struct ProposalEquivocation {
  Height height;
  Round round;
  ValidatorIndex proposer = 0;
  BlockId value_a, value_b;
  bool operator==(const ProposalEquivocation&) const = default;
};

using Effect =
    std::variant<GetValue, SignProposal, SignVote, ScheduleTimeout, RoundFailed, EnterRound,
                 NewLock, Decide, Equivocation, AmnesiaFound, ProposalEquivocation>;

}  // namespace witan::consensus
