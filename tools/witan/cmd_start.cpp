// start: run the node until it is told to stop.
#include <CLI/CLI.hpp>
#include <memory>

#include "actors/node/node.hpp"
#include "config/field_table.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/version.hpp"

namespace witan::cli {
namespace {

struct StartOptions {
  std::string passphrase_file;
  ConfigFlags flags;  // in the order given
};

Result<int> run_start(const Program& program, const StartOptions& options) {
  const HomeFiles files(program.home);
  WITAN_TRY(HomeContents home, open_home(files, options.flags, options.passphrase_file));
  return node::run_node(
      {.home = home.config.home,
       .config = std::move(home.config),
       .genesis = std::move(home.genesis),
       .node_key = std::move(home.node_key),
       .consensus_key = std::move(home.consensus_key),
       .software = software_name(),
       .version = std::string(version_number()),
       .commit = std::string(build_commit()),
       .config_file = files.config(),
       .reload_log_level = [files, flags = options.flags]() -> Result<std::string> {
         WITAN_TRY(LoadedConfig again, load_home_config(files, flags));
         return std::move(again.config.log.level);
       }});
}

// Every key of config.toml is a flag: --p2p.laddr 127.0.0.1:1. The value is checked by the loader.
void add_config_flags(CLI::App& command, StartOptions& options) {
  for (const Field& field : field_table()) {
    const std::string key(field.key);
    if (key == "home") continue;
    const std::string section(section_of(field.key));
    command
        .add_option_function<std::string>(
            "--" + key,
            [&options, key](const std::string& value) { options.flags.emplace_back(key, value); },
            std::string(field.help))
        ->type_name(std::string(type_name(field)))
        ->group("Configuration" + (section.empty() ? "" : " [" + section + "]"));
  }
}

}  // namespace

void add_start_command(CLI::App& app, Program& program) {
  const auto options = std::make_shared<StartOptions>();
  CLI::App* start = add_command(app, {"start", "run the node; SIGTERM or Ctrl-C stops it",
                                      "witan start --home /tmp/w --log.level debug"});
  add_home_option(*start, program);
  start->add_option("--passphrase-file", options->passphrase_file,
                    "file with the pass-phrase of the keys; else WITAN_PASSPHRASE or a prompt");
  add_config_flags(*start, *options);
  on_run(*start, program, [&program, options] { return run_start(program, *options); });
}

}  // namespace witan::cli
