#include "actors/telemetry/docs.hpp"

#include <fmt/format.h>

#include "actors/telemetry/events.hpp"
#include "actors/telemetry/metric_table.hpp"

namespace witan {
namespace {

std::string_view name_of(MetricType t) {
  switch (t) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "unknown";
}

std::string spaced(std::string_view list) {
  std::string out;
  for (const char c : list) out += c == ',' ? std::string(", ") : std::string(1, c);
  return out;
}

}  // namespace

std::string metrics_markdown() {
  std::string out =
      "# Metrics\n\n"
      "Printed from `actors/telemetry/metric_table.hpp` by `telemetry_docs`; do not edit by hand.\n"
      "Served at `GET /metrics` (Prometheus text). Every `witan_` metric has the label "
      "`chain_id`.\n"
      "Histograms are in seconds unless the name says bytes. `witan` is the option\n"
      "`instrumentation.namespace`.\n\n"
      "The names are CometBFT's where the same thing is measured, with one difference: every "
      "counter\nends in `_total` (`consensus_late_votes` is `consensus_late_votes_total` here), "
      "because `promtool check\nmetrics` refuses others; dashboards made for CometBFT need that "
      "ending.\n\n"
      "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n";
  for (const MetricInfo& m : metric_table)
    out += fmt::format("| witan_{} | {} | {} | {} |\n", m.name, name_of(m.type), spaced(m.labels),
                       m.help);
#define WITAN_X(name, type, help) out += "| " #name " | " #type " |  | " help " |\n";
  WITAN_PROCESS_METRICS(WITAN_X)
#undef WITAN_X
  return out;
}

std::string events_markdown() {
  std::string out =
      "# Log events\n\n"
      "Printed from `actors/telemetry/events.hpp` by `telemetry_docs`; do not edit by hand.\n"
      "Every line has `ts`, `level`, `event` and `module`, then the fields below. Event names are\n"
      "stable: they are never renamed or reused.\n\n"
      "| Event | Level | Module | Fields | Meaning |\n|---|---|---|---|---|\n";
  for (const EventInfo& e : event_table)
    out += fmt::format("| {} | {} | {} | {} | {} |\n", e.name, witan::name_of(e.level),
                       witan::name_of(e.module), spaced(e.fields), e.meaning);
  return out;
}

}  // namespace witan
