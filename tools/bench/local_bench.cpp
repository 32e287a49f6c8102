#include "tools/bench/local_bench.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "tools/bench/metrics_text.hpp"
#include "tools/http/http_loop.hpp"
#include "tools/witan/key_files.hpp"
#include "tools/witan/network_plan.hpp"

namespace witan::bench {
namespace {

using web::http_get;
using web::HttpLoop;

constexpr Duration ready_limit = Duration::from_s(60);
constexpr Duration stop_limit = Duration::from_s(30);
constexpr Duration ask_limit = Duration::from_s(10);

volatile std::sig_atomic_t interrupted = 0;
void note_interrupt(int) { interrupted = 1; }

double own_cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

struct Snapshot {
  Instant at;
  double own_cpu = 0;
  std::vector<ProcessUse> use;
  std::vector<MetricsText> metrics;  // empty texts for a node that does not answer
};

class Bench {
 public:
  explicit Bench(const BenchPlan& plan) { report_.plan = plan; }

  Result<BenchReport> run() {
    report_.machine = this_machine();
    report_.costs = measure_unit_costs();
    WITAN_TRY_VOID(make_homes());
    auto outcome = run_network();
    stop_nodes();
    if (outcome) outcome = check_ends();
    if (!outcome) {
      return fail(outcome.error().code, outcome.error().field,
                  outcome.error().text + "; homes and logs are kept in " + report_.folder);
    }
    if (!report_.plan.keep) {
      std::error_code ignored;  // a leftover folder does not change the figures
      std::filesystem::remove_all(report_.folder, ignored);
      report_.folder.clear();
    }
    return std::move(report_);
  }

