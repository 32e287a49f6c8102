// wal verify, wal dump: the consensus log of a stopped node, or a copy of one. Nothing is changed.
// wal repair: cmd_wal_repair.cpp.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "tools/witan/cmd_wal.hpp"
#include "tools/witan/wal_text.hpp"

namespace witan::cli {
namespace {

struct WalCommand {
  std::string folder;  // --wal; empty: of the home
  std::uint64_t from = 0;
};

Result<int> run_verify(const Program& program, const WalCommand& options) {
  WITAN_TRY(const WalSource source, open_wal_source(program, options.folder));
  WITAN_TRY(const WalReport report, verify_wal(posix_file_system(), source.folder, ""));
  std::printf("%s%s", (program.json ? report_json(report) : report_text(report)).c_str(),
              program.json ? "\n" : "");
  if (report.damage) return fail(wal_damage_error(source.folder, *report.damage));
  return 0;
}

Result<int> run_dump(const Program& program, const WalCommand& options) {
  WITAN_TRY(const WalSource source, open_wal_source(program, options.folder));
  const WalVisitor print = [&program](const WalRecord& record) -> Status {
    std::printf("%s\n", (program.json ? record_json(record) : record_line(record)).c_str());
    return {};
  };
  WITAN_TRY_VOID(read_wal(posix_file_system(), source.folder, "", Height(options.from), print));
  return 0;
}

using Run = Result<int> (*)(const Program&, const WalCommand&);

std::shared_ptr<WalCommand> add_wal_command(CLI::App& wal, Program& program,
                                            const CommandText& text, Run run) {
  auto options = std::make_shared<WalCommand>();
  CLI::App* command = add_command(wal, text);
  add_home_option(*command, program);
  add_json_option(*command, program);
  command->add_option("--wal", options->folder, "a log folder, instead of the home's");
  on_run(*command, program, [&program, options, run] { return run(program, *options); });
  return options;
}

}  // namespace

Result<WalSource> open_wal_source(const Program& program, const std::string& given) {
  FileSystem& fs = posix_file_system();
  if (!given.empty()) {
    if (!fs.exists(given)) return fail(ErrorCode::not_found, given, "no such folder");
    return WalSource{given, nullptr};
  }
  const HomeLayout layout(program.home);
  if (!fs.exists(layout.wal()))
    return fail(ErrorCode::not_found, layout.wal().string(), "this home has no log yet");
  WITAN_TRY(auto lock, DataDir::open(program.home, 0));
  return WalSource{layout.wal(), std::move(lock)};
}

void add_wal_commands(CLI::App& app, Program& program) {
  CLI::App* wal =
      add_command(app, {"wal", "the consensus log of a stopped node", "witan wal verify"});
  wal->require_subcommand(1);
  add_wal_command(*wal, program,
                  {"verify", "check every record; exit code 73 when it is damaged",
                   "witan wal verify --home /tmp/net/node0"},
                  run_verify);
  const auto dump = add_wal_command(*wal, program,
                                    {"dump", "print the records, one a line",
                                     "witan wal dump --home /tmp/net/node0 --from 100 --json"},
                                    run_dump);
  wal->get_subcommand("dump")->add_option("--from", dump->from, "records of this height and above");
  add_wal_repair(*wal, program);
}

}  // namespace witan::cli
