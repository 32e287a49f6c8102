// A network of real node processes on this machine, a load on its API, and the figures of a
// measured time: what a user gets (rates, latencies), what it costs (CPU, memory, disk), and how
// far that is from the floor (floor.hpp).
//
// Every node is a fresh home in a temporary folder, on the development profile. Nothing of the
// nodes is configured for the benchmark but ports and a quieter log. The load generator runs in
// this process on the same cores; its CPU is reported beside the nodes'.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tools/bench/floor.hpp"
#include "tools/bench/process.hpp"
#include "tools/load/generator.hpp"

namespace witan::bench {

struct BenchPlan {
  std::size_t validators = 4;
  loadgen::Kind kind = loadgen::Kind::empty;
  double rate = 0;  // 0: max
  std::size_t payload_bytes = 200;
  Duration warmup = Duration::from_s(8);
  Duration measured = Duration::from_s(20);
  std::size_t batch = 200;
  std::size_t connections = 64;
  std::size_t accounts = 256;  // of transfers
  bool keep = false;           // the homes and logs
  bool progress = true;        // a line per second on standard error
  std::string commit = "unknown";
  std::string build = "unknown";
  std::vector<std::string> node_flags;  // given to every `start`
};

struct BenchReport {
  BenchPlan plan;
  Machine machine;
  UnitCosts costs;
  loadgen::LoadReport load;
  std::string folder;  // kept homes
  double seconds = 0;  // between the two readings of the nodes
  double heights = 0, heights_per_s = 0;
  double finality_p50_ms = 0, finality_p99_ms = 0;  // start of a height to its decision
  double node_cpu_seconds = 0, own_cpu_seconds = 0;
  double rss_mb_max = 0;
  double fsyncs_per_height = 0;         // of one node
  double file_bytes_per_height = 0;     // written to files by all nodes
  double network_bytes_per_height = 0;  // sent by all nodes to peers
  double rounds_failed = 0;
  double floor = 0, floor_ratio = 0;  // 0: none is stated for this kind
  std::uint64_t common_height = 0;
  std::string state_root;
  std::vector<int> exit_codes;
};

// Errors: io, network (no ports; nodes not ready), timeout (nothing decided),
// state_root_mismatch, internal (a node ended by itself or not cleanly). A failed run keeps its
// folder and names it.
[[nodiscard]] Result<BenchReport> run_local_bench(const BenchPlan& plan);

[[nodiscard]] std::string report_json(const BenchReport& report);
[[nodiscard]] std::string report_text(const BenchReport& report);

}  // namespace witan::bench
