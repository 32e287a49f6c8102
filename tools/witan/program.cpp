#include "tools/witan/program.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "messages/base/exit_codes.hpp"
#include "tools/witan/home.hpp"

namespace witan::cli {

CLI::App* add_command(CLI::App& parent, const CommandText& text) {
  CLI::App* command = parent.add_subcommand(text.name, text.help);
  command->footer(std::string("Example:\n  ") + text.example);
  return command;
}

void on_run(CLI::App& command, Program& program, std::function<Result<int>()> run) {
  command.callback([&program, run = std::move(run)] { program.run = run; });
}

void on_client_run(CLI::App& command, Program& program, std::function<Result<int>()> run) {
  command.callback([&program, run = std::move(run)] {
    program.run = run;
    program.client = true;
  });
}

CLI::Option* add_home_option(CLI::App& command, Program& program) {
  return command.add_option("--home", program.home, "folder of the node")
      ->envname("WITAN_HOME")
      ->capture_default_str();
}

CLI::Option* add_json_option(CLI::App& command, Program& program) {
  return command.add_flag("--json", program.json, "print JSON");
}

void add_node_options(CLI::App& command, Program& program) {
  command.add_option("--node", program.node,
                     "URL of the node's API; default: of the home's configuration");
  add_home_option(command, program);
}

Result<HttpUrl> node_url(const Program& program) {
  if (!program.node.empty()) return parse_url(program.node);
  const HomeFiles files(program.home);
  SocketAddress address = RpcConfig{}.laddr;
  if (posix_file_system().exists(files.config())) {
    WITAN_TRY(const LoadedConfig loaded, load_home_config(files));
    address = loaded.config.rpc.laddr;
  }
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return HttpUrl{address.host, std::to_string(address.port)};
}

int report_error(const Error& error, bool client) {
  std::fflush(stdout);
  std::fprintf(stderr, "error: %s\n", error.to_string().c_str());
  ExitCode code = exit_code_for(error.code);
  if (client && code != ExitCode::usage && code != ExitCode::config) code = ExitCode::request;
  return static_cast<int>(code);
}

}  // namespace witan::cli
