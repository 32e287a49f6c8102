// Drives a recorded run again from its scenario and seed, and compares it with the recording while
// it is made, line by line and hop by hop. Stops at the first difference, or at a message that was
// asked for, with what its receiver held before and after.
//
// A difference means: other code, or an input that scenario and seed do not determine. The state is
// that of the run driven now; a recording holds none. Messages that are never handled (shed,
// dropped, to nobody) have no state before.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/sim/recording.hpp"
#include "tools/sim/world.hpp"

namespace witan::sim {

struct ActorPlace {
  std::uint32_t node = 0;
  std::string path;
  bool operator==(const ActorPlace&) const = default;
};
// "n0:/node/chain/mempool". Errors: usage.
[[nodiscard]] Result<ActorPlace> parse_actor(std::string_view text);

// A hop by its number, or the n-th message that an actor handles; both count from 1.
struct StopPoint {
  std::optional<ActorPlace> actor;
  std::uint64_t number = 0;
  bool operator==(const StopPoint&) const = default;
};
// "4711" or "n0:/node/chain/mempool:17". Errors: usage.
[[nodiscard]] Result<StopPoint> parse_stop(std::string_view text);

struct RedriveRequest {
  std::optional<StopPoint> stop;
  // Only what this actor gets and sends is compared; hops keep their numbers.
  std::optional<ActorPlace> actor;
  // Each hop that was compared and is the same.
  std::function<void(std::uint64_t number, const HopSeen& hop)> show;
};

struct RedriveStop {
  bool diverged = false;
  std::uint64_t hop = 0;        // its number in the run driven now; 0: before the first
  std::optional<Entry> logged;  // none: the recording has ended
  std::optional<Entry> now;     // none: the run has ended
  std::string handling;         // "n0 /node/chain/mempool": whose handler ran last, or runs
  std::string before, after;    // what the receiver held; empty where nobody handled
};

struct RedriveResult {
  std::uint64_t hops = 0, lines = 0;  // compared, and the same
  std::optional<RedriveStop> stop;
  std::optional<Error> damage;  // the recording could not be read further: compared up to there
  Outcome outcome;              // of the run driven now; not of one that was stopped
};

// Errors: config, bad_rule (the recorded scenario is none, any more).
[[nodiscard]] Result<RedriveResult> redrive(Recording& recording, const RedriveRequest& request);

// "hop 12 at 0.123456 s: n0 /node/chain/mempool <- n0 ...: TransactionBatch ..." without a number.
[[nodiscard]] std::string to_text(const HopSeen& hop);
[[nodiscard]] std::string to_text(const std::optional<Entry>& entry);
// Which facts of two hops differ: "time, content".
[[nodiscard]] std::string difference(const HopSeen& a, const HopSeen& b);

}  // namespace witan::sim
