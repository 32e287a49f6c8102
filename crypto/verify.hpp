// From received to verified: the only maker of VerifiedVote, VerifiedProposal, VerifiedCertificate.
//
// Cheap checks come first (ranges, indices, power), signatures last; a certificate counts only if
// every signature in it verifies (P44, P47). What is checked here is what can be checked from the
// message and the validator set alone; whose turn it is to propose and which heights matter is the
// consensus core's decision.
#pragma once
#include <vector>

#include "crypto/durable.hpp"
#include "crypto/keys.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/types/certificate.hpp"
#include "messages/types/evidence.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/validator_set.hpp"
#include "messages/types/vote.hpp"

namespace witan {

// A T whose signatures verified against a validator set. Copyable; carries the proof in its type,
// so nothing is verified twice (P26).
template <class T>
class Verified {
 public:
  [[nodiscard]] const T& get() const { return value_; }
  [[nodiscard]] const T* operator->() const { return &value_; }
  // Voting power of the signer, or of all signers of a certificate.
  [[nodiscard]] std::uint64_t power() const { return power_; }
  bool operator==(const Verified&) const = default;

 private:
  friend class Verifier;
  Verified(T value, std::uint64_t power) : value_(std::move(value)), power_(power) {}
  T value_;
  std::uint64_t power_ = 0;
};
using VerifiedVote = Verified<SignedVote>;
using VerifiedProposal = Verified<SignedProposal>;
using VerifiedCertificate = Verified<Certificate>;
using VerifiedEvidence = Verified<Evidence>;

// Verifies against one validator set, whose keys it parses once. Immutable: one object may serve
// any number of threads. Build a new one when the set changes (an epoch).
class Verifier {
 public:
  // Errors: bad_key (validators.key), missing (no set).
  [[nodiscard]] static Result<Verifier> make(ChainId chain_id, ValidatorSetPtr set);

  // Errors of all three: unknown_type, out_of_range, unknown_validator, bad_signature, each naming
  // the field; a certificate also missing, too_large, malformed (order), insufficient_power.
  [[nodiscard]] Result<VerifiedVote> verify(const SignedVote& vote) const;
  [[nodiscard]] Result<VerifiedProposal> verify(const SignedProposal& proposal) const;
  [[nodiscard]] Result<VerifiedCertificate> verify(const Certificate& certificate) const;
  // The same in two steps, the cheap one first, so that several threads may share the second: the
  // power behind a well-formed certificate, and the signatures of any slice of it.
  // check_signatures REQUIRES indices inside the set (check_power refuses others).
  [[nodiscard]] Result<std::uint64_t> check_power(const Certificate& certificate) const;
  [[nodiscard]] Status check_signatures(const Certificate& certificate) const;
  // Every vote of it counts or none does; the power its kind promises is there.
  // Errors: as for a certificate.
  [[nodiscard]] Status verify(const RoundCertificate& certificate) const;

  // Whether this is proof: the accused is in the set, the statements are in canonical order and
  // contradict each other as their kind says, and all of them carry the accused's signature (P47).
  // Cheap checks first (verify_evidence.hpp). Errors: as above, malformed.
  [[nodiscard]] Result<VerifiedEvidence> verify(const Evidence& evidence) const;

  // Whether the fields of a header that depend on nothing decided before are as this chain has
  // them. A correct validator precommits no other header. While there is one epoch, its set is
  // every height's.
  [[nodiscard]] bool prescribes(const Header& header) const;

  // Own messages were verified when they were signed (S14) and are not verified again (P46).
  // Errors: unknown_validator when the index is not in this set.
  [[nodiscard]] Result<VerifiedVote> accept_own(const Durable<SignedVote>& vote) const;
  [[nodiscard]] Result<VerifiedProposal> accept_own(const Durable<SignedProposal>& proposal) const;

  [[nodiscard]] const ValidatorSet& set() const { return *set_; }
  [[nodiscard]] const ChainId& chain_id() const { return chain_id_; }

 private:
  Verifier(ChainId chain_id, ValidatorSetPtr set, std::vector<ParsedKey> keys);

  ChainId chain_id_;
  ValidatorSetPtr set_;
  std::vector<ParsedKey> keys_;  // by validator index
};

// The rules a vote or proposal obeys whoever signs it; Signer refuses to sign, and Verifier to
// accept, anything else. Errors: unknown_type, out_of_range, malformed.
[[nodiscard]] Status check_shape(const Vote& vote);
[[nodiscard]] Status check_shape(const Proposal& proposal);

// Memo size and signature of the sender. Errors: too_large, bad_key, bad_signature.
[[nodiscard]] Status verify_transfer(const ChainId& chain_id, const Transfer& transfer,
                                     KeyCache& keys);

}  // namespace witan
