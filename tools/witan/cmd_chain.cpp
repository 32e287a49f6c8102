// genesis, config, version: files of a home and this program itself.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/ledger/core/genesis_state.hpp"
#include "config/field_value.hpp"
#include "config/genesis_time.hpp"
#include "config/writer.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"
#include "tools/witan/version.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ChainOptions {
  std::string file;
  std::string key;
  bool verbose = false;
};

Result<Genesis> read_genesis(const Program& program, const ChainOptions& options) {
  if (!options.file.empty()) return load_genesis(options.file);
  return load_home_genesis(HomeFiles(program.home));
}

Result<int> run_genesis_show(const Program& program, const ChainOptions& options) {
  WITAN_TRY(const Genesis genesis, read_genesis(program, options));
  if (program.json) {
    std::fputs(write_genesis(genesis).c_str(), stdout);
    return 0;
  }
  constexpr const char* types[] = {"development", "staging", "live"};
  std::fputs(render_pairs({{"chain", genesis.chain_name},
                           {"chain id", to_hex(genesis_hash(genesis))},
                           {"type", types[static_cast<std::size_t>(genesis.type)]},
                           {"time", to_rfc3339(genesis.time)},
                           {"first height", std::to_string(genesis.initial_height.get())},
                           {"accounts", std::to_string(genesis.accounts.size())}})
                 .c_str(),
             stdout);
  WITAN_TRY(const ValidatorSet set, ledger::validator_set_of(genesis));
  std::vector<TableRow> rows{{"VALIDATOR", "KEY", "STAKE", "TIER", "POWER"}};
  for (const GenesisValidator& v : genesis.validators) {
    const auto index = set.index_of(v.key);
    rows.push_back({v.name, to_hex(v.key), std::to_string(v.stake), std::to_string(v.tier),
                    index ? std::to_string(set.at(*index).power) : "-"});
  }
  std::fputs(render_table(rows).c_str(), stdout);
  return 0;
}

// What the node checks before its first block, without a node.
Result<int> run_genesis_verify(const Program& program, const ChainOptions& options) {
  WITAN_TRY(const Genesis genesis, read_genesis(program, options));
  const auto state = ledger::genesis_state(genesis);
  if (!state) return fail(ErrorCode::genesis, state.error().field, state.error().to_string());
  const std::string id = to_hex(genesis_hash(genesis));
  if (program.json) {
    std::printf("%s\n", Json{{"valid", true}, {"chainId", id}}.dump().c_str());
  } else {
    std::printf("valid: chain %s  %s\n", genesis.chain_name.c_str(), id.c_str());
  }
  return 0;
}

Result<LoadedConfig> read_config(const Program& program, const ChainOptions& options) {
  if (options.file.empty()) return load_home_config(HomeFiles(program.home));
  return load_with_origins({options.file, environment(), {}});
}

Result<int> run_config_check(const Program& program, const ChainOptions& options) {
  WITAN_TRY(const LoadedConfig loaded, read_config(program, options));
  if (program.json) {
    std::printf("%s\n", Json{{"valid", true}, {"set", loaded.origins.size()}}.dump().c_str());
  } else {
    std::printf("valid: %zu keys are set, the others have their defaults\n", loaded.origins.size());
  }
  return 0;
}

Result<int> run_config_show(const Program& program, const ChainOptions& options) {
  WITAN_TRY(const LoadedConfig loaded, read_config(program, options));
  if (!program.json) {
    std::fputs(write_config(loaded.config).c_str(), stdout);
    return 0;
  }
  Json out = Json::object();
  for (const Field& field : field_table()) {
    const std::string key(field.key), text = toml_text(field, loaded.config);
    // Our TOML values are JSON values, but for rare escapes, which stay text.
    Json value = Json::parse(text, nullptr, false);
    const auto origin = loaded.origins.find(key);
    out[key] = Json{{"value", value.is_discarded() ? Json(text) : value},
                    {"from", origin == loaded.origins.end() ? "default" : origin->second}};
  }
  std::printf("%s\n", out.dump(2).c_str());
  return 0;
}

Result<int> run_config_explain(const Program& program, const ChainOptions& options) {
  auto loaded = read_config(program, options);
  // Without a home the defaults are explained.
  const bool home = posix_file_system().exists(HomeFiles(program.home).config());
  if (!loaded && (home || !options.file.empty())) return fail(std::move(loaded).error());
  WITAN_TRY(const std::string text, explain(options.key, loaded.value_or(LoadedConfig{})));
  if (program.json) {
    std::printf("%s\n", Json{{"key", options.key}, {"text", text}}.dump(2).c_str());
  } else {
    std::fputs(text.c_str(), stdout);
  }
  return 0;
}

Result<int> run_version(const Program& program, const ChainOptions& options) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"version", std::string(version_number())},
      {"commit", std::string(build_commit())},
      {"build", std::string(build_type())},
      {"compiler", std::string(build_compiler())}};
  if (program.json) {
    Json out;
    for (const auto& [name, value] : rows) out[name] = value;
    std::printf("%s\n", out.dump(2).c_str());
  } else if (options.verbose) {
    std::fputs(render_pairs(rows).c_str(), stdout);
  } else {
    std::printf("%s\n", software_name().c_str());
  }
  return 0;
}

using Run = Result<int> (*)(const Program&, const ChainOptions&);

CLI::App* add_chain_command(CLI::App& parent, Program& program, const CommandText& text, Run run,
                            const std::shared_ptr<ChainOptions>& options) {
  CLI::App* command = add_command(parent, text);
  add_json_option(*command, program);
  on_run(*command, program, [&program, options, run] { return run(program, *options); });
  return command;
}

CLI::App* add_file_command(CLI::App& parent, Program& program, const CommandText& text, Run run,
                           const std::shared_ptr<ChainOptions>& options) {
  CLI::App* command = add_chain_command(parent, program, text, run, options);
  add_home_option(*command, program);
  command->add_option("--file", options->file, "this file, instead of the home's");
  return command;
}

}  // namespace

void add_chain_commands(CLI::App& app, Program& program) {
  const auto options = std::make_shared<ChainOptions>();
  CLI::App* genesis =
      add_command(app, {"genesis", "the chain's first state", "witan genesis show"});
  genesis->require_subcommand(1);
  add_file_command(*genesis, program,
                   {"show", "chain id, parameters and validators", "witan genesis show --json"},
                   run_genesis_show, options);
  add_file_command(
      *genesis, program,
      {"verify", "check it as a node does", "witan genesis verify --file genesis.json"},
      run_genesis_verify, options);

  CLI::App* config = add_command(app, {"config", "a node's options", "witan config check"});
  config->require_subcommand(1);
  add_file_command(*config, program,
                   {"check", "read file and environment as a node does", "witan config check"},
                   run_config_check, options);
  add_file_command(*config, program,
                   {"show", "every key with its value", "witan config show --json"},
                   run_config_show, options);
  CLI::App* explain_key = add_file_command(
      *config, program,
      {"explain", "meaning, range and origin of one key", "witan config explain p2p.laddr"},
      run_config_explain, options);
  explain_key->add_option("KEY", options->key, "for example p2p.laddr")->required();

  CLI::App* version = add_chain_command(
      app, program, {"version", "which software this is", "witan version --verbose"}, run_version,
      options);
  version->add_flag("--verbose", options->verbose, "with commit, build type and compiler");
}

}  // namespace witan::cli
