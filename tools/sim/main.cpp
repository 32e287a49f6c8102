// witan-sim: runs scenarios. `witan sim ARGS` starts this program.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "actors/runtime/system_clock.hpp"
#include "messages/base/exit_codes.hpp"
#include "storage/atomic_file.hpp"
#include "tools/sim/campaign.hpp"
#include "tools/sim/kills.hpp"
#include "tools/sim/recording.hpp"
#include "tools/sim/replay_command.hpp"
#include "tools/witan/version.hpp"

namespace witan::sim {
namespace {

constexpr int violated_exit = static_cast<int>(ExitCode::invariant);
constexpr std::uint64_t scenario_bytes_max = 256 * 1024;

struct Options {
  std::string file;
  std::string folder = "tests/simulation/scenarios";
  std::string log;
  std::string record;
  std::string shrunk;
  std::uint64_t seed = 1;
  CampaignPlan plan;
  KillPlan kills;
  ReplayOptions replay;
  bool json = false;
  bool quiet = false;
};

int refuse(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.to_string().c_str());
  return static_cast<int>(exit_code_for(error.code));
}

Result<Scenario> load(const std::string& path) {
  WITAN_TRY(const Bytes text, read_whole(posix_file_system(), path, scenario_bytes_max));
  return parse_scenario(as_text(text), path);
}

Result<std::vector<Scenario>> load_all(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code))
    if (entry.path().extension() == ".toml") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  if (code || paths.empty())
    return fail(ErrorCode::not_found, folder, "no scenarios (*.toml) there; --scenarios FOLDER");
  std::vector<Scenario> out;
  for (const std::string& path : paths) {
    WITAN_TRY(Scenario scenario, load(path));
    out.push_back(std::move(scenario));
  }
  return out;
}

struct FileCloser {
  void operator()(std::FILE* f) const { (void)std::fclose(f); }
};

double seconds_since(Instant start) { return (rt::system_clock().now() - start).seconds(); }

void print_speed(const Count& count, double seconds) {
  std::printf("speed: %.0f envelopes/s, %.0f x real time\n",
              static_cast<double>(count.hops) / seconds, count.virtual_time.seconds() / seconds);
}

// Null: none was asked for. It holds the scenario's text, so that it can be driven again alone.
Result<std::unique_ptr<Recorder>> recorder_of(const Options& options) {
  if (options.record.empty()) return std::unique_ptr<Recorder>();
  WITAN_TRY(const Bytes text, read_whole(posix_file_system(), options.file, scenario_bytes_max));
  return Recorder::open(posix_file_system(), options.record,
                        {.seed = options.seed,
                         .commit = std::string(cli::build_commit()),
                         .scenario = options.file,
                         .text = std::string(as_text(text))});
}

Result<int> run_one(const Options& options) {
  WITAN_TRY(const Scenario scenario, load(options.file));
  std::printf(
      "seed %llu, commit %s, scenario %s: %s\n", static_cast<unsigned long long>(options.seed),
      std::string(cli::build_commit()).c_str(), scenario.name.c_str(), scenario.purpose.c_str());
  std::unique_ptr<std::FILE, FileCloser> file;
  if (!options.log.empty()) {
    file.reset(std::fopen(options.log.c_str(), "w"));
    if (!file) return fail(ErrorCode::io, options.log, "cannot write it");
  }
  WITAN_TRY(const std::unique_ptr<Recorder> recorder, recorder_of(options));
  const Scenario drawn = draw(scenario, options.seed);
  for (std::size_t part = 0; part + 3 < parts_count(drawn); ++part)
    std::printf("  %s\n", part_text(drawn, part).c_str());
  std::fflush(stdout);
  const Instant start = rt::system_clock().now();
  const Outcome outcome = run(
      drawn,
      {.seed = options.seed, .log_file = file.get(), .keep_log = false, .watch = recorder.get()});
  if (recorder) WITAN_TRY_VOID(recorder->finish());
  const double seconds = seconds_since(start);
  std::printf(
      "%s: height %llu, %.1f virtual s, %llu envelopes, %u starts after a fault, log %016llx\n",
      outcome.ok() ? "passed" : outcome.violation.c_str(),
      static_cast<unsigned long long>(outcome.height), outcome.virtual_time.seconds(),
      static_cast<unsigned long long>(outcome.hops), outcome.restarts,
      static_cast<unsigned long long>(outcome.log_hash));
  for (const faults::RuleStatus& status : outcome.rules)
    std::printf("  %llu of %llu: %s\n", static_cast<unsigned long long>(status.hits),
                static_cast<unsigned long long>(status.matched),
                faults::to_text(status.rule).c_str());
  print_speed({.hops = outcome.hops, .virtual_time = outcome.virtual_time}, seconds);
  std::printf("reproduce: witan sim run %s --seed %llu\n", options.file.c_str(),
              static_cast<unsigned long long>(options.seed));
  return outcome.ok() ? 0 : violated_exit;
}

