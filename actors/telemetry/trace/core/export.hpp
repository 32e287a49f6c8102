// Flows in the formats of other programs. Pure text; names from traces are escaped for each format.
//
//   mermaid   sequence diagram of mermaid.js      plantuml  the same for PlantUML
//   chrome    Trace Event Format (chrome://tracing, ui.perfetto.dev): a process for each node, a
//             thread for each actor, a slice for each handling, an arrow for each message. Times
//             are microseconds since the first hop: as Unix time they would lose their nanoseconds.
//   otlp      OpenTelemetry's ExportTraceServiceRequest as JSON (opentelemetry-proto 1.x)
//   csv       RFC 4180, one line for each hop
// What was assumed of the nodes' clocks is stated in all of them but CSV, whose times carry it.
#pragma once
#include "actors/telemetry/trace/core/flow.hpp"

namespace witan::trace {

// Diagrams end after `steps_max` messages and say so: nobody reads more.
[[nodiscard]] std::string to_mermaid(const TraceSet& set, const Flow& flow, std::size_t steps_max);
[[nodiscard]] std::string to_plantuml(const TraceSet& set, const Flow& flow, std::size_t steps_max);
[[nodiscard]] std::string to_chrome(const TraceSet& set, const Flow& flow);
[[nodiscard]] std::string to_otlp(const TraceSet& set, const Flow& flow);
[[nodiscard]] std::string to_csv(const TraceSet& set, const Flow& flow);

// One JSON object of one step: `witan trace show --json`.
[[nodiscard]] std::string step_json(const TraceSet& set, const FlowStep& step);
// "node1: +0.020 ms, right within 0.100 ms"
[[nodiscard]] std::string clock_text(const TraceNode& node);
// With quotes; control characters are escaped, what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace witan::trace
