#include "tools/witan/program.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "messages/base/exit_codes.hpp"

namespace witan::cli {

CLI::App* add_command(CLI::App& parent, const CommandText& text) {
  CLI::App* command = parent.add_subcommand(text.name, text.help);
  command->footer(std::string("Example:\n  ") + text.example);
  return command;
}

void on_run(CLI::App& command, Program& program, std::function<Result<int>()> run) {
  command.callback([&program, run = std::move(run)] { program.run = run; });
}

CLI::Option* add_home_option(CLI::App& command, Program& program) {
  return command.add_option("--home", program.home, "folder of the node")
      ->envname("WITAN_HOME")
      ->capture_default_str();
}

CLI::Option* add_json_option(CLI::App& command, Program& program) {
  return command.add_flag("--json", program.json, "print JSON");
}

int report_error(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.to_string().c_str());
  return static_cast<int>(exit_code_for(error.code));
}

}  // namespace witan::cli
