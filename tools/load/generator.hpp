// Puts a stream of transactions on running nodes and measures when they are committed.
//
// Open loop (rate > 0): batch i is due at start + i * batch / rate whether or not earlier ones were
// answered, and its latency runs from that instant; so a node that stalls is charged for everything
// that should have been sent meanwhile (no coordinated omission). All transactions of a batch are
// due at the same instant. Batches that were due but could not be sent before the end, because all
// connections waited for answers, are reported as not sent.
// Closed loop (rate == 0): a window of batches is kept in flight; during the warm-up it doubles
// while the committed rate still grows, so it saturates without flooding. Latency then runs from
// the moment of sending and says what saturation costs, not what a user at a lower rate would see.
// A transaction is committed when `wait=commit` says so: it is in a decided block.
// Everything runs on the caller's thread, bodies and signatures included; what that costs is
// measured in docs/performance.md.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"
#include "tools/load/latency_histogram.hpp"

namespace witan::loadgen {

enum class Kind : std::uint8_t { empty, opaque, transfer };
[[nodiscard]] std::string_view name_of(Kind kind);
// As the command line writes them. Errors: usage.
[[nodiscard]] Result<Kind> kind_from(std::string_view name);
[[nodiscard]] Result<double> rate_from(const std::string& text);  // "max": 0

struct LoadPlan {
  std::vector<std::string> nodes;  // URLs
  Kind kind = Kind::opaque;        // empty: nothing is sent, only heights are watched
  double rate = 1000;              // transactions per second; 0: as many as are committed
  std::size_t payload_bytes = 200;
  Duration warmup{};  // before the measured time; not counted
  Duration measured = Duration::from_s(10);
  std::size_t batch = 100;       // transactions per request
  std::size_t connections = 32;  // over all nodes; each has at most one batch in flight
  std::uint64_t fee = 1;
  std::vector<SecretKey> accounts;  // transfer; each belongs to one connection
  std::size_t body_bytes_max = 900'000;
  Duration answer_timeout = Duration::from_s(30);
};

// Transactions. sent == committed + sum of errors, once every answer is there.
struct LoadCounts {
  std::uint64_t sent = 0;
  std::uint64_t committed = 0;
  std::map<std::string, std::uint64_t> errors;  // by code
};
struct LoadReport {
  LoadCounts counts;           // of the batches due in the measured time, whenever answered
  std::uint64_t not_sent = 0;  // transactions due in the measured time that never left
  LatencyHistogram latency;    // of the committed ones among them
  double seconds = 0;          // measured time
  std::uint64_t committed_in_time = 0;  // answered within it
  double heights_per_second = 0;        // of the first node, within it
  std::uint64_t height = 0;             // last seen
  std::size_t window = 0;               // closed loop: batches in flight
  [[nodiscard]] double committed_per_second() const {
    return seconds > 0 ? static_cast<double>(committed_in_time) / seconds : 0;
  }
};
// One second of a run, by the time of the answers.
struct LoadSecond {
  unsigned number = 0;  // from the start of the warm-up
  bool warmup = false;
  LoadCounts counts;
  LatencyHistogram latency;
  std::uint64_t height = 0;
  std::size_t in_flight = 0;  // batches
};

// Called on the loop's thread: must be quick, or they delay the schedule.
struct LoadHooks {
  std::function<void()> on_measured_begin = [] {};
  std::function<void()> on_measured_end = [] {};
  std::function<bool()> should_end = [] { return false; };  // asked five times a second
  std::function<void(const LoadSecond&)> on_second = [](const LoadSecond&) {};
};

// Errors: usage (plan), network (a node cannot be reached at the start), malformed (answers that
// are no API answers).
[[nodiscard]] Result<LoadReport> run_load(LoadPlan plan, const LoadHooks& hooks);

// What a report says of its plan, which run_load() consumes.
struct LoadSummary {
  Kind kind = Kind::opaque;
  double rate = 0;
  std::size_t payload_bytes = 0, batch = 0, connections = 0;
};
[[nodiscard]] LoadSummary summary_of(const LoadPlan& plan);
// One line: {"kind","rate","committed_tps","latency_ms":{"p50",...},"errors":{code: count},...}
[[nodiscard]] std::string report_json(const LoadSummary& plan, const LoadReport& report);
[[nodiscard]] std::string report_text(const LoadSummary& plan, const LoadReport& report);

}  // namespace witan::loadgen
