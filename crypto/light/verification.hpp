// When is a header the chain's? The rules of a light client (consensus.md §6.4).
//
// From a header that is trusted, within the trusting period, to a later one:
//   adjacent      header.validators_hash is the trusted header's next_validators_hash;
//   not adjacent  more than `trust_level` of the trusted next set signed the later header;
// and always: the pieces belong together, time grows and is not ahead of the clock by more than the
// drift, more than two thirds of the header's own set signed, every signature verifies (last: it is
// the dear part, and its size is the sender's choice; P44, P47).
// Why it is safe: of the trusted set more than two thirds is correct until the period ends, so one
// correct validator is among more than a third of it, and that one precommitted the later header.
//
// To an earlier header: its hash is the later one's prev_block_id.
//
// A HeaderVerifier keeps the parsed keys of the last set: one per thread.
#pragma once
#include <optional>

#include "crypto/light/light_block.hpp"
#include "crypto/verify.hpp"

namespace witan::light {

// A fraction of voting power that has to be exceeded; at least 1/3 and at most 1 (then all of it
// has to sign).
struct TrustLevel {
  std::uint32_t numerator = 1;
  std::uint32_t denominator = 3;
};
// "1/3". Errors: usage (field --trust-level).
[[nodiscard]] Result<TrustLevel> parse_trust_level(std::string_view text);

struct TrustOptions {
  TrustLevel trust_level;
  // Must be shorter than validators can be punished for: the unbonding period.
  Duration trusting_period = Duration::from_s(168 * 3600);
  Duration clock_drift = Duration::from_s(10);
};
// Errors: usage, naming the flag.
[[nodiscard]] Status check_options(const TrustOptions& options);

// The verdict of a step, as the conformance cases call it.
enum class Verdict : std::uint8_t { success, not_enough_trust, invalid };
[[nodiscard]] Verdict verdict_of(const Status& status);

// Does the period of a header that was trusted at `time` end at or before `now`?
[[nodiscard]] bool is_expired(UnixTime time, Duration trusting_period, UnixTime now);

class HeaderVerifier {
 public:
  HeaderVerifier(ChainId chain_id, TrustOptions options) : chain_id_(chain_id), options_(options) {}

  // One step forward. Errors: not_enough_trust (a header between the two may help); trust_expired
  // (of `trusted`); wrong_height (not later); out_of_range (header.time); bad_proof (adjacent,
  // other set); those of check_block and of verify_commit.
  [[nodiscard]] Status verify(const LightBlock& trusted, const LightBlock& untrusted, UnixTime now);
  // The same without clocks: does the signed header follow from the trusted one? For evidence.
  [[nodiscard]] Status verify_link(const LightBlock& trusted, const LightBlock& untrusted);
  // Is `earlier` the header that `later` was built on? Its commit is not looked at: the hash alone
  // binds it. Errors: wrong_height, bad_proof (hash), out_of_range (time).
  [[nodiscard]] static Status check_backwards(const Header& later, const Header& earlier);
  // Only the block in itself: pieces, power, every signature. No reason to trust it.
  [[nodiscard]] Status verify_commit(const LightBlock& block);

  [[nodiscard]] const ChainId& chain_id() const { return chain_id_; }
  [[nodiscard]] const TrustOptions& options() const { return options_; }

 private:
  [[nodiscard]] Status check_times(const Header& trusted, const Header& untrusted,
                                   UnixTime now) const;
  [[nodiscard]] Status check_overlap(const LightBlock& trusted, const LightBlock& untrusted) const;
  [[nodiscard]] Status check_signatures(const LightBlock& block);

  ChainId chain_id_;
  TrustOptions options_;
  std::optional<Verifier> verifier_;  // of the set verified last
};

}  // namespace witan::light
