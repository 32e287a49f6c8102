// bench local: a network on this machine under load, and its figures.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "tools/bench/local_bench.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/version.hpp"

namespace witan::cli {
namespace {

struct BenchOptions {
  bench::BenchPlan plan;
  std::string kind = "empty";
  std::string rate = "max";
  double seconds = 20;
  double warmup = 8;
  bool quiet = false;
};

Result<int> run_bench_local(const Program& program, BenchOptions& options) {
  bench::BenchPlan& plan = options.plan;
  WITAN_TRY(plan.kind, loadgen::kind_from(options.kind));
  WITAN_TRY(plan.rate, loadgen::rate_from(options.rate));
  plan.warmup = Duration{static_cast<std::int64_t>(options.warmup * 1e9)};
  plan.measured = Duration{static_cast<std::int64_t>(options.seconds * 1e9)};
  plan.progress = !options.quiet;
  plan.commit = build_commit();
  plan.build = std::string(build_type()) + " " + std::string(build_compiler());
  WITAN_TRY(const bench::BenchReport report, bench::run_local_bench(plan));
  std::fputs(program.json ? (bench::report_json(report) + "\n").c_str()
                          : bench::report_text(report).c_str(),
             stdout);
  return 0;
}

constexpr const char* floor_text =
    "Floor, on C cores with n validators; t_v and t_s (verify, sign) are measured at the start:\n"
    "  empty     C / (n (2q-1) t_v + (2n+1) t_s + (2n+1)(n-1) 10 us + n 10 us)  heights/s,\n"
    "            q = 2n/3 + 1 (rounded down)\n"
    "  transfer  C / (n t_v)  transactions/s\n"
    "  opaque    none is stated\n"
    "floor_ratio is the measured figure divided by it.\n";

void add_local(CLI::App& bench, Program& program) {
  const auto options = std::make_shared<BenchOptions>();
  bench::BenchPlan& plan = options->plan;
  CLI::App* local = add_command(
      bench,
      {"local", "fresh validators on this machine under load; prints rates, latencies, costs",
       "witan bench local --validators 4 --kind empty --seconds 20 --json"});
  local->footer(floor_text + local->get_footer());
  add_json_option(*local, program);
  local->add_option("--validators", plan.validators, "number of nodes")->capture_default_str();
  local->add_option("--seconds", options->seconds, "measured time")->capture_default_str();
  local->add_option("--warmup", options->warmup, "seconds before, not counted")
      ->capture_default_str();
  local->add_option("--kind", options->kind, "empty, opaque or transfer")->capture_default_str();
  local->add_option("--payload", plan.payload_bytes, "random bytes of an opaque transaction")
      ->capture_default_str();
  local
      ->add_option("--rate", options->rate,
                   "transactions per second, or `max`: batches in flight are doubled during the "
                   "warm-up until the committed rate stops growing")
      ->capture_default_str();
  local->add_option("--batch", plan.batch, "transactions per request")->capture_default_str();
  local->add_option("--connections", plan.connections, "of the load, over all nodes")
      ->capture_default_str();
  local->add_option("--accounts", plan.accounts, "funded accounts of transfers")
      ->capture_default_str();
  local->add_option("--node-flag", plan.node_flags, "given to every `witan start`; repeatable")
      ->allow_extra_args(false);
  local->add_flag("--keep", plan.keep, "keep the homes and logs");
  local->add_flag("--quiet", options->quiet, "no line per second on standard error");
  on_run(*local, program, [&program, options] { return run_bench_local(program, *options); });
}

}  // namespace

void add_bench_command(CLI::App& app, Program& program) {
  CLI::App* bench = add_command(app, {"bench", "measure this software on this machine",
                                      "witan bench local --kind opaque --rate 20000"});
  bench->require_subcommand(1);
  add_local(*bench, program);
}

}  // namespace witan::cli
