#include "actors/telemetry/trace/core/live.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace witan::trace {
namespace {

struct Gathered {
  LiveEdge edge;
  std::vector<std::int64_t> waits, handles;
};

// The value that `percent` of all do not exceed. REQUIRES: values are not empty.
std::int64_t percentile(std::vector<std::int64_t>& values, std::size_t percent) {
  const auto at = static_cast<std::ptrdiff_t>((values.size() - 1) * percent / 100);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

void finish(Gathered& g) {
  if (!g.waits.empty()) {
    g.edge.wait_p50 = percentile(g.waits, 50);
    g.edge.wait_p99 = percentile(g.waits, 99);
  }
  if (!g.handles.empty()) {
    g.edge.handle_p50 = percentile(g.handles, 50);
    g.edge.handle_p99 = percentile(g.handles, 99);
  }
}

template <class Before>
std::vector<HopRecord> first_of(std::vector<HopRecord> hops, std::size_t limit, Before before) {
  const auto n = static_cast<std::ptrdiff_t>(std::min(limit, hops.size()));
  std::partial_sort(hops.begin(), hops.begin() + n, hops.end(), before);
  hops.resize(static_cast<std::size_t>(n));
  return hops;
}

}  // namespace

std::vector<LiveEdge> live_edges(const std::vector<HopRecord>& hops, std::size_t edges_max) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, Gathered> by_edge;
  for (const HopRecord& hop : hops) {
    Gathered& g = by_edge[{hop.from, hop.to}];
    ++g.edge.messages;
    g.edge.bytes += hop.size;
    g.edge.depth_max = std::max(g.edge.depth_max, hop.depth);
    if (hop.outcome != 0) {
      ++g.edge.not_handled;
      continue;
    }
    if (hop.kind != kind_timer) g.waits.push_back(hop.started - hop.sent);
    g.handles.push_back(hop.finished - hop.started);
  }
  std::vector<LiveEdge> out;
  out.reserve(by_edge.size());
  for (auto& [key, g] : by_edge) {
    finish(g);
    g.edge.from = key.first;
    g.edge.to = key.second;
    out.push_back(g.edge);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const LiveEdge& a, const LiveEdge& b) { return a.messages > b.messages; });
  if (out.size() > edges_max) out.resize(edges_max);
  return out;
}

std::vector<HopRecord> newest_of_edge(const std::vector<HopRecord>& hops, std::uint32_t from,
                                      std::uint32_t to, std::size_t limit) {
  std::vector<HopRecord> found;
  for (const HopRecord& hop : hops)
    if (hop.from == from && hop.to == to) found.push_back(hop);
  return first_of(std::move(found), limit,
                  [](const HopRecord& a, const HopRecord& b) { return begin_of(a) > begin_of(b); });
}

std::vector<HopRecord> first_of_height(const std::vector<HopRecord>& hops, std::uint64_t height,
                                       std::size_t limit) {
  std::vector<HopRecord> found;
  for (const HopRecord& hop : hops)
    if (hop.height == height) found.push_back(hop);
  return first_of(std::move(found), limit,
                  [](const HopRecord& a, const HopRecord& b) { return begin_of(a) < begin_of(b); });
}

}  // namespace witan::trace
