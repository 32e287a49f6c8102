#include "actors/telemetry/trace/core/critical_path.hpp"

#include <algorithm>

namespace witan::trace {
namespace {

constexpr std::size_t steps_max = 10'000;  // a height has some tens

// The first CommitBlock of the height on each node.
std::map<std::string, std::uint32_t> commits_of(const TraceSet& set, std::uint64_t height) {
  std::map<std::string, std::uint32_t> out;
  for (std::uint32_t i = 0; i < set.hops().size(); ++i) {
    const HopRecord& hop = set.hops()[i];
    if (hop.height == height && set.type_name(hop.type) == "CommitBlock")
      out.emplace(set.nodes[hop.node].label, i);
  }
  return out;
}

void measure(const TraceSet& set, CriticalPath& path) {
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    PathStep& step = path.steps[i];
    const HopRecord& hop = set.hops()[step.hop];
    const bool last = i + 1 == path.steps.size();
    step.before_ns = i == 0 || last ? 0 : minus(hop.started, hop.sent);
    step.before = hop.kind == kind_timer ? PathPart::timer : PathPart::queue;
    if (hop.kind == kind_network && i > 0) {
      // From the moment the other end handed it to its connection.
      step.before = PathPart::network;
      step.before_ns = minus(hop.started, set.hops()[path.steps[i - 1].hop].started);
    }
    if (!last) {
      const HopRecord& next = set.hops()[path.steps[i + 1].hop];
      step.handling_ns = next.kind == kind_network ? 0 : minus(next.sent, hop.started);
    }
    auto& before = path.parts[static_cast<std::size_t>(step.before)];
    before = plus(before, step.before_ns);
    auto& handling = path.parts[static_cast<std::size_t>(PathPart::handling)];
    handling = plus(handling, step.handling_ns);
    auto& actor = path.handling[set.to_label(hop)];
    actor = plus(actor, step.handling_ns);
  }
  path.begin = set.hops()[path.steps.front().hop].started;
  path.end = set.hops()[path.steps.back().hop].sent;
}

}  // namespace

Result<CriticalPath> critical_path(const TraceSet& set, std::uint64_t height,
                                   const std::string& node) {
  const auto commits = commits_of(set, height);
  if (commits.empty())
    return fail(ErrorCode::not_found, "height",
                "no commit of height " + std::to_string(height) + " is in this trace");
  CriticalPath out;
  out.height = height;
  std::uint32_t end = commits.begin()->second;
  for (const auto& [label, hop] : commits) {
    out.commits[label] = set.hops()[hop].sent;
    if (hop < end) end = hop;  // hops are in the order of time
  }
  if (!node.empty()) {
    const auto at = commits.find(node);
    if (at == commits.end())
      return fail(ErrorCode::not_found, "node",
                  "no commit of this height by `" + node + "` is in this trace");
    end = at->second;
  }
  const HopRecord* at = &set.hops()[end];
  out.node = set.nodes[at->node].label;
  while (at != nullptr && out.steps.size() < steps_max) {
    out.steps.push_back({.hop = set.index_of(*at)});
    if (at->height != 0 && at->height < height) {
      out.whole = true;
      break;
    }
    at = set.cause_of(*at);
  }
  std::reverse(out.steps.begin(), out.steps.end());
  measure(set, out);
  return out;
}

}  // namespace witan::trace
