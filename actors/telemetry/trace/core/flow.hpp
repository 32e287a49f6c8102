// Flows: some hops of a trace as trees, each hop under the one that caused it. Pure.
//
// A message that carries many transactions is caused by one of them only. Therefore in the flow of
// a transaction a hop that carries it, and whose cause does not, stands under the last hop that
// brought the same transaction to its sender: it is linked by its content ("by_content").
#pragma once
#include "actors/telemetry/trace/core/query.hpp"

namespace witan::trace {

struct FlowStep {
  std::uint32_t hop = 0;
  std::int32_t parent = -1;  // index of a step before this one in time or not; -1: a root
  bool by_content = false;
};
struct Flow {
  std::string title;
  std::uint64_t trace_hi = 0, trace_lo = 0;  // of all steps; 0, 0: each has its own
  std::vector<FlowStep> steps;               // by time
};

[[nodiscard]] Flow flow_of(const TraceSet& set, Selection hops, std::string title);
// From its submission to the commits that tell of it, with the chain of messages that led to each
// commit. Needs a recording: the flight recorder does not look into batches.
[[nodiscard]] Flow transaction_flow(const TraceSet& set, std::uint64_t transaction);

// Steps in the order of a tree walk with their depth; circles, which only a forged file can hold,
// are cut. Every step appears once.
struct TreeLine {
  std::uint32_t step = 0;
  std::uint32_t depth = 0;
};
[[nodiscard]] std::vector<TreeLine> tree_order(const Flow& flow);

}  // namespace witan::trace
