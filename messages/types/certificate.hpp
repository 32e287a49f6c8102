// Sets of votes that prove something: a polka (prevotes) or a decision (precommits).
#pragma once
#include <vector>

#include "messages/types/vote.hpp"

namespace witan {

struct CertificateSignature {
  ValidatorIndex validator = 0;  // strictly increasing inside a certificate
  Round pol_round;               // part of the signed bytes
  Signature signature;
  bool operator==(const CertificateSignature&) const = default;
};

// More than two thirds of the voting power voted `type` for `block_id` in (height, round).
struct Certificate {
  VoteType type = VoteType::precommit;
  Height height;
  Round round;
  BlockId block_id;
  std::vector<CertificateSignature> signatures;
  bool operator==(const Certificate&) const = default;
};
using PolkaCertificate = Certificate;   // type == prevote
using CommitCertificate = Certificate;  // type == precommit

// Why everybody may be in a later round of a height: votes of distinct validators, strictly
// increasing, with their own signatures. Fed to the core vote by vote; it needs no rule of its own.
struct RoundCertificate {
  enum class Kind : std::uint8_t {
    precommit = 1,  // more than two thirds of the power precommitted in `round` (anything)
    skip = 2,       // more than one third voted in `round`
  };
  Kind kind = Kind::skip;
  Height height;
  Round round;
  std::vector<SignedVote> votes;  // all of `height` and `round`
  bool operator==(const RoundCertificate&) const = default;
};

}  // namespace witan