 private:
  Status make_homes() {
    std::string pattern = (std::filesystem::temp_directory_path() / "witan-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      return fail(ErrorCode::io, pattern, "cannot be made; set TMPDIR to a writable folder");
    report_.folder = pattern;
    cli::NetworkPlan network;
    network.chain_name = "bench";
    network.validators = report_.plan.validators;
    network.accounts =
        report_.plan.kind == loadgen::Kind::transfer ? report_.plan.accounts : std::size_t{1};
    WITAN_TRY(network.p2p_port, free_ports(2 * network.validators));
    network.rpc_port = static_cast<std::uint16_t>(network.p2p_port + network.validators);
    const std::filesystem::path folder = report_.folder + "/net";
    WITAN_TRY(const cli::NewNetwork made, cli::make_network(network, folder, std::nullopt));
    for (const auto& node : made.nodes) {
      homes_.push_back(node.home.string());
      urls_.push_back("http://" + node.config.rpc.laddr.host + ":" +
                      std::to_string(node.config.rpc.laddr.port));
    }
    accounts_folder_ = (folder / "accounts").string();
    return {};
  }

  Status run_network() {
    for (const std::string& home : homes_) {
      std::vector<std::string> words{"start", "--home", home, "--log.level", "warn"};
      for (const std::string& flag : report_.plan.node_flags) words.push_back(flag);
      WITAN_TRY(Child child, Child::spawn(words, home + "/node.log"));
      pids_.push_back(child.pid());
      nodes_.push_back(std::move(child));
    }
    WITAN_TRY_VOID(wait_until_ready());
    WITAN_TRY_VOID(load_network());
    WITAN_TRY_VOID(fill_report());
    return compare_roots();
  }

  // Every node says it is ready and has decided a height.
  Status wait_until_ready() {
    const Instant end = HttpLoop::now() + ready_limit;
    for (std::size_t i = 0; i < nodes_.size();) {
      if (!nodes_[i].running())
        return fail(ErrorCode::internal, homes_[i],
                    fmt::format("node ended with {} while starting; see node.log there",
                                nodes_[i].exit_code()));
      if (interrupted != 0) return fail(ErrorCode::cancelled, "bench", "interrupted");
      const auto ready = http_get(urls_[i], "/readyz", Duration::from_s(1));
      if (ready && ready->status == 200 && latest_height(i) > 0) {
        ++i;
        continue;
      }
      if (HttpLoop::now() > end)
        return fail(ErrorCode::network, urls_[i],
                    ready ? "not ready in time: " + ready->body : ready.error().to_string());
      HttpLoop pause;
      pause.at(HttpLoop::now() + Duration::from_ms(50), [&] { pause.stop(); });
      pause.run();
    }
    return {};
  }

  Status load_network() {
    const BenchPlan& plan = report_.plan;
    loadgen::LoadPlan load;
    load.nodes = urls_;
    load.kind = plan.kind;
    load.rate = plan.rate;
    load.payload_bytes = plan.payload_bytes;
    load.warmup = plan.warmup;
    load.measured = plan.measured;
    load.batch = plan.batch;
    load.connections = plan.connections;
    if (plan.kind == loadgen::Kind::transfer) {
      WITAN_TRY(load.accounts, cli::open_test_accounts(accounts_folder_));
    }
    loadgen::LoadHooks hooks;
    std::future<Snapshot> begin, end;
    hooks.on_measured_begin = [&] {
      begin = std::async(std::launch::async, [&] { return look(); });
    };
    hooks.on_measured_end = [&] { end = std::async(std::launch::async, [&] { return look(); }); };
    hooks.should_end = [] { return interrupted != 0; };
    hooks.on_second = [&](const loadgen::LoadSecond& second) { show(second); };
    WITAN_TRY(report_.load, loadgen::run_load(std::move(load), hooks));
    if (!begin.valid() || !end.valid())
      return fail(ErrorCode::cancelled, "bench", "interrupted before anything was measured");
    begin_ = begin.get();
    end_ = end.get();
    return {};
  }

  Snapshot look() {
    Snapshot out;
    out.at = HttpLoop::now();
    out.own_cpu = own_cpu_seconds();
    for (const pid_t pid : pids_) out.use.push_back(process_use(pid));
    for (const std::string& url : urls_) {
      const auto text = http_get(url, "/metrics", ask_limit);
      out.metrics.push_back(MetricsText::parse(text ? text->body : "", "witan_"));
    }
    return out;
  }

  void show(const loadgen::LoadSecond& second) const {
    if (!report_.plan.progress) return;
    std::fputs(
        fmt::format("{:4} s  height {:7}  committed {:7}/s  in flight {:3}  p50 {:.1f} ms{}\n",
                    second.number, second.height, second.counts.committed, second.in_flight,
                    static_cast<double>(second.latency.percentile(500)) / 1000.0,
                    second.warmup ? "  (warm-up)" : "")
            .c_str(),
        stderr);
  }

  // ---- figures ----

  // Growth of a metric between the two readings, over all nodes.
  [[nodiscard]] double growth(const std::string& metric) const {
    double out = 0;
    for (std::size_t i = 0; i < urls_.size(); ++i)
      out += end_.metrics[i].sum(metric) - begin_.metrics[i].sum(metric);
    return out;
  }

  [[nodiscard]] double heights_decided() const {
    double out = 0;
    for (std::size_t i = 0; i < urls_.size(); ++i)
      out = std::max(out, end_.metrics[i].sum("consensus_latest_block_height") -
                              begin_.metrics[i].sum("consensus_latest_block_height"));
    return out;
  }

  Status fill_report() {
    BenchReport& r = report_;
    r.seconds = (end_.at - begin_.at).seconds();
    r.heights = heights_decided();
    if (r.heights <= 0)
      return fail(ErrorCode::timeout, "heights", "nothing was decided in the measured time");
    r.heights_per_s = r.heights / r.seconds;
    r.own_cpu_seconds = end_.own_cpu - begin_.own_cpu;
    double files = 0;
    for (std::size_t i = 0; i < pids_.size(); ++i) {
      r.node_cpu_seconds += end_.use[i].cpu_seconds - begin_.use[i].cpu_seconds;
      files += static_cast<double>(end_.use[i].file_bytes - begin_.use[i].file_bytes);
      r.rss_mb_max =
          std::max(r.rss_mb_max, static_cast<double>(end_.use[i].rss_peak_bytes) / (1024 * 1024));
    }
    r.file_bytes_per_height = files / r.heights;
    r.network_bytes_per_height = growth("p2p_message_send_bytes_total") / r.heights;
    r.fsyncs_per_height =
        growth("consensus_wal_fsync_seconds_count") / r.heights / static_cast<double>(pids_.size());
    r.rounds_failed = growth("consensus_round_increment_total");
    Buckets finality;
    for (std::size_t i = 0; i < urls_.size(); ++i) {
      add_buckets(finality, end_.metrics[i].buckets("consensus_finality_seconds"));
      add_buckets(finality, begin_.metrics[i].buckets("consensus_finality_seconds"), -1);
    }
    r.finality_p50_ms = quantile(finality, 0.5) * 1000;
    r.finality_p99_ms = quantile(finality, 0.99) * 1000;
    if (r.plan.kind == loadgen::Kind::empty) {
      r.floor = heights_floor(r.plan.validators, r.machine.cores, r.costs);
      r.floor_ratio = r.heights_per_s / r.floor;
    } else if (r.plan.kind == loadgen::Kind::transfer) {
      r.floor = transfers_floor(r.plan.validators, r.machine.cores, r.costs);
      r.floor_ratio = r.load.committed_per_second() / r.floor;
    }
    return {};
  }

  // ---- agreement and end ----

  [[nodiscard]] std::uint64_t latest_height(std::size_t i) const {
    const auto answer = http_get(urls_[i], "/api/v1/status", ask_limit);
    if (!answer) return 0;
    const auto json = nlohmann::json::parse(answer->body, nullptr, false);
    if (!json.is_object() || !json.contains("latestHeight")) return 0;
    return std::strtoull(json.value("latestHeight", "0").c_str(), nullptr, 10);
  }

  [[nodiscard]] std::string root_at(std::size_t i, std::uint64_t height) const {
    const auto answer = http_get(urls_[i], "/api/v1/blocks/" + std::to_string(height), ask_limit);
    if (!answer) return answer.error().to_string();
    const auto json = nlohmann::json::parse(answer->body, nullptr, false);
    const auto root = nlohmann::json::json_pointer("/header/stateRoot");
    return json.contains(root) && json.at(root).is_string() ? json.at(root).get<std::string>()
                                                            : answer->body;
  }

  Status compare_roots() {
    std::uint64_t common = ~std::uint64_t{0};
    for (std::size_t i = 0; i < urls_.size(); ++i) common = std::min(common, latest_height(i));
    if (common == 0) return fail(ErrorCode::network, "nodes", "one does not answer any more");
    report_.common_height = common;
    report_.state_root = root_at(0, common);
    for (std::size_t i = 1; i < urls_.size(); ++i) {
      const std::string other = root_at(i, common);
      if (other != report_.state_root)
        return fail(
            ErrorCode::state_root_mismatch, "height " + std::to_string(common),
            "node 0 has " + report_.state_root + ", node " + std::to_string(i) + " has " + other);
    }
    return {};
  }

  void stop_nodes() {
    for (Child& node : nodes_) node.ask_to_stop();
    for (Child& node : nodes_) report_.exit_codes.push_back(node.wait(stop_limit));
  }

  Status check_ends() const {
    for (std::size_t i = 0; i < report_.exit_codes.size(); ++i)
      if (report_.exit_codes[i] != 0)
        return fail(ErrorCode::internal, homes_[i],
                    "node ended with " + std::to_string(report_.exit_codes[i]));
    return {};
  }

  BenchReport report_;
  std::vector<std::string> homes_, urls_;
  std::string accounts_folder_;
  std::vector<Child> nodes_;
  std::vector<pid_t> pids_;
  Snapshot begin_, end_;
};

}  // namespace

Result<BenchReport> run_local_bench(const BenchPlan& plan) {
  if (plan.validators == 0 || plan.validators > 100)
    return fail(ErrorCode::usage, "--validators", "is outside 1..100");
  std::signal(SIGINT, note_interrupt);
  std::signal(SIGTERM, note_interrupt);
  return Bench(plan).run();
}

}  // namespace witan::bench
