#include "crypto/light/verification.hpp"

#include <charconv>

#include "messages/base/hex.hpp"
#include "messages/base/int_math.hpp"

namespace witan::light {
namespace {

std::string at(const Header& header) { return "height " + std::to_string(header.height.get()); }

Status check_later(const Header& trusted, const Header& untrusted) {
  if (untrusted.height > trusted.height) return {};
  return fail(ErrorCode::wrong_height, "header.height",
              std::to_string(untrusted.height.get()) + " is not above the trusted " +
                  std::to_string(trusted.height.get()));
}

bool parse_part(std::string_view text, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<TrustLevel> parse_trust_level(std::string_view text) {
  const std::size_t slash = text.find('/');
  TrustLevel out;
  if (slash == std::string_view::npos || !parse_part(text.substr(0, slash), out.numerator) ||
      !parse_part(text.substr(slash + 1), out.denominator))
    return fail(ErrorCode::usage, "--trust-level", "is a fraction such as 1/3");
  WITAN_TRY_VOID(check_options({out, Duration::from_s(1), {}}));
  return out;
}

Status check_options(const TrustOptions& options) {
  const auto [numerator, denominator] = options.trust_level;
  if (denominator == 0 || numerator > denominator ||
      std::uint64_t{numerator} * 3 < std::uint64_t{denominator})
    return fail(ErrorCode::usage, "--trust-level", "must be at least 1/3 and at most 1");
  if (options.trusting_period.ns <= 0)
    return fail(ErrorCode::usage, "--trusting-period", "must be positive");
  if (options.clock_drift.ns < 0)
    return fail(ErrorCode::usage, "--max-clock-drift", "must not be negative");
  return {};
}

Verdict verdict_of(const Status& status) {
  if (status) return Verdict::success;
  return status.error().code == ErrorCode::not_enough_trust ? Verdict::not_enough_trust
                                                            : Verdict::invalid;
}

bool is_expired(UnixTime time, Duration trusting_period, UnixTime now) {
  const auto end = checked_add(time.ns, trusting_period.ns);
  return end && *end <= now.ns;
}

Status HeaderVerifier::check_times(const Header& trusted, const Header& untrusted,
                                   UnixTime now) const {
  if (is_expired(trusted.time, options_.trusting_period, now))
    return fail(ErrorCode::trust_expired, "trusted.time",
                at(trusted) +
                    " is older than the trusting period; start again from a newer "
                    "height and hash that you have checked elsewhere");
  const auto latest = checked_add(now.ns, options_.clock_drift.ns);
  if (latest && untrusted.time.ns >= *latest)
    return fail(ErrorCode::out_of_range, "header.time",
                at(untrusted) + " is ahead of this clock by more than the allowed drift");
  return {};
}

// Sums the power that the signers have in the trusted set. Their signatures are verified later, all
// of them, so that a sum over forged ones never counts.
Status HeaderVerifier::check_overlap(const LightBlock& trusted, const LightBlock& untrusted) const {
  const ValidatorSet& set = *trusted.next_validators;
  std::uint64_t power = 0;  // signers are distinct members: bounded by the total
  for (const CertificateSignature& s : untrusted.commit.signatures) {
    const auto index = set.index_of(untrusted.validators->at(s.validator).key);
    if (index) power += set.at(*index).power;
  }
  const auto [numerator, denominator] = options_.trust_level;
  // At a level of 1 nothing is more than it: all of the set has to sign.
  const u128 signed_part = static_cast<u128>(power) * denominator;
  const u128 needed = static_cast<u128>(set.power_total()) * numerator;
  if (signed_part > needed || (numerator == denominator && signed_part == needed)) return {};
  return fail(ErrorCode::not_enough_trust, "commit.signatures",
              std::to_string(power) + " of " + std::to_string(set.power_total()) +
                  " of the power trusted at " + at(trusted.header) + " signed " +
                  at(untrusted.header));
}

Status HeaderVerifier::check_signatures(const LightBlock& block) {
  if (!verifier_ || verifier_->set().all() != block.validators->all()) {
    WITAN_TRY(Verifier made, Verifier::make(chain_id_, block.validators));
    verifier_.emplace(std::move(made));
  }
  auto verified = verifier_->verify(block.commit);
  if (!verified) return fail(std::move(verified).error());
  return {};
}

Status HeaderVerifier::verify_commit(const LightBlock& block) {
  WITAN_TRY_VOID(check_block(chain_id_, block));
  return check_signatures(block);
}

Status HeaderVerifier::verify_link(const LightBlock& trusted, const LightBlock& untrusted) {
  WITAN_TRY_VOID(check_later(trusted.header, untrusted.header));
  WITAN_TRY_VOID(check_block(chain_id_, untrusted));
  if (untrusted.header.time <= trusted.header.time)
    return fail(ErrorCode::out_of_range, "header.time", "not later than the trusted header's");
  if (untrusted.height() == trusted.height() + 1) {
    if (untrusted.header.validators_hash != trusted.header.next_validators_hash)
      return fail(ErrorCode::bad_proof, "header.validators_hash",
                  "the trusted header names another next set");
    if (untrusted.header.prev_block_id != trusted.id())
      return fail(ErrorCode::bad_proof, "header.prev_block_id", "is not the trusted header");
  } else {
    WITAN_TRY_VOID(check_overlap(trusted, untrusted));
  }
  return check_signatures(untrusted);
}

Status HeaderVerifier::verify(const LightBlock& trusted, const LightBlock& untrusted,
                              UnixTime now) {
  WITAN_TRY_VOID(check_times(trusted.header, untrusted.header, now));
  return verify_link(trusted, untrusted);
}

Status HeaderVerifier::check_backwards(const Header& later, const Header& earlier) {
  if (earlier.height + 1 != later.height)
    return fail(ErrorCode::wrong_height, "header.height",
                at(earlier) + " is not just below " + at(later));
  if (block_id(earlier) != later.prev_block_id)
    return fail(ErrorCode::bad_proof, "header",
                at(earlier) + " does not hash to the prev_block_id of " + at(later));
  if (earlier.time >= later.time)
    return fail(ErrorCode::out_of_range, "header.time", "not before the next header's");
  return {};
}

}  // namespace witan::light
