#include "actors/telemetry/trace/core/flow.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace witan::trace {
namespace {

constexpr std::size_t chain_max = 100'000;

std::int32_t step_of(const Selection& hops, std::uint32_t hop) {
  const auto at = std::lower_bound(hops.begin(), hops.end(), hop);
  return at != hops.end() && *at == hop ? static_cast<std::int32_t>(at - hops.begin()) : -1;
}

// The last carrier that ended where `hop` begins, before it was sent.
std::int32_t bringer_of(const TraceSet& set, const Selection& hops,
                        const std::vector<bool>& carriers, std::size_t step) {
  const HopRecord& hop = set.hops()[hops[step]];
  for (std::size_t i = step; i-- > 0;) {
    const HopRecord& other = set.hops()[hops[i]];
    if (carriers[i] && other.node == hop.node && other.to == hop.from && other.started <= hop.sent)
      return static_cast<std::int32_t>(i);
  }
  return -1;
}

}  // namespace

Flow flow_of(const TraceSet& set, Selection hops, std::string title) {
  std::sort(hops.begin(), hops.end());
  hops.erase(std::unique(hops.begin(), hops.end()), hops.end());
  Flow out;
  out.title = std::move(title);
  for (const std::uint32_t hop : hops) {
    const HopRecord* cause = set.cause_of(set.hops()[hop]);
    out.steps.push_back({hop, cause != nullptr ? step_of(hops, set.index_of(*cause)) : -1, false});
  }
  return out;
}

Flow transaction_flow(const TraceSet& set, std::uint64_t transaction) {
  Filter filter;
  filter.transaction = transaction;
  Selection hops = select(set, filter);
  const Selection carrying = hops;
  if (!carrying.empty()) {
    const std::int64_t begin = set.hops()[carrying.front()].sent;
    std::vector<bool> taken(set.hops().size(), false);
    for (const std::uint32_t hop : carrying) taken[hop] = true;
    for (const std::uint32_t hop : carrying) {
      if (set.type_name(set.hops()[hop].type) != "TransactionsCommitted") continue;
      const HopRecord* at = set.cause_of(set.hops()[hop]);
      for (std::size_t n = 0; at != nullptr && n < chain_max; ++n, at = set.cause_of(*at)) {
        const std::uint32_t index = set.index_of(*at);
        if (taken[index] || at->started < begin) break;
        taken[index] = true;
        hops.push_back(index);
      }
    }
  }
  Flow out = flow_of(set, hops, fmt::format("transaction {}", hex64(transaction)));
  out.trace_hi = transaction;
  out.trace_lo = 0;
  Selection sorted;
  std::vector<bool> carriers;
  for (const FlowStep& step : out.steps) {
    sorted.push_back(step.hop);
    carriers.push_back(std::binary_search(carrying.begin(), carrying.end(), step.hop));
  }
  for (std::size_t i = 0; i < out.steps.size(); ++i) {
    if (!carriers[i]) continue;
    if (out.steps[i].parent >= 0) continue;  // its cause is part of the flow: that stands
    const std::int32_t bringer = bringer_of(set, sorted, carriers, i);
    if (bringer < 0) continue;
    out.steps[i].parent = bringer;
    out.steps[i].by_content = true;
  }
  return out;
}

std::vector<TreeLine> tree_order(const Flow& flow) {
  std::vector<std::vector<std::uint32_t>> children(flow.steps.size());
  std::vector<std::uint32_t> roots;
  for (std::uint32_t i = 0; i < flow.steps.size(); ++i) {
    const std::int32_t parent = flow.steps[i].parent;
    if (parent < 0 || static_cast<std::size_t>(parent) >= flow.steps.size()) {
      roots.push_back(i);
    } else {
      children[static_cast<std::size_t>(parent)].push_back(i);
    }
  }
  std::vector<TreeLine> out;
  std::vector<bool> seen(flow.steps.size(), false);
  std::vector<TreeLine> open;
  const auto walk = [&](std::uint32_t root) {
    open.push_back({root, 0});
    while (!open.empty()) {
      const TreeLine line = open.back();
      open.pop_back();
      if (seen[line.step]) continue;
      seen[line.step] = true;
      out.push_back(line);
      const auto& below = children[line.step];
      for (auto child = below.rbegin(); child != below.rend(); ++child)
        open.push_back({*child, line.depth + 1});
    }
  };
  for (const std::uint32_t root : roots) walk(root);
  for (std::uint32_t i = 0; i < flow.steps.size(); ++i)  // circles have no root
    if (!seen[i]) walk(i);
  return out;
}

}  // namespace witan::trace
