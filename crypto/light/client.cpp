#include "crypto/light/client.hpp"

#include "messages/base/check.hpp"
#include "messages/base/hex.hpp"

namespace witan::light {
namespace {

// A witness may be a little behind the primary.
Result<LightBlock> ask_patiently(Provider& witness, Height height, const ClientOptions& options) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    auto block = fetch(witness, height);
    if (block || block.error().code != ErrorCode::not_found || attempt >= options.lag_retries)
      return block;
    if (options.wait) options.wait();
  }
}

tl::unexpected<Error> unconfirmed(Height height, const std::string& reasons) {
  return fail(ErrorCode::unavailable, "witness",
              "no witness confirms height " + std::to_string(height.get()) +
                  (reasons.empty() ? ": none is left" : reasons));
}

// A node refuses the side that is its own chain, so the better of its two answers counts. One that
// does not answer is not waited for twice.
AttackReport tell(Provider& provider, ByteView ours, ByteView theirs) {
  const auto first = provider.report(ours);
  if (!first &&
      (first.error().code == ErrorCode::network || first.error().code == ErrorCode::timeout))
    return {provider.name(), first};
  const auto second = provider.report(theirs);
  if (first && second) return {provider.name(), *first + *second};
  return {provider.name(), second ? second : first};
}

}  // namespace

Result<TrustedStore> start_trust(const TrustRoot& root, const ClientOptions& options,
                                 Provider& primary, const std::vector<ProviderPtr>& witnesses) {
  WITAN_TRY_VOID(check_options(options.trust));
  WITAN_TRY(LightBlock block, fetch(primary, root.height));
  if (block.id() != root.id)
    return fail(ErrorCode::invalid_block, "--trusted-hash",
                primary.name() + " has " + to_hex(block.id()) + " at height " +
                    std::to_string(root.height.get()) + ": one of the two is not this chain");
  HeaderVerifier verifier(block.header.chain_id, options.trust);
  WITAN_TRY_VOID(verifier.verify_commit(block));
  std::string reasons;
  bool confirmed = false;
  for (const ProviderPtr& witness : witnesses) {
    const auto theirs = ask_patiently(*witness, root.height, options);
    if (!theirs) {
      reasons += "; " + theirs.error().text;
    } else if (theirs->id() != root.id) {
      return fail(ErrorCode::invalid_block, "witness",
                  witness->name() + " has " + to_hex(theirs->id()) +
                      " at the trusted height: check the hash with somebody else");
    } else {
      confirmed = true;
    }
  }
  if (!confirmed) return unconfirmed(root.height, reasons);
  TrustedStore out(block.header.chain_id);
  out.add(std::move(block));
  return out;
}

Client::Client(TrustedStore store, ClientOptions options, const Clock& clock, ProviderPtr primary,
               std::vector<ProviderPtr> witnesses)
    : store_(std::move(store)),
      options_(std::move(options)),
      clock_(clock),
      primary_(std::move(primary)),
      witnesses_(std::move(witnesses)),
      verifier_(store_.chain_id(), options_.trust) {
  WITAN_CHECK(store_.highest() != nullptr);
}

Result<LightBlock> Client::verify_at(Height height) {
  if (const LightBlock* known = store_.find(height)) return *known;
  WITAN_TRY(const LightBlock target, fetch(*primary_, height));
  return verify_target(target);
}

Result<LightBlock> Client::update() {
  WITAN_TRY(const LightBlock latest, fetch(*primary_, Height(0)));
  const LightBlock& known = *store_.highest();
  if (latest.height() < known.height() || latest.id() == known.id()) return known;
  if (latest.height() == known.height())
    return fail(ErrorCode::invalid_block, "primary",
                primary_->name() + ": has another block at the trusted height " +
                    std::to_string(known.height().get()));
  return verify_target(latest);
}

Result<LightBlock> Client::verify_target(const LightBlock& target) {
  if (attack_)
    return fail(ErrorCode::conflicting_header, "chain", "an attack was found; see its evidence");
  const LightBlock* below = store_.closest_below(target.height());
  const LightBlock* above = store_.closest_above(target.height());
  const bool usable =
      below != nullptr &&
      !is_expired(below->header.time, options_.trust.trusting_period, clock_.unix_now());
  // Without a block above, forward() says that the trusted one has expired.
  if (usable || above == nullptr) return forward(*below, target);
  return backward(*above, target);
}

Result<LightBlock> Client::forward(LightBlock verified, const LightBlock& target) {
  while (verified.height() < target.height()) {
    Trace trace{std::move(verified)};
    WITAN_TRY_VOID(options_.sequential
                       ? extend_sequentially(verifier_, *primary_, trace, target, clock_)
                       : extend_skipping(verifier_, *primary_, trace, target, clock_));
    WITAN_TRY_VOID(cross_check(trace));
    verified = std::move(trace.back());
    store_.add(verified);
    if (options_.progress) options_.progress(verified, target.height());
  }
  return verified;
}

Result<LightBlock> Client::backward(const LightBlock& from, const LightBlock& target) {
  constexpr std::uint64_t report_every = 256;
  LightBlock later = from;
  while (later.height() > target.height()) {
    LightBlock earlier = target;
    if (later.height() > target.height() + 1) {
      WITAN_TRY(earlier, fetch(*primary_, later.height() - 1));
    }
    if (Status step = HeaderVerifier::check_backwards(later.header, earlier.header); !step) {
      step.error().text = primary_->name() + ": " + step.error().text;
      return fail(std::move(step).error());
    }
    later = std::move(earlier);
    if (options_.progress && later.height().get() % report_every == 0)
      options_.progress(later, target.height());
  }
  // The hash binds the header; its commit and sets are stored and served too (P44).
  WITAN_TRY_VOID(verifier_.verify_commit(later));
  store_.add(later);
  if (options_.progress) options_.progress(later, target.height());
  return later;
}

std::vector<AttackReport> Client::report_attack() {
  WITAN_CHECK(attack_.has_value());
  const Bytes ours = encode_attack(attack_->against_primary);
  const Bytes theirs = encode_attack(attack_->against_witness);
  std::vector<AttackReport> out{tell(*primary_, ours, theirs)};
  for (const ProviderPtr& witness : witnesses_) out.push_back(tell(*witness, ours, theirs));
  return out;
}

Status Client::cross_check(const Trace& trace) {
  const LightBlock& target = trace.back();
  const BlockId id = target.id();
  bool confirmed = false;
  std::string reasons;
  for (std::size_t i = 0; i < witnesses_.size();) {
    Provider& witness = *witnesses_[i];
    const auto theirs = ask_patiently(witness, target.height(), options_);
    if (theirs && theirs->id() != id) {
      auto attack = examine_conflict(verifier_, trace, *primary_, witness, clock_);
      if (attack) {
        attack_ = std::move(*attack);
        return fail(ErrorCode::conflicting_header,
                    "height " + std::to_string(target.height().get()),
                    "primary " + primary_->name() + " has " + to_hex(id) + ", witness " +
                        witness.name() + " has " + to_hex(theirs->id()));
      }
      reasons += "; dropped: " + attack.error().to_string();
      if (options_.warn)
        options_.warn("witness " + witness.name() +
                      " is not asked again: it contradicts the primary without proof: " +
                      attack.error().to_string());
      witnesses_.erase(witnesses_.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    if (theirs) confirmed = true;
    if (!theirs) reasons += "; " + theirs.error().text;
    ++i;
  }
  return confirmed ? Status{} : unconfirmed(target.height(), reasons);
}

}  // namespace witan::light
