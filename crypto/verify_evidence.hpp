// The rules of evidence (messages/types/evidence.hpp): what is proof, and whom a light-client
// attack accuses. Pure. Verifier::verify(Evidence) joins them with the signatures; the age of
// evidence and whether it was committed already are the ledger's rules.
#pragma once
#include "crypto/light/light_block.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/evidence.hpp"

namespace witan {

// Do these statements contradict each other as their kind says, and are they in canonical order?
// Signatures and the validator set are not looked at. Errors: malformed, out_of_range.
[[nodiscard]] Status check_contradiction(const Evidence& evidence);

// Do these two headers of one height contradict each other whoever precommits both (P5)?
[[nodiscard]] bool contradict(const Header& a, const Header& b);

// What of a light-client attack (crypto/light/attack.hpp) is proof against single validators of
// `set`, given the chain's own header and certificate of the attacked height:
//   - signers of both certificates in the same round: duplicate precommits (equivocation);
//   - signers of both in different rounds, when the headers contradict: conflicting headers;
//   - when the attack's header is not one this chain prescribes (Verifier::prescribes): every
//     other signer (lunatic).
// Others may have signed one side and then, on a polka, the other: they are not accused here.
// The result is not verified: pass each item through Verifier::verify.
struct ChainHeader {
  Header header;
  CommitCertificate certificate;
};
[[nodiscard]] std::vector<Evidence> accuse(const light::LightBlock& conflicting,
                                           const ChainHeader& chain, const ValidatorSet& set,
                                           bool prescribed);

}  // namespace witan
