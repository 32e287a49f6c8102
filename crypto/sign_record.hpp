// What the signer is asked to sign (Intent) and what it leaves behind (SignRecord, consensus.md
// S5).
//
// A SignRecord is one fixed-size record of the write-ahead log; the log frames it and adds the CRC.
// It holds everything needed to refuse a contradiction, to hand out the same signature again and to
// restore the lock, so that losing the rest of the log cannot lose the lock (S8).
#pragma once
#include <optional>

#include "crypto/sign_bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

enum class SignedKind : std::uint8_t {
  proposal = 1,
  prevote = 2,
  precommit = 3,
  watermark = 4,  // no signature: nothing up to (height, round) is signed any more
};
[[nodiscard]] std::string_view name_of(SignedKind kind);
// Position of a kind within its round: proposal < prevote < precommit; watermark is after all.
[[nodiscard]] Step step_of(SignedKind kind);

// A value with the round it was locked or became valid in. Nil round <=> no id.
struct RoundValue {
  Round round;
  ValueId id;
  bool operator==(const RoundValue&) const = default;
};

// A wish to sign, with the context it is judged by. The chain id is the signer's own.
struct Intent {
  SignedKind kind = SignedKind::prevote;  // not watermark
  Height height;
  Round round;
  ValueId value;        // proposal: always an id; votes: an id or nil
  Round pol_round;      // proposal and prevote for an id: round of the justifying polka, or nil
  PartSetHeader parts;  // proposal only
  ValidatorIndex validator = 0;
  RoundValue locked;  // as the consensus core sees them; a precommit's own lock may be included
  RoundValue valid;
  bool operator==(const Intent&) const = default;
};

struct SignRecord {
  std::uint64_t seq = 0;  // 1, 2, 3 ... over the life of a sign-state; a gap is a lost record
  SignedKind kind = SignedKind::watermark;
  Height height;
  Round round;
  Round pol_round;
  ValueId value;
  PartSetHeader parts;
  ValidatorIndex validator = 0;
  RoundValue locked;  // after this record
  RoundValue valid;
  Hash32 message_hash;  // vote_hash or proposal_hash; zero in a watermark
  Signature signature;  // zero in a watermark
  bool operator==(const SignRecord&) const = default;
};

inline constexpr std::size_t sign_record_bytes = 274;
[[nodiscard]] Bytes encode(const SignRecord& record);
// Accepts only what encode writes. Errors: malformed, wrong_version, unknown_type, not_canonical.
[[nodiscard]] Result<SignRecord> decode_sign_record(ByteView bytes);

// The message an intent or record is about. REQUIRES: a vote kind, or kind == proposal.
[[nodiscard]] Vote vote_of(const Intent& intent);
[[nodiscard]] Proposal proposal_of(const Intent& intent);
[[nodiscard]] Vote vote_of(const SignRecord& record);
[[nodiscard]] Proposal proposal_of(const SignRecord& record);
// The 32 bytes that are signed. REQUIRES: kind != watermark.
[[nodiscard]] Hash32 message_hash_of(const ChainId& chain_id, const Intent& intent);
[[nodiscard]] Hash32 message_hash_of(const ChainId& chain_id, const SignRecord& record);

}  // namespace witan
