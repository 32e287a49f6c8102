// rollback: the state of a stopped node some heights back, as far as its versions are kept. What a
// validator remembers of its signatures stays as it is.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/ledger/rollback.hpp"
#include "actors/node/stores.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

struct RollbackOptions {
  std::optional<std::uint64_t> to;
  bool blocks = false;
};

Result<int> run_rollback(const Program& program, const RollbackOptions& options) {
  const HomeFiles files(program.home);
  if (!posix_file_system().exists(files.config()))
    return fail(ErrorCode::not_found, files.config().string(), "this is not a node's home");
  WITAN_TRY(const LoadedConfig config, load_home_config(files));
  WITAN_TRY(const Genesis genesis, load_home_genesis(files));
  WITAN_TRY(node::Stores stores, node::Stores::open(files.layout.home, config.config.storage,
                                                    genesis_hash(genesis), genesis.initial_height));
  const auto meta = stores.state->latest();
  const std::uint64_t now = meta ? meta->height.get() : 0;
  if (now == 0) return fail(ErrorCode::usage, "--to", "the state is at its beginning");
  auto rolled = ledger::roll_back(*stores.blocks, *stores.state, stores.index.get(),
                                  Height(options.to.value_or(now - 1)), options.blocks);
  if (!rolled && rolled.error().code == ErrorCode::out_of_range)
    rolled.error().code = ErrorCode::usage;
  WITAN_TRY(const ledger::RollbackReport done, std::move(rolled));
  std::vector<std::pair<std::string, std::string>> rows{
      {"stateWas", std::to_string(done.from.get())},
      {"stateIs", std::to_string(done.to.get())},
      {"stateRoot", to_hex(done.state_root)},
      {"blocksDropped", std::to_string(done.blocks_dropped)},
      {"lastBlock", std::to_string(done.blocks_last.get())},
      {"signState", "unchanged"}};
  if (program.json) {
    nlohmann::ordered_json out;
    for (const auto& [name, value] : rows) out[name] = value;
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::fputs(render_pairs(rows).c_str(), stdout);
  std::printf("%s\n",
              done.blocks_last > done.to
                  ? "The next start executes the blocks above the state again."
                  : "The next start fetches the following blocks from peers or decides them "
                    "again from the log.");
  return 0;
}

}  // namespace

void add_rollback_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<RollbackOptions>();
  CLI::App* command = add_command(
      app, {"rollback",
            "take the state of a stopped node back, one height or down to --to, to have blocks "
            "executed again; signatures are never forgotten",
            "witan rollback --home /tmp/net/node0 --to 1199"});
  add_home_option(*command, program);
  add_json_option(*command, program);
  command->add_option("--to", options->to, "the height the state is at afterwards");
  command->add_flag("--blocks", options->blocks, "drop the blocks above it as well");
  on_run(*command, program, [&program, options] { return run_rollback(program, *options); });
}

}  // namespace witan::cli