Result<int> shrink_file(const Options& options) {
  WITAN_TRY(const Scenario scenario, load(options.file));
  const Scenario drawn = draw(scenario, options.seed);
  const Outcome outcome = run(drawn, {.seed = options.seed, .keep_log = false});
  if (outcome.ok()) {
    std::printf("seed %llu passes: nothing to shrink\n",
                static_cast<unsigned long long>(options.seed));
    return 0;
  }
  Shrunk shrunk = shrink(drawn, options.seed, outcome.violation);
  shrunk.scenario.purpose =
      "Found by " + scenario.name + ", seed " + std::to_string(options.seed) + ": " +
      shrunk.violation.substr(0, std::min<std::size_t>(100, shrunk.violation.find('\n')));
  const std::string text = to_toml(shrunk.scenario);
  const std::string path = options.shrunk.empty()
                               ? fmt::format("{}-{}.toml", scenario.name, options.seed)
                               : options.shrunk;
  WITAN_TRY_VOID(write_file_atomically(posix_file_system(), path, as_bytes(text)));
  std::printf("seed %llu, commit %s\n%s\nleft out in %u runs: %zu parts\n\n%s\n",
              static_cast<unsigned long long>(options.seed),
              std::string(cli::build_commit()).c_str(), shrunk.violation.c_str(), shrunk.runs,
              shrunk.removed.size(), text.c_str());
  std::printf("reproduce: witan sim run %s --seed %llu\n", path.c_str(),
              static_cast<unsigned long long>(options.seed));
  return violated_exit;
}

nlohmann::ordered_json json_of(const Count& count) {
  return {{"runs", count.runs},         {"failed", count.failed},
          {"heights", count.heights},   {"envelopes", count.hops},
          {"restarts", count.restarts}, {"virtual_ms", count.virtual_time.ms()}};
}

void print_json(const Options& options, const Summary& summary, double seconds) {
  nlohmann::ordered_json out{{"commit", std::string(cli::build_commit())},
                             {"first_seed", options.plan.first},
                             {"seeds", options.plan.seeds},
                             {"all", json_of(summary.all)},
                             {"log_hash", fmt::format("{:016x}", summary.log_hash)},
                             {"seconds", seconds}};
  for (const auto& [name, count] : summary.by_scenario) out["scenarios"][name] = json_of(count);
  out["failures"] = nlohmann::json::array();
  for (const Failure& f : summary.failures)
    out["failures"].push_back(
        {{"scenario", f.scenario}, {"seed", f.seed}, {"violation", f.violation}});
  std::printf("%s\n", out.dump(2).c_str());
}

void print_text(const Options& options, const Summary& summary, double seconds) {
  std::printf("%-22s %7s %7s %9s %12s %9s\n", "scenario", "runs", "failed", "heights", "envelopes",
              "virtual s");
  const auto row = [](const std::string& name, const Count& c) {
    std::printf("%-22s %7llu %7llu %9llu %12llu %9lld\n", name.c_str(),
                static_cast<unsigned long long>(c.runs), static_cast<unsigned long long>(c.failed),
                static_cast<unsigned long long>(c.heights), static_cast<unsigned long long>(c.hops),
                static_cast<long long>(c.virtual_time.ms() / 1000));
  };
  for (const auto& [name, count] : summary.by_scenario) row(name, count);
  row("all", summary.all);
  print_speed(summary.all, seconds);
  std::printf("hash of all logs: %016llx\n", static_cast<unsigned long long>(summary.log_hash));
  for (const Failure& f : summary.failures)
    std::printf("FAILED %s\n  witan sim shrink %s/%s.toml --seed %llu\n", f.violation.c_str(),
                options.folder.c_str(), f.scenario.c_str(),
                static_cast<unsigned long long>(f.seed));
}

