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
#include "tools/witan/http_client.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace witan::cli {

struct Program {
  std::string home;  // --home
  std::string node;  // --node; empty: rpc.laddr of the home's configuration
  bool json = false;
  bool client = false;  // the chosen command asks a node: failures of that have exit code 1
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

// The same for a command that asks a running node.
void on_client_run(CLI::App& command, Program& program, std::function<Result<int>()> run);

CLI::Option* add_home_option(CLI::App& command, Program& program);
CLI::Option* add_json_option(CLI::App& command, Program& program);
void add_node_options(CLI::App& command, Program& program);  // --node and --home
// Which node is asked: --node, else rpc.laddr of the home, else http://127.0.0.1:26657.
// Errors: usage (--node), config (of the home).
[[nodiscard]] Result<HttpUrl> node_url(const Program& program);

void add_home_commands(CLI::App& app, Program& program);        // init, testnet
void add_start_command(CLI::App& app, Program& program);        // start
void add_bench_command(CLI::App& app, Program& program);        // bench
void add_sim_command(CLI::App& app, Program& program);          // sim
void add_load_command(CLI::App& app, Program& program);         // load
void add_light_command(CLI::App& app, Program& program);        // light
void add_query_commands(CLI::App& app, Program& program);       // status, block, account, ...
void add_transaction_query(CLI::App& tx, Program& program);     // tx show
void add_tx_commands(CLI::App& app, Program& program);          // tx transfer, tx opaque
void add_key_commands(CLI::App& app, Program& program);         // keys
void add_wal_commands(CLI::App& app, Program& program);         // wal
void add_rollback_command(CLI::App& app, Program& program);     // rollback
void add_replay_command(CLI::App& app, Program& program);       // replay
void add_signer_commands(CLI::App& app, Program& program);      // signer
void add_evidence_commands(CLI::App& app, Program& program);    // evidence
void add_trace_commands(CLI::App& app, Program& program);       // trace
void add_fault_commands(CLI::App& app, Program& program);       // fault
void add_quarantine_commands(CLI::App& app, Program& program);  // quarantine
void add_chain_commands(CLI::App& app, Program& program);       // genesis, config, version

// "error: <code> (<field>): <text>" on standard error; returns the exit code. `client`: whatever
// went wrong between us and a node is `request`.
int report_error(const Error& error, bool client = false);

}  // namespace witan::cli
