// Timeouts that follow the network: the base of round 0 is a multiple of the slowest quorum seen
// lately, so that a dead proposer costs what this network needs and not what the slowest one would.
//
// Measured are, in whatever round they happen: proposal (round entered -> its block judged),
// prevotes (step entered -> polka) and precommits (step entered -> decision). Each keeps its last
// `delay_samples` values; the bases are
//   propose = clamp(8 x p99(proposal),                         50 ms, configured)
//   vote    = clamp(4 x max(p99(prevotes), p99(precommits)),   50 ms, configured)
// A proposal that came after its timeout is measured too, which is how a base that became too short
// grows again. Rounds from 1 on use the configured bases: what liveness rests on (timeouts grow
// beyond every delay) is untouched, and safety depends on no timeout at all.
//
// Pure: instants come in as data, no clock is read; the same calls give the same answers.
// Not thread-safe; owned by the consensus actor.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "actors/consensus/core/liveness.hpp"

namespace witan::consensus {

inline constexpr std::size_t delay_samples = 100;
inline constexpr std::size_t delay_samples_min =
    8;  // fewer say nothing: the configured bases count
inline constexpr Duration adaptive_floor = Duration::from_ms(50);
inline constexpr std::int64_t propose_factor = 8;  // blocks differ in size
inline constexpr std::int64_t vote_factor = 4;

inline constexpr std::int64_t rebroadcast_factor = 8;
inline constexpr Duration rebroadcast_floor = Duration::from_ms(100);
inline constexpr Duration rebroadcast_first_max = Duration::from_ms(500);
inline constexpr Duration rebroadcast_max = Duration::from_s(1);

// The last `delay_samples` durations.
class DelayWindow {
 public:
  void add(Duration delay);
  // Nearest rank; none below delay_samples_min samples. Asked for with every timer, so kept.
  [[nodiscard]] std::optional<Duration> p99() const { return p99_; }
  [[nodiscard]] std::optional<Duration> median() const { return median_; }

 private:
  std::vector<Duration> ring_;
  std::size_t next_ = 0;
  std::optional<Duration> p99_, median_;
};

class AdaptiveTimeouts {
 public:
  // `adaptive` false: the configured timeouts, always.
  AdaptiveTimeouts(const TimeoutParams& configured, bool adaptive)
      : configured_(configured), adaptive_(adaptive) {}

  // ---- what happened, in order of time
  void height_started();
  void round_entered(Round round, Instant now);
  void proposal_complete(Round round, Instant now);
  void step_entered(Step step, Instant now);
  void polka();    // made us leave the prevote step
  void decided();  // made us leave the precommit step

  // ---- what follows
  [[nodiscard]] Duration timeout(Step step, Round round) const;
  // When to say again what we said if nothing moved: eight times the usual voting delay, 100 ms at
  // least and half a second at most, doubled with every repetition up to a second. The median:
  // delays that lost messages made long must not make the remedy rarer.
  [[nodiscard]] Duration rebroadcast(std::uint32_t repetitions) const;

 private:
  struct RoundStart {
    Round round;
    Instant at{};
    bool proposal_seen = false;
  };
  [[nodiscard]] std::optional<Duration> slowest_vote() const;

  TimeoutParams configured_;
  bool adaptive_;
  DelayWindow proposals_, prevotes_, precommits_;
  std::vector<RoundStart> rounds_;  // of this height; the last rounds_remembered
  Step step_ = Step::unstarted;
  Instant step_at_{};
  Step left_ = Step::unstarted;  // the step before, and how long it took
  Duration left_after_{};
};

}  // namespace witan::consensus