Result<int> campaign(const Options& options) {
  WITAN_TRY(const std::vector<Scenario> scenarios, load_all(options.folder));
  if (!options.json)
    std::printf("seeds %llu to %llu, commit %s, %zu scenarios, %u jobs\n",
                static_cast<unsigned long long>(options.plan.first),
                static_cast<unsigned long long>(options.plan.first + options.plan.seeds - 1),
                std::string(cli::build_commit()).c_str(), scenarios.size(), options.plan.jobs);
  std::fflush(stdout);
  const Instant start = rt::system_clock().now();
  const Summary summary =
      run_campaign(scenarios, options.plan, [&](std::uint64_t done, std::uint64_t failed) {
        if (options.quiet || options.json || done % 20 != 0) return;
        std::fprintf(stderr, "%llu of %llu runs, %llu failed, %.0f s\n",
                     static_cast<unsigned long long>(done),
                     static_cast<unsigned long long>(options.plan.seeds),
                     static_cast<unsigned long long>(failed), seconds_since(start));
      });
  const double seconds = seconds_since(start);
  if (options.json)
    print_json(options, summary, seconds);
  else
    print_text(options, summary, seconds);
  if (!options.json)
    std::printf("reproduce: witan sim campaign --first %llu --seeds %llu --scenarios %s\n",
                static_cast<unsigned long long>(options.plan.first),
                static_cast<unsigned long long>(options.plan.seeds), options.folder.c_str());
  return summary.failures.empty() ? 0 : violated_exit;
}

void print_kills(const KillSummary& summary) {
  std::printf("%-32s %5s %6s %10s   %-28s %s\n", "", "", "", "same", "an actor again, ms",
              "the node's next block, ms");
  std::printf("%-32s %5s %6s %10s   %8s %8s %8s   %8s %8s %8s\n", "actor", "runs", "killed",
              "chain", "median", "90 %", "most", "median", "90 %", "most");
  const auto ms = [](const std::vector<Duration>& times, unsigned percent) {
    return static_cast<double>(percentile(times, percent).ns) / 1e6;
  };
  for (const auto& [actor, row] : summary.by_actor)
    std::printf("%-32s %5llu %6llu %10llu   %8.1f %8.1f %8.1f   %8.1f %8.1f %8.1f\n", actor.c_str(),
                static_cast<unsigned long long>(row.runs),
                static_cast<unsigned long long>(row.killed),
                static_cast<unsigned long long>(row.same), ms(row.back, 50), ms(row.back, 90),
                ms(row.back, 100), ms(row.block, 50), ms(row.block, 90), ms(row.block, 100));
  std::printf("%llu runs, hash of all logs: %016llx\n",
              static_cast<unsigned long long>(summary.runs),
              static_cast<unsigned long long>(summary.log_hash));
  for (const std::string& failure : summary.failures) std::printf("FAILED %s\n", failure.c_str());
}

Result<int> kill_all(const Options& options) {
  WITAN_TRY(const Scenario scenario, load(options.file));
  if (scenario.chain.transfers == 0)
    return fail(ErrorCode::config, options.file, "chain.transfers: how many there are to compare");
  std::printf("seeds %llu to %llu, commit %s, scenario %s\n",
              static_cast<unsigned long long>(options.kills.first),
              static_cast<unsigned long long>(options.kills.first + options.kills.times - 1),
              std::string(cli::build_commit()).c_str(), scenario.name.c_str());
  std::fflush(stdout);
  const KillSummary summary = run_kills(draw(scenario, options.kills.first), options.kills,
                                        [](std::uint64_t done, std::uint64_t all) {
                                          if (done % 100 == 0)
                                            std::fprintf(stderr, "%llu of %llu runs\n",
                                                         static_cast<unsigned long long>(done),
                                                         static_cast<unsigned long long>(all));
                                        });
  if (summary.by_actor.empty())
    return fail(ErrorCode::usage, "--only",
                "no kind of actor has this path; * stands for one part of it, as in /node/chain/*");
  print_kills(summary);
  std::printf("reproduce: witan sim kills %s --first %llu --times %llu --deaths %llu\n",
              options.file.c_str(), static_cast<unsigned long long>(options.kills.first),
              static_cast<unsigned long long>(options.kills.times),
              static_cast<unsigned long long>(options.kills.deaths));
  return summary.failures.empty() ? 0 : violated_exit;
}

