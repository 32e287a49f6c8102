// witan: the one binary. Commands are described in cmd_*.cpp; this file parses and runs one.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "messages/base/exit_codes.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/version.hpp"

namespace witan::cli {
namespace {

constexpr int usage_exit = static_cast<int>(ExitCode::usage);

bool has_command(const CLI::App& app, const std::string& name) {
  const auto named = [&](const CLI::App* command) { return command->check_name(name); };
  return !app.get_subcommands(named).empty();
}

int run_program(int argc, char** argv) {
  Program program;
  program.home = default_home();
  CLI::App app{"Witan: a BFT validator node and its tools", "witan"};
  app.require_subcommand(1);
  app.set_version_flag("--version", software_name());
  app.footer("`witan COMMAND --help` says more. Exit codes: docs/reference/errors.md.");
  add_home_commands(app, program);
  add_load_command(app, program);
  add_bench_command(app, program);
  add_start_command(app, program);
  add_sim_command(app, program);
  add_query_commands(app, program);
  add_light_command(app, program);
  add_tx_commands(app, program);
  add_key_commands(app, program);
  add_wal_commands(app, program);
  add_rollback_command(app, program);
  add_replay_command(app, program);
  add_signer_commands(app, program);
  add_evidence_commands(app, program);
  add_trace_commands(app, program);
  add_fault_commands(app, program);
  add_quarantine_commands(app, program);
  add_chain_commands(app, program);
  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1]))
    return report_error({ErrorCode::usage, argv[1], "no such command; `witan --help` lists them"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string field = argc > 1 ? argv[1] : "witan";
    report_error({ErrorCode::usage, field, std::string(error.what()) + "; see --help"});
    return usage_exit;
  }
  const Result<int> result = program.run();
  return result ? *result : report_error(result.error(), program.client);
}

}  // namespace
}  // namespace witan::cli

int main(int argc, char** argv) {
  try {
    return witan::cli::run_program(argc, argv);
  } catch (const std::exception& error) {
    return witan::cli::report_error({witan::ErrorCode::internal, "witan", error.what()});
  }
}
