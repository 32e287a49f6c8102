// What a live view shows of the last hops of this process: edges between actors, and the hops of
// one edge or height. Pure.
#pragma once
#include <vector>

#include "actors/telemetry/trace/core/hop.hpp"

namespace witan::trace {

struct LiveEdge {
  std::uint32_t from = 0, to = 0;  // actor numbers; 0: outside
  std::uint64_t messages = 0, bytes = 0;
  std::uint64_t not_handled = 0;
  std::uint32_t depth_max = 0;
  // Nanoseconds, of those that were handled; waits of timers do not count.
  std::int64_t wait_p50 = 0, wait_p99 = 0;
  std::int64_t handle_p50 = 0, handle_p99 = 0;
};

// Most messages first, at most `edges_max`.
[[nodiscard]] std::vector<LiveEdge> live_edges(const std::vector<HopRecord>& hops,
                                               std::size_t edges_max);

// When a hop begins for a viewer: a timer when it goes off, not when it was armed.
[[nodiscard]] constexpr std::int64_t begin_of(const HopRecord& hop) {
  return hop.kind == kind_timer ? hop.started : hop.sent;
}

// Newest first, at most `limit`.
[[nodiscard]] std::vector<HopRecord> newest_of_edge(const std::vector<HopRecord>& hops,
                                                    std::uint32_t from, std::uint32_t to,
                                                    std::size_t limit);
// Oldest first, at most `limit`.
[[nodiscard]] std::vector<HopRecord> first_of_height(const std::vector<HopRecord>& hops,
                                                     std::uint64_t height, std::size_t limit);

}  // namespace witan::trace
