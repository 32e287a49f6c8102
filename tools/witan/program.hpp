// The parts every command shares: common options, output, and what a command's failure means for
// the exit code.
//
// A command group is one cmd_*.cpp with an add_*_commands() that describes its commands. Parsing
// only fills in options; the chosen command's `run` is called afterwards by main().
// Exit codes: messages/base/exit_codes.hpp. Single-threaded.
#pragma once
#include <functional>
#include <string>

#include "messages/base/result.hpp"
#include "storage/file_system.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace witan::cli {

struct Program {
  std::string home;  // --home
  std::string node;  // --node; empty: rpc.laddr of the home's configuration
  bool json = false;
  // Set by the command that was chosen; returns the exit code.
  std::function<Result<int>()> run;
};

// A command with its help; `example` is one command line. `run` is called when it was chosen.
struct CommandText {
  const char* name;
  const char* help;
  const char* example;
};
CLI::App* add_command(CLI::App& parent, const CommandText& text);
// Makes `run` the program's action when `command` is chosen.
void on_run(CLI::App& command, Program& program, std::function<Result<int>()> run);

CLI::Option* add_home_option(CLI::App& command, Program& program);
CLI::Option* add_json_option(CLI::App& command, Program& program);

void add_home_commands(CLI::App& app, Program& program);  // init, testnet
void add_start_command(CLI::App& app, Program& program);  // start
void add_load_command(CLI::App& app, Program& program);   // load

// "error: <code> (<field>): <text>" on standard error; returns the exit code.
int report_error(const Error& error);

}  // namespace witan::cli
