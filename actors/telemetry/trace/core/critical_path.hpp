// "Why was height h slow": the one chain of messages from the beginning of a height to its commit,
// each waiting for the one before. Shortening anything else would not have made the height faster.
// Pure.
//
// It is walked backwards: from the CommitBlock of the height to the message whose handling sent it,
// and so on, over the network, until a message of an earlier height (which began this one) or one
// whose cause was not recorded. Source: critical path analysis of Yang and Miller, ICDCS 1988.
#pragma once
#include <map>

#include "actors/telemetry/trace/core/trace_set.hpp"

namespace witan::trace {

enum class PathPart : std::uint8_t { queue, handling, timer, network };
inline constexpr std::array<std::string_view, 4> part_names{"queue", "handling", "timer",
                                                            "network"};

struct PathStep {
  std::uint32_t hop = 0;
  std::int64_t before_ns = 0;  // from sent to started: in the mailbox, on the wire, or a timer's
  PathPart before = PathPart::queue;
  std::int64_t handling_ns = 0;  // from started until it sent the next step
};
struct CriticalPath {
  std::uint64_t height = 0;
  std::string node;                 // whose commit it ends with
  std::vector<PathStep> steps;      // oldest first; the last is the CommitBlock
  bool whole = false;               // it reaches the height before
  std::int64_t begin = 0, end = 0;  // Unix ns; of the first step's start, of the commit's sending
  std::array<std::int64_t, 4> parts{};           // sums by PathPart
  std::map<std::string, std::int64_t> handling;  // by actor, "node0 consensus"
  std::map<std::string, std::int64_t> commits;   // node -> when it sent its CommitBlock
};

// Ends with the commit of the node with this label; empty: of the first node that committed.
// Errors: not_found (no commit of this height, or not by this node, is in the trace).
[[nodiscard]] Result<CriticalPath> critical_path(const TraceSet& set, std::uint64_t height,
                                                 const std::string& node);

}  // namespace witan::trace
