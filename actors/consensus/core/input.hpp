// Everything that can happen to the consensus core, as data. The actor builds these from messages
// whose signatures it has verified, from the ledger's answers, from timers and from the log.
//
// Contract: inputs of another height are no-ops (the actor buffers the next height's ones), and so
// is everything between Decide and the next StartHeight. An input never fails: what no rule uses is
// ignored.
#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "messages/types/certificate.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/validator_set.hpp"
#include "messages/types/vote.hpp"

namespace witan::consensus {

// A value and the round of the polka that made it locked or valid.
using RoundValue = std::pair<Round, BlockId>;

// Begins a height at round 0 and forgets the previous one (the guards on own messages remain).
// Round r is proposed by proposers[r % size]; an index outside the set means nobody may propose.
// REQUIRES: validators != nullptr, proposers not empty, self (if any) inside the set.
struct StartHeight {
  Height height;
  ValidatorSetPtr validators;
  std::vector<ValidatorIndex> proposers;
  std::optional<ValidatorIndex> self;  // none: follow without voting
};

// Answer to GetValue. Used once, while still in the propose step of that round.
struct ProposeValue {
  Height height;
  Round round;
  BlockId value;
};

// A signed proposal whose whole block was received and executed. `timely`: its time agreed with
// this node's clock when it was first proposed; it matters only for a proposal without polka, which
// is answered with nil when it is not (P39), and never for validity. `valid` is the executor's
// verdict; the same proposal may come again as valid after it was invalid, the reverse is ignored
// (P21). A block learnt together with a commit certificate is fed as the proposal of the
// certificate's round, by the proposer of that round (P14).
struct ProposalComplete {
  Height height;
  Round round;
  Round pol_round;
  BlockId value;
  ValidatorIndex proposer = 0;
  bool valid = false;
  bool timely = true;
};

// A vote with a verified signature, ours included (own votes count only when they come back here,
// after they are durable). The signature is kept so that certificates can be assembled.
struct VoteReceived {
  Vote vote;
  Signature signature;
};

// A verified polka or commit certificate; applied as a whole (P18).
struct CertificateReceived {
  Certificate certificate;
};

// A timer went off. Only the newest timer of the current (height, round, step) acts (P29).
// Generation 0, which no timer has, names none in particular: (height, round, step) decide alone.
// So it is for every timer while replaying, whose generations are those of an earlier process.
struct TimeoutFired {
  Step step = Step::propose;
  Height height;
  Round round;
  std::uint64_t generation = 0;
};

// An own vote that may already be in the world, read from the sign-state or the log, with the lock
// and valid value recorded beside it. Feed all of them before StartHeight (P8): the core never
// again asks to sign anything at or before the newest one, and starts that height with the newest
// lock. It is a guard, not a message: to count the vote, feed it as VoteReceived too.
struct RestoreOwnVote {
  SignedVote vote;
  std::optional<RoundValue> locked = std::nullopt;
  std::optional<RoundValue> valid = std::nullopt;
};

// Likewise for an own proposal (P9): no other value is proposed, or asked for, at or before its
// round.
struct RestoreOwnProposal {
  Height height;
  Round round;
  BlockId value;
};

// Log replay. Between true and false inputs rebuild the state; only Decide and evidence are
// emitted. The end emits what is still to be done: enter the current round, its live timers, a
// value still awaited, the lock of this round, and signatures of this round that no restored record
// covers.
struct SetReplaying {
  bool on = false;
};

using Input =
    std::variant<StartHeight, ProposeValue, ProposalComplete, VoteReceived, CertificateReceived,
                 TimeoutFired, RestoreOwnVote, RestoreOwnProposal, SetReplaying>;

}  // namespace witan::consensus
