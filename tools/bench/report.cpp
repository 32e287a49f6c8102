#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/bench/local_bench.hpp"

namespace witan::bench {
namespace {

using Json = nlohmann::ordered_json;

// Three decimals: what is printed beyond them is noise.
double rounded(double value) { return std::round(value * 1000) / 1000; }

Json latency_json(const loadgen::LatencyHistogram& h) {
  const auto ms = [](std::uint64_t us) { return rounded(static_cast<double>(us) / 1000.0); };
  return {{"p50", ms(h.percentile(500))},
          {"p90", ms(h.percentile(900))},
          {"p99", ms(h.percentile(990))},
          {"max", ms(h.max())}};
}

double cpu_us_per(const BenchReport& r, double rate) {
  return rate > 0 ? r.node_cpu_seconds / r.seconds * 1e6 / rate : 0;
}

}  // namespace

std::string report_json(const BenchReport& r) {
  const bool sends = r.plan.kind != loadgen::Kind::empty;
  const double tps = r.load.committed_per_second();
  Json out{
      {"kind", loadgen::name_of(r.plan.kind)},
      {"validators", r.plan.validators},
      {"rate", r.plan.rate > 0 ? Json(r.plan.rate) : Json("max")},
      {"seconds", rounded(r.seconds)},
      {"heights_per_s", rounded(r.heights_per_s)},
      {"committed_tps", sends ? Json(rounded(tps)) : Json(nullptr)},
      {"latency_ms", sends ? latency_json(r.load.latency) : Json(nullptr)},
      {"finality_ms", {{"p50", rounded(r.finality_p50_ms)}, {"p99", rounded(r.finality_p99_ms)}}},
      {"cpu_us_per_tx", sends ? Json(rounded(cpu_us_per(r, tps))) : Json(nullptr)},
      {"cpu_us_per_height", rounded(cpu_us_per(r, r.heights_per_s))},
      {"cpu_cores_used", rounded(r.node_cpu_seconds / r.seconds)},
      {"cpu_cores_load", rounded(r.own_cpu_seconds / r.seconds)},
      {"rss_mb_max", rounded(r.rss_mb_max)},
      {"fsyncs_per_height", rounded(r.fsyncs_per_height)},
      {"bytes_per_height",
       {{"files", std::round(r.file_bytes_per_height)},
        {"network", std::round(r.network_bytes_per_height)}}},
      {"rounds_failed", r.rounds_failed},
      {"floor", r.floor > 0 ? Json(rounded(r.floor)) : Json(nullptr)},
      {"floor_ratio", r.floor > 0 ? Json(rounded(r.floor_ratio)) : Json(nullptr)}};
  if (sends)
    out["load"] = {{"payload_bytes", r.plan.payload_bytes},
                   {"batch", r.plan.batch},
                   {"connections", r.plan.connections},
                   {"window", r.load.window},
                   {"sent", r.load.counts.sent},
                   {"committed", r.load.counts.committed},
                   {"not_sent", r.load.not_sent},
                   {"errors", r.load.counts.errors}};
  out["verify_us"] = rounded(r.costs.verify_us);
  out["sign_us"] = rounded(r.costs.sign_us);
  out["machine"] = {
      {"cpu", r.machine.cpu}, {"cores", r.machine.cores}, {"kernel", r.machine.kernel}};
  out["commit"] = r.plan.commit;
  out["build"] = r.plan.build;
  out["common_height"] = r.common_height;
  out["state_root"] = r.state_root;
  if (!r.folder.empty()) out["folder"] = r.folder;
  return out.dump();
}

std::string report_text(const BenchReport& r) {
  std::string out;
  const auto row = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("{:<18}{}\n", name, value);
  };
  row("network",
      fmt::format("{} validators, {} at {}", r.plan.validators, loadgen::name_of(r.plan.kind),
                  r.plan.rate > 0 ? fmt::format("{}/s", r.plan.rate) : "max"));
  row("heights", fmt::format("{:.1f}/s  finality ms p50 {:.2f}  p99 {:.2f}", r.heights_per_s,
                             r.finality_p50_ms, r.finality_p99_ms));
  if (r.plan.kind != loadgen::Kind::empty) {
    out += loadgen::report_text(
        {r.plan.kind, r.plan.rate, r.plan.payload_bytes, r.plan.batch, r.plan.connections}, r.load);
    row("CPU", fmt::format("{:.2f} us per transaction, all nodes",
                           cpu_us_per(r, r.load.committed_per_second())));
  }
  row("CPU", fmt::format("{:.0f} us per height, all nodes; {:.2f} cores nodes, {:.2f} load",
                         cpu_us_per(r, r.heights_per_s), r.node_cpu_seconds / r.seconds,
                         r.own_cpu_seconds / r.seconds));
  row("memory", fmt::format("{:.0f} MB, the largest node", r.rss_mb_max));
  row("per height",
      fmt::format("{:.2f} fsyncs a node, {:.0f} bytes to files, {:.0f} to peers",
                  r.fsyncs_per_height, r.file_bytes_per_height, r.network_bytes_per_height));
  if (r.floor > 0) row("floor", fmt::format("{:.0f}/s, ratio {:.3f}", r.floor, r.floor_ratio));
  row("machine", fmt::format("{}, {} cores, {}", r.machine.cpu, r.machine.cores, r.machine.kernel));
  row("commit", r.plan.commit + ", " + r.plan.build);
  row("state root", fmt::format("{} at {}", r.state_root, r.common_height));
  if (!r.folder.empty()) row("kept in", r.folder);
  return out;
}

}  // namespace witan::bench
