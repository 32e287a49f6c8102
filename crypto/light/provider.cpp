#include "crypto/light/provider.hpp"

namespace witan::light {
namespace {

Error named(const Provider& source, Error error) {
  error.text = source.name() + ": " + (error.text.empty() ? error.field : error.text);
  return error;
}

}  // namespace

Result<LightBlock> fetch(Provider& from, Height height) {
  auto block = from.at(height);
  if (!block) return fail(named(from, std::move(block).error()));
  if (height.get() != 0 && block->height() != height)
    return fail(ErrorCode::wrong_height, "header.height",
                from.name() + ": asked for " + std::to_string(height.get()) + ", got " +
                    std::to_string(block->height().get()));
  return block;
}

// Bisection: try the target; as long as too little of the trusted power signed the candidate, try
// the block at 9/16 of the way to it. A step of one height cannot lack trust, so it ends.
Status extend_skipping(HeaderVerifier& verifier, Provider& source, Trace& trace,
                       const LightBlock& target, const Clock& clock) {
  std::vector<LightBlock> candidates{target};
  while (!candidates.empty() && trace.size() < trace_max) {
    const LightBlock& candidate = candidates.back();
    const Status step = verifier.verify(trace.back(), candidate, clock.unix_now());
    if (step) {
      trace.push_back(candidate);
      candidates.pop_back();
      continue;
    }
    const std::uint64_t below = trace.back().height().get();
    const std::uint64_t distance = candidate.height().get() - below;
    if (verdict_of(step) != Verdict::not_enough_trust || distance < 2)
      return fail(named(source, step.error()));
    // In this order nothing overflows: distance / 16 * 9 + distance % 16 * 9 / 16.
    const std::uint64_t pivot = below + distance / 16 * 9 + distance % 16 * 9 / 16;
    WITAN_TRY(LightBlock middle, fetch(source, Height(pivot)));
    candidates.push_back(std::move(middle));
  }
  return {};
}

Status extend_sequentially(HeaderVerifier& verifier, Provider& source, Trace& trace,
                           const LightBlock& target, const Clock& clock) {
  while (trace.back().height() < target.height() && trace.size() < trace_max) {
    const Height next = trace.back().height() + 1;
    LightBlock block = target;
    if (next < target.height()) {
      WITAN_TRY(block, fetch(source, next));
    }
    if (const Status step = verifier.verify(trace.back(), block, clock.unix_now()); !step)
      return fail(named(source, step.error()));
    trace.push_back(std::move(block));
  }
  return {};
}

}  // namespace witan::light