int main_of(int argc, char** argv) {
  Options options;
  std::function<Result<int>()> chosen;
  CLI::App app{"Witan's deterministic simulator (docs/simulator.md)", "witan sim"};
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<int> (*action)(const Options&)) {
    CLI::App* command = app.add_subcommand(name, help);
    command->callback([&chosen, &options, action] { chosen = [&] { return action(options); }; });
    return command;
  };
  CLI::App* run_command = add("run", "one scenario with one seed", run_one);
  CLI::App* shrink_command =
      add("shrink", "the smallest part of a failing run that still fails", shrink_file);
  for (CLI::App* command : {run_command, shrink_command}) {
    command->add_option("scenario", options.file, "scenario file")->required();
    command->add_option("--seed", options.seed, "decides everything the file leaves open")
        ->capture_default_str();
  }
  run_command->add_option("--log", options.log, "event log, byte for byte the same every time");
  run_command->add_option("--record", options.record,
                          "every hop of every envelope, for `witan replay --sim`");
  CLI::App* replay_command = app.add_subcommand("replay", "drives a recorded run again");
  replay_command->callback([&] { chosen = [&] { return replay(options.replay); }; });
  replay_command->add_option("recording", options.replay.file, "of `run --record`")->required();
  replay_command->add_option("--stop", options.replay.stop, "at this message");
  replay_command->add_option("--actor", options.replay.actor, "only what it gets and sends");
  replay_command->add_flag("--show", options.replay.show, "print each hop");
  replay_command->add_flag("--json", options.replay.json, "print the result as JSON");
  shrink_command->add_option("--out", options.shrunk, "where the small scenario is written");
  CLI::App* campaign_command = add("campaign", "many seeds over a folder of scenarios", campaign);
  campaign_command->add_option("--seeds", options.plan.seeds, "how many")->capture_default_str();
  campaign_command->add_option("--first", options.plan.first, "first seed")->capture_default_str();
  campaign_command->add_option("--jobs", options.plan.jobs, "threads")->capture_default_str();
  campaign_command->add_option("--scenarios", options.folder, "folder")->capture_default_str();
  campaign_command->add_flag("--stop", options.plan.stop_at_failure, "end with the first failure");
  campaign_command->add_flag("--json", options.json, "print the summary as JSON");
  campaign_command->add_flag("--quiet", options.quiet, "no progress");
  CLI::App* kills_command =
      add("kills", "each kind of actor dies, many times; the chain must not notice", kill_all);
  kills_command->add_option("scenario", options.file, "scenario file")
      ->default_val("tests/simulation/scenarios/kills.toml");
  kills_command->add_option("--times", options.kills.times, "runs for each kind of actor")
      ->capture_default_str();
  kills_command
      ->add_option("--deaths", options.kills.deaths,
                   "actors to kill in each run: others on the same node after the first")
      ->capture_default_str()
      ->check(CLI::Range(1, 8));
  kills_command->add_option("--first", options.kills.first, "first seed")->capture_default_str();
  kills_command->add_option("--jobs", options.kills.jobs, "threads")->capture_default_str();
  kills_command->add_option("--only", options.kills.only, "kinds of actors, as a glob");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return refuse({ErrorCode::usage, "sim", std::string(error.what()) + "; see --help"});
  }
  const Result<int> result = chosen();
  return result ? *result : refuse(result.error());
}

}  // namespace
}  // namespace witan::sim

int main(int argc, char** argv) {
  try {
    return witan::sim::main_of(argc, argv);
  } catch (const std::exception& error) {
    return witan::sim::refuse({witan::ErrorCode::internal, "sim", error.what()});
  }
}
