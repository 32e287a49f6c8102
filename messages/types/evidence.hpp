// Evidence: signed statements of one validator that no correct validator ever makes together.
//
// Every kind is self-contained: it accuses exactly one validator, by that validator's own
// signatures, and is judged from its own bytes and the validator set. What a correct validator
// promises, and which kind shows that a promise was broken:
//   P1  one vote per (height, round, type)          duplicate_prevote, duplicate_precommit
//   P2  one proposal per (height, round)            duplicate_proposal
//   P3  no prevote against an own precommit, unless a polka of that precommit's round or a later
//       one justifies it                            amnesia
//   P4  precommits only headers that this chain prescribes      forged_header
//   P5  precommits of one height are for children of one parent, and the same transactions on the
//       same state have one result                  conflicting_headers
// P1 to P3 are kept by the signing rules across restarts (crypto/sign_state.hpp), P4 and P5 because
// a validator executes a block on its one committed chain before it prevotes it. Proofs:
// docs/evidence.md. Duplicate precommits, forged and conflicting headers are what a light-client
// attack leaves behind (crypto/verify_evidence.hpp accuse).
#pragma once
#include <optional>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "messages/base/time.hpp"
#include "messages/types/block.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/vote.hpp"

namespace witan {

// Canonical order of a pair: the first one is the smaller (see `ordered` below).
struct DuplicateVote {
  SignedVote first, second;
  bool operator==(const DuplicateVote&) const = default;
};
struct DuplicateProposal {
  SignedProposal first, second;
  bool operator==(const DuplicateProposal&) const = default;
};
struct Amnesia {
  SignedVote precommit;  // for a block, in an earlier round of the same height
  SignedVote prevote;    // for another block
  bool operator==(const Amnesia&) const = default;
};
// A header and a precommit for its block id.
struct HeaderVote {
  Header header;
  SignedVote precommit;
  bool operator==(const HeaderVote&) const = default;
};
struct ForgedHeader {
  HeaderVote forged;
  bool operator==(const ForgedHeader&) const = default;
};
struct ConflictingHeaders {
  HeaderVote first, second;
  bool operator==(const ConflictingHeaders&) const = default;
};

using Evidence =
    std::variant<DuplicateVote, DuplicateProposal, Amnesia, ForgedHeader, ConflictingHeaders>;

enum class EvidenceKind : std::uint8_t {
  duplicate_prevote = 1,
  duplicate_precommit = 2,
  duplicate_proposal = 3,
  amnesia = 4,
  forged_header = 5,
  conflicting_headers = 6,
};

[[nodiscard]] constexpr std::string_view name_of(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::duplicate_prevote:
      return "duplicate_prevote";
    case EvidenceKind::duplicate_precommit:
      return "duplicate_precommit";
    case EvidenceKind::duplicate_proposal:
      return "duplicate_proposal";
    case EvidenceKind::amnesia:
      return "amnesia";
    case EvidenceKind::forged_header:
      return "forged_header";
    case EvidenceKind::conflicting_headers:
      return "conflicting_headers";
  }
  return "unknown";
}

// One offence: what is counted once, however many pairs of signatures show it.
struct EvidenceKey {
  Height height;
  Round round;  // of the later statement
  EvidenceKind kind = EvidenceKind::duplicate_prevote;
  ValidatorIndex validator = 0;  // in the set of `height`
  auto operator<=>(const EvidenceKey&) const = default;
};

[[nodiscard]] EvidenceKey key_of(const Evidence& evidence);

// Pairs in their canonical order, from statements in any order.
[[nodiscard]] DuplicateVote ordered(const SignedVote& a, const SignedVote& b);
[[nodiscard]] DuplicateProposal ordered(const SignedProposal& a, const SignedProposal& b);
[[nodiscard]] ConflictingHeaders ordered(const HeaderVote& a, const HeaderVote& b);
[[nodiscard]] bool is_before(const Vote& a, const Vote& b);
[[nodiscard]] bool is_before(const Proposal& a, const Proposal& b);

// The amnesia condition (P3), on two votes of one validator. A correct validator that precommitted
// w in round r' has locked.round >= r' ever after (in that height). When it prevotes v != w in
// r > r', either its lock is on v, of a round above r' (a round has one lock), and it says a
// pol_round of at least the lock's; or rule L28 let it prevote against its lock, so
// pol_round >= locked.round >= r'. So pol_round < r' is never a correct validator's, whatever it
// unlocked on.
[[nodiscard]] bool is_amnesia(const Vote& precommit, const Vote& prevote);

// When evidence is too old to be put into a block: both limits must be passed, as in CometBFT, so
// that a fast chain is not short of time and a halted one not short of blocks.
struct EvidenceAge {
  std::uint64_t blocks_max = 0;
  Duration time_max;
};
// Whether the height alone cannot say that it is young enough; then the time of its block decides.
[[nodiscard]] constexpr bool needs_time(const EvidenceAge& age, Height evidence, Height tip) {
  return evidence < tip && tip.get() - evidence.get() > age.blocks_max;
}
[[nodiscard]] constexpr bool is_expired(const EvidenceAge& age, Height evidence,
                                        UnixTime evidence_time, Height tip, UnixTime tip_time) {
  return needs_time(age, evidence, tip) && tip_time - evidence_time > age.time_max;
}

}  // namespace witan
