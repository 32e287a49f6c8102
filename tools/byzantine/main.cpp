// witan-byzantine: a validator of a development chain that misbehaves on purpose.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "actors/node/node.hpp"
#include "messages/base/exit_codes.hpp"
#include "tools/byzantine/stage.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/version.hpp"

namespace witan::byzantine {
namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.to_string().c_str());
  return static_cast<int>(exit_code_for(error.code));
}

struct StartOptions {
  std::string home = cli::default_home();
  std::string behaviour;
  std::string passphrase_file;
  std::vector<std::string> config;  // --KEY VALUE, as `witan start` takes them
};

Result<cli::ConfigFlags> config_flags(const std::vector<std::string>& words) {
  cli::ConfigFlags out;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!words[i].starts_with("--") || i + 1 == words.size())
      return fail(ErrorCode::usage, words[i], "expected --KEY VALUE, a key of config.toml");
    out.emplace_back(words[i].substr(2), words[i + 1]);
  }
  return out;
}

Result<int> run_start(const StartOptions& options) {
  const BehaviourInfo* info = find_behaviour(options.behaviour);
  if (info == nullptr)
    return fail(
        ErrorCode::usage, "--behaviour",
        "no behaviour '" + options.behaviour + "'; `witan-byzantine behaviours` lists them");
  const cli::HomeFiles files(options.home);
  WITAN_TRY(const cli::ConfigFlags flags, config_flags(options.config));
  WITAN_TRY(const Genesis genesis, cli::load_home_genesis(files));
  if (genesis.type != ChainType::development)
    return fail(ErrorCode::genesis, files.genesis().string(),
                "not a development chain: this program breaks the rules and serves tests only");
  WITAN_TRY(cli::HomeContents home, cli::open_home(files, flags, options.passphrase_file));
  if (!home.consensus_key)
    return fail(ErrorCode::config, files.consensus_key().string(),
                "no such file: only a validator can misbehave as one");
  WITAN_TRY(Insider insider, Insider::make(home.genesis, home.consensus_key->clone()));
  Stage stage(std::move(insider), *info);
  return node::run_node({.home = home.config.home,
                         .config = std::move(home.config),
                         .genesis = std::move(home.genesis),
                         .node_key = std::move(home.node_key),
                         .consensus_key = std::move(home.consensus_key),
                         .software = cli::software_name() + " byzantine: " + info->name,
                         .version = std::string(cli::version_number()),
                         .commit = std::string(cli::build_commit()),
                         .config_file = files.config(),
                         .interposer = &stage});
}

int list(bool json) {
  nlohmann::json all = nlohmann::json::array();
  for (const BehaviourInfo& info : behaviours()) {
    if (json)
      all.push_back({{"name", info.name}, {"text", info.text}});
    else
      std::printf("%-22s%s\n", info.name, info.text);
  }
  if (json) std::printf("%s\n", all.dump().c_str());
  return 0;
}

int run_program(int argc, char** argv) {
  CLI::App app{"A Witan validator that misbehaves on purpose; development chains only",
               "witan-byzantine"};
  app.require_subcommand(1);
  StartOptions options;
  CLI::App* start = app.add_subcommand(
      "start", "run the node; further --KEY VALUE are keys of config.toml, as for `witan start`");
  start->add_option("--home", options.home, "folder of the node");
  start->add_option("--behaviour", options.behaviour, "what it does; see `behaviours`")->required();
  start->add_option("--passphrase-file", options.passphrase_file, "pass-phrase of the keys");
  start->allow_extras();
  bool json = false;
  CLI::App* behaviours = app.add_subcommand("behaviours", "list the behaviours");
  behaviours->add_flag("--json", json, "machine-readable output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return refuse({ErrorCode::usage, "command line", error.what()});
  }
  if (behaviours->parsed()) return list(json);
  options.config = start->remaining();
  const Result<int> result = run_start(options);
  return result ? *result : refuse(result.error());
}

}  // namespace
}  // namespace witan::byzantine

int main(int argc, char** argv) {
  try {
    return witan::byzantine::run_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return static_cast<int>(witan::ExitCode::invariant);
  }
}
