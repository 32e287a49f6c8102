// The canonical encoding of evidence: canonical Cap'n Proto words of schema::Evidence without a
// segment table. One piece of evidence has exactly one encoding, so its hash cannot be changed by
// re-encoding. Checks form only: signatures and what the statements prove are judged by
// Verifier::verify (crypto/verify.hpp). Pure, callable from anywhere.
#pragma once
#include "messages/base/result.hpp"
#include "messages/types/evidence.hpp"

namespace witan {

[[nodiscard]] Bytes encode_evidence(const Evidence& evidence);

// Errors: too_large (above limits::evidence_bytes_max), malformed, out_of_range, unknown_type,
// not_canonical.
[[nodiscard]] Result<Evidence> decode_evidence(ByteView bytes);

}  // namespace witan
