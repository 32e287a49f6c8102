// The signer's memory and its rules: what may be signed, given what was signed (consensus.md 3.3).
//
//   S6   (height, round, step) strictly grows; the identical intent gets the stored signature
//   S8   amnesia guard: the lock is remembered here and a prevote against it needs a later polka
//   S10  the watermark only rises
//   S13  nothing at or below the watermark
//
// Pure: no clock, disk or randomness. Belongs to one thread (the signer's owner).
#pragma once
#include <vector>

#include "crypto/sign_record.hpp"

namespace witan {

// Nothing at or before this position is signed. The default refuses nothing.
struct Watermark {
  Height height;
  Round round;
  auto operator<=>(const Watermark&) const = default;
};
// All rounds of a height.
inline constexpr Round round_all{round_max};

// Everything a SignState knows, as stored in a checkpoint.
struct SignSnapshot {
  std::uint64_t last_seq = 0;
  Watermark watermark;
  RoundValue locked;  // at the height of `recent`; resets at a new height
  RoundValue valid;
  // Records of the last (height, round) signed in, at most one per kind, in order. Empty: never
  // signed.
  std::vector<SignRecord> recent;
  bool operator==(const SignSnapshot&) const = default;
};

// A vote or proposal that carries this key's signature.
struct SignClaim {
  SignedKind kind = SignedKind::precommit;
  Height height;
  Round round;
  ValueId value;
};

class SignState {
 public:
  SignState() = default;  // a key that never signed
  // Errors: corrupt when the parts contradict each other.
  [[nodiscard]] static Result<SignState> from(SignSnapshot snapshot);

  // The stored record if exactly this was signed before (resend it); nothing if it may be signed
  // now. Errors: out_of_range, malformed (shape), sign_conflict (another message is signed for this
  // step, or the intent's lock contradicts the remembered one), sign_refused (watermark),
  // sign_regression, sign_locked.
  [[nodiscard]] Result<std::optional<SignRecord>> judge(const Intent& intent,
                                                        const Hash32& message_hash) const;
  // A vote for another block than the one locked here by an own precommit of this height: only a
  // polka of the lock's round or later makes it right.
  [[nodiscard]] bool is_against_lock(const Intent& intent) const;
  // The record that signing `intent` leaves. REQUIRES: judge() allowed it.
  [[nodiscard]] SignRecord next_record(const Intent& intent, const Hash32& message_hash,
                                       const Signature& signature) const;
  // The record that raises the watermark to all of (height, round); nothing if it is there already.
  // Errors: sign_refused when it would sink (S10), out_of_range.
  [[nodiscard]] Result<std::optional<SignRecord>> next_watermark(Height height, Round round) const;

  // A message with this key's signature came from elsewhere: is it one of ours? What lies before
  // the last (height, round) signed in, or at or below the watermark, is not remembered and passes.
  // Errors: sign_state_older (signed later than this state knows of), sign_conflict (another
  // message for a step it remembers).
  [[nodiscard]] Status check_claim(const SignClaim& claim) const;

  // Takes a record over: the next one when signing, every later one when recovering.
  // Errors: corrupt (sequence gap, position not after the last one).
  [[nodiscard]] Status apply(const SignRecord& record);

  [[nodiscard]] const SignSnapshot& snapshot() const { return data_; }
  // Highest height this state forbids to re-sign in; 0 if none.
  [[nodiscard]] Height height_max() const;

 private:
  [[nodiscard]] Result<RoundValue> lock_for(const Intent& intent) const;
  [[nodiscard]] Status check_amnesia(const Intent& intent, const RoundValue& lock) const;
  [[nodiscard]] bool remembers(Height height) const;

  SignSnapshot data_;
};

}  // namespace witan
