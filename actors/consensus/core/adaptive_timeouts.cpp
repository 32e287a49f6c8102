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

// Nearest rank; changes the order of `samples`.
Duration percentile(std::vector<Duration>& samples, std::size_t percent) {
  const std::size_t rank = (samples.size() * percent + 99) / 100 - 1;  // from 0
  const auto nth = samples.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(samples.begin(), nth, samples.end());
  return *nth;
}

// A configured base below the floor stands as it is.
Duration adapted(std::optional<Duration> p99, std::int64_t factor, Duration configured) {
  if (!p99) return configured;
  return std::min(std::max(times(*p99, factor, configured), adaptive_floor), configured);
}

}  // namespace

void DelayWindow::add(Duration delay) {
  if (ring_.size() < delay_samples) {
    ring_.push_back(delay);
  } else {
    ring_[next_] = delay;
    next_ = (next_ + 1) % delay_samples;
  }
  if (ring_.size() < delay_samples_min) return;
  std::vector<Duration> samples = ring_;
  p99_ = percentile(samples, 99);
  median_ = percentile(samples, 50);
}

void AdaptiveTimeouts::height_started() {
  rounds_.clear();
  step_ = left_ = Step::unstarted;
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
  left_ = step_;
  left_after_ = now - step_at_;
  step_ = step;
  step_at_ = now;
}

void AdaptiveTimeouts::polka() {
  if (left_ == Step::prevote && step_ == Step::precommit) prevotes_.add(left_after_);
}

void AdaptiveTimeouts::decided() {
  if (left_ == Step::precommit && step_ == Step::commit) precommits_.add(left_after_);
}

std::optional<Duration> AdaptiveTimeouts::slowest_vote() const {
  const auto prevotes = prevotes_.p99(), precommits = precommits_.p99();
  if (!prevotes || !precommits) return std::nullopt;
  return std::max(*prevotes, *precommits);
}

Duration AdaptiveTimeouts::timeout(Step step, Round round) const {
  if (!adaptive_ || round > Round(0)) return timeout_duration(configured_, step, round);
  TimeoutParams params = configured_;
  params.propose = adapted(proposals_.p99(), propose_factor, configured_.propose);
  params.vote = adapted(slowest_vote(), vote_factor, configured_.vote);
  return timeout_duration(params, step, round);
}

Duration AdaptiveTimeouts::rebroadcast(std::uint32_t repetitions) const {
  const auto prevotes = prevotes_.median(), precommits = precommits_.median();
  Duration first = rebroadcast_first_max;
  if (prevotes && precommits)
    first = std::max(times(std::max(*prevotes, *precommits), rebroadcast_factor, first),
                     rebroadcast_floor);
  return times(first, std::int64_t{1} << std::min(repetitions, 20U), rebroadcast_max);
}

}  // namespace witan::consensus
