#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/load/generator.hpp"

namespace witan::loadgen {
namespace {

double to_ms(std::uint64_t us) { return static_cast<double>(us) / 1000.0; }

}  // namespace

LoadSummary summary_of(const LoadPlan& plan) {
  return {plan.kind, plan.rate, plan.payload_bytes, plan.batch, plan.connections};
}

std::string report_json(const LoadSummary& plan, const LoadReport& report) {
  const LatencyHistogram& h = report.latency;
  const nlohmann::ordered_json out{
      {"kind", name_of(plan.kind)},
      {"rate", plan.rate > 0 ? nlohmann::ordered_json(plan.rate) : "max"},
      {"payload_bytes", plan.payload_bytes},
      {"batch", plan.batch},
      {"connections", plan.connections},
      {"seconds", report.seconds},
      {"committed_tps", report.committed_per_second()},
      {"heights_per_s", report.heights_per_second},
      {"sent", report.counts.sent},
      {"committed", report.counts.committed},
      {"not_sent", report.not_sent},
      {"errors", report.counts.errors},
      {"latency_ms",
       {{"p50", to_ms(h.percentile(500))},
        {"p90", to_ms(h.percentile(900))},
        {"p99", to_ms(h.percentile(990))},
        {"max", to_ms(h.max())}}},
      {"height", report.height},
      {"window", report.window}};
  return out.dump();
}

std::string report_text(const LoadSummary& plan, const LoadReport& report) {
  const LatencyHistogram& h = report.latency;
  std::string out =
      fmt::format("{:<14}{} for {:.0f} s\n", "load", name_of(plan.kind), report.seconds);
  const auto row = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("{:<14}{}\n", name, value);
  };
  row("heights", fmt::format("{:.1f}/s, at {}", report.heights_per_second, report.height));
  if (plan.kind == Kind::empty) return out;
  row("committed", fmt::format("{:.0f} transactions/s", report.committed_per_second()));
  row("sent", fmt::format("{} ({} committed, {} due but not sent)", report.counts.sent,
                          report.counts.committed, report.not_sent));
  row("latency ms",
      fmt::format("p50 {:.2f}  p90 {:.2f}  p99 {:.2f}  max {:.2f}", to_ms(h.percentile(500)),
                  to_ms(h.percentile(900)), to_ms(h.percentile(990)), to_ms(h.max())));
  if (report.window > 0) row("in flight", fmt::format("{} batches", report.window));
  for (const auto& [code, count] : report.counts.errors)
    row("error", fmt::format("{} {}", count, code));
  return out;
}

}  // namespace witan::loadgen
