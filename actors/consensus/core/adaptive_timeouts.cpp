#include "actors/consensus/core/adaptive_timeouts.hpp"

#include <algorithm>

#include "messages/base/int_math.hpp"

namespace witan::consensus {
namespace {

constexpr std::size_t rounds_remembered = 16;

Duration times(Duration d, std::int64_t factor, Duration cap) {
  const auto product = checked_mul<std::int64_t>(d.ns, factor);
  return product ? std::min(Duration{*product}, cap) : cap;
}

// A configured base below the floor stands as it is.
Duration adapted(std::optional<Duration> p99, std::int64_t factor, Duration configured) {
  if (!p99) return configured;
  return std::min(std::max(times(*p99, factor, configured), adaptive_floor), configured);
}

}  // namespace

void DelayWindow::add(Duration delay) {
  if (ring_.size() < delay_samples) return ring_.push_back(delay);
  ring_[next_] = delay;
  next_ = (next_ + 1) % delay_samples;
}

std::optional<Duration> DelayWindow::p99() const {
  if (ring_.size() < delay_samples_min) return std::nullopt;
  std::vector<Duration> sorted = ring_;
  const std::size_t rank = (sorted.size() * 99 + 99) / 100 - 1;  // ceil(0.99 n), counted from 0
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), nth, sorted.end());
  return *nth;
}

void AdaptiveTimeouts::height_started() {
  rounds_.clear();
  step_ = Step::unstarted;
}

void AdaptiveTimeouts::round_entered(Round round, Instant now) {
  if (rounds_.size() == rounds_remembered) rounds_.erase(rounds_.begin());
  rounds_.push_back({round, now, false});
}

void AdaptiveTimeouts::proposal_complete(Round round, Instant now) {
  for (RoundStart& start : rounds_) {
    if (start.round != round || start.proposal_seen) continue;
    start.proposal_seen = true;
    proposals_.add(now - start.at);
  }
}

void AdaptiveTimeouts::step_entered(Step step, Instant now) {
  step_ = step;
  step_at_ = now;
}

void AdaptiveTimeouts::polka(Instant now) {
  if (step_ == Step::prevote) prevotes_.add(now - step_at_);
}

void AdaptiveTimeouts::decided(Instant now) {
  if (step_ == Step::precommit) precommits_.add(now - step_at_);
}

std::optional<Duration> AdaptiveTimeouts::voting_delay() const {
  const auto prevotes = prevotes_.p99(), precommits = precommits_.p99();
  if (!prevotes || !precommits) return std::nullopt;
  return std::max(*prevotes, *precommits);
}

Duration AdaptiveTimeouts::timeout(Step step, Round round) const {
  if (!adaptive_ || round > Round(0)) return timeout_duration(configured_, step, round);
  TimeoutParams params = configured_;
  params.propose = adapted(proposals_.p99(), propose_factor, configured_.propose);
  params.vote = adapted(voting_delay(), vote_factor, configured_.vote);
  return timeout_duration(params, step, round);
}

Duration AdaptiveTimeouts::rebroadcast(Round round, std::uint32_t repetitions) const {
  const Duration cap = std::max(rebroadcast_interval(configured_, round), rebroadcast_floor);
  const auto delay = voting_delay();
  const Duration base = delay ? std::max(times(*delay, propose_factor, cap), rebroadcast_floor)
                              : std::min(rebroadcast_unmeasured, cap);
  return times(base, std::int64_t{1} << std::min(repetitions, 20U), cap);
}

}  // namespace witan::consensus
