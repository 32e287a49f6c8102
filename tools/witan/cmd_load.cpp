// load: a stream of transactions at a rate, and what became of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>

#include "tools/load/generator.hpp"
#include "tools/witan/key_files.hpp"
#include "tools/witan/program.hpp"

namespace witan::cli {
namespace {

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

struct LoadOptions {
  loadgen::LoadPlan plan;
  std::string kind = "opaque";
  std::string rate = "1000";
  double seconds = 0;  // 0: until a signal
  double warmup = 0;
  std::string accounts;
};

void print_second(const loadgen::LoadSecond& s) {
  std::uint64_t failed = 0;
  for (const auto& [code, count] : s.counts.errors) failed += count;
  std::fputs(fmt::format("{:5} s  height {:8}  committed {:7}/s  errors {:5}  in flight {:3}  "
                         "latency ms p50 {:8.2f}  p99 {:8.2f}{}\n",
                         s.number, s.height, s.counts.committed, failed, s.in_flight,
                         static_cast<double>(s.latency.percentile(500)) / 1000.0,
                         static_cast<double>(s.latency.percentile(990)) / 1000.0,
                         s.warmup ? "  (warm-up)" : "")
                 .c_str(),
             stderr);
}

Result<std::vector<SecretKey>> read_accounts(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return open_test_accounts(path);
  std::vector<SecretKey> out;
  WITAN_TRY(SecretKey key, open_key(path, account_role, {}, PlainFiles::allow));
  out.push_back(std::move(key));
  return out;
}

Result<int> run_load_command(const Program& program, LoadOptions& options) {
  loadgen::LoadPlan plan = std::move(options.plan);
  WITAN_TRY(plan.kind, loadgen::kind_from(options.kind));
  WITAN_TRY(plan.rate, loadgen::rate_from(options.rate));
  plan.warmup = Duration{static_cast<std::int64_t>(options.warmup * 1e9)};
  plan.measured = options.seconds > 0 ? Duration{static_cast<std::int64_t>(options.seconds * 1e9)}
                                      : Duration::from_s(std::int64_t{10} * 365 * 24 * 3600);
  if (plan.kind == loadgen::Kind::transfer) {
    if (options.accounts.empty())
      return fail(ErrorCode::usage, "--accounts", "transfers need the keys of funded accounts");
    WITAN_TRY(plan.accounts, read_accounts(options.accounts));
  }
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  loadgen::LoadHooks hooks;
  hooks.on_second = print_second;
  hooks.should_end = [] { return stop_asked != 0; };
  const loadgen::LoadSummary summary = loadgen::summary_of(plan);
  WITAN_TRY(const loadgen::LoadReport report, loadgen::run_load(std::move(plan), hooks));
  const std::string text = program.json ? loadgen::report_json(summary, report) + "\n"
                                        : loadgen::report_text(summary, report);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

void add_load_command(CLI::App& app, Program& program) {
  const auto options = std::make_shared<LoadOptions>();
  loadgen::LoadPlan& plan = options->plan;
  CLI::App* command = add_command(
      app, {"load", "send transactions at a rate and measure when they are committed",
            "witan load --nodes http://127.0.0.1:26657 --kind opaque --rate 5000 --for 10"});
  add_json_option(*command, program);
  command->add_option("--nodes", plan.nodes, "URLs of nodes, comma separated")
      ->delimiter(',')
      ->required();
  command->add_option("--kind", options->kind, "transfer, opaque or empty")->capture_default_str();
  command
      ->add_option("--rate", options->rate,
                   "transactions per second whatever the answers (open loop), or `max`: as many "
                   "as are committed (closed loop)")
      ->capture_default_str();
  command->add_option("--payload", plan.payload_bytes, "random bytes of an opaque transaction")
      ->capture_default_str();
  command->add_option("--for", options->seconds, "measured seconds; 0: until a signal")
      ->capture_default_str();
  command->add_option("--warmup", options->warmup, "seconds before, not counted")
      ->capture_default_str();
  command->add_option("--accounts", options->accounts,
                      "transfer: folder of account*.json, or one key file");
  command
      ->add_option("--batch", plan.batch,
                   "transactions per request; all of them are due at the same instant")
      ->capture_default_str();
  command
      ->add_option("--connections", plan.connections,
                   "over all nodes; each has one batch in flight")
      ->capture_default_str();
  command->add_option("--fee", plan.fee, "of each transfer")->capture_default_str();
  on_run(*command, program, [&program, options] { return run_load_command(program, *options); });
}

}  // namespace witan::cli
