// sim: the deterministic simulator. It is a program of its own beside this one (witan-sim), because
// it contains validators that misbehave on purpose, and nothing of that may be in a node's binary.
#include "tools/witan/cmd_sim.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "tools/witan/program.hpp"

namespace witan::cli {

Result<int> run_sim(const std::vector<std::string>& words) {
  std::error_code code;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
  if (code) return fail(ErrorCode::io, "/proc/self/exe", code.message());
  const std::string program = (self.parent_path() / "witan-sim").string();
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  (void)::execv(program.c_str(), argv.data());
  return fail(ErrorCode::not_found, program,
              std::generic_category().message(errno) +
                  "; the simulator is built beside witan: tools/dev build");
}

void add_sim_command(CLI::App& app, Program& program) {
  CLI::App* sim =
      add_command(app, {"sim", "nodes in the deterministic simulator",
                        "witan sim run tests/simulation/scenarios/swarm.toml --seed 7"});
  sim->require_subcommand(1);
  const CommandText texts[] = {
      {"run", "one scenario with one seed",
       "witan sim run swarm.toml --seed 7 --record swarm-7.run"},
      {"campaign", "many seeds over a folder of scenarios",
       "witan sim campaign --seeds 2000 --jobs 2"},
      {"kills", "each kind of actor dies, many times; the chain must not notice",
       "witan sim kills --times 100 --jobs 2"},
      {"shrink", "the smallest part of a failing run that still fails",
       "witan sim shrink swarm.toml --seed 7"},
  };
  for (const CommandText& text : texts) {
    CLI::App* command = add_command(*sim, text);
    command->prefix_command();
    command->set_help_flag();  // the simulator's own help says more
    on_run(*command, program, [command] {
      std::vector<std::string> words = command->remaining();
      words.insert(words.begin(), command->get_name());
      return run_sim(words);
    });
  }
}

}  // namespace witan::cli
