// init, testnet: new chains and the homes of their validators.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "tools/witan/network_plan.hpp"
#include "tools/witan/program.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct HomeOptions {
  NetworkPlan plan;
  std::string moniker = "node0";
  std::string output;
  bool overwrite = false;
  std::string passphrase_file;
};

std::string url_of(const SocketAddress& address) {
  return "http://" + address.host + ":" + std::to_string(address.port);
}

// Nobody is asked for a pass-phrase on a development chain: its keys are worth nothing.
Result<Protect> protection_of(const HomeOptions& options) {
  if (options.plan.profile == "development") return std::nullopt;
  WITAN_TRY(Passphrase passphrase,
            read_passphrase(options.passphrase_file, "the new key files", Ask::twice));
  return Protect(std::move(passphrase));
}

Result<int> run_init(const Program& program, const HomeOptions& options) {
  const HomeFiles files(program.home);
  WITAN_TRY(const Protect protect, protection_of(options));
  WITAN_TRY(const NewNode made, make_single_node(options.plan, options.moniker, files, protect));
  const std::string chain_id = to_hex(genesis_hash(made.genesis));
  if (program.json) {
    const Json out{{"home", files.layout.home.string()},
                   {"chainName", made.genesis.chain_name},
                   {"chainId", chain_id},
                   {"nodeId", to_hex(made.id)},
                   {"validatorKey", to_hex(made.genesis.validators[0].key)},
                   {"api", url_of(made.config.rpc.laddr)}};
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("home       %s\n", files.layout.home.c_str());
  std::printf("chain      %s  %s\n", made.genesis.chain_name.c_str(), chain_id.c_str());
  std::printf("node id    %s\n", to_hex(made.id).c_str());
  std::printf("validator  %s\n", to_hex(made.genesis.validators[0].key).c_str());
  std::printf("accounts   %zu in %s\n", made.genesis.accounts.size(), files.accounts().c_str());
  std::printf("start it:  witan start --home %s\n", files.layout.home.c_str());
  return 0;
}

// Removes what an earlier run made here, and nothing else. A folder whose nodes may be running is
// refused: their locks are held.
Status remove_network(const FilePath& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder / "genesis.json", error)) return {};
  std::vector<FilePath> old{folder / "genesis.json", folder / "accounts"};
  for (std::size_t i = 0;; ++i) {
    const FilePath home = folder / ("node" + std::to_string(i));
    if (!std::filesystem::exists(home, error)) break;
    WITAN_TRY(const auto lock, DataDir::open(home, 0));
    old.push_back(home);
  }
  for (const FilePath& path : old) {
    std::filesystem::remove_all(path, error);
    if (error) return fail(ErrorCode::io, path.string(), "cannot be removed: " + error.message());
  }
  return {};
}

void print_network(const NewNetwork& network, const FilePath& folder) {
  std::printf("chain     %s  %s\n", network.genesis.chain_name.c_str(),
              to_hex(genesis_hash(network.genesis)).c_str());
  for (const NewNetwork::Node& node : network.nodes)
    std::printf("%-8s  %s  p2p %u  api %s\n", node.config.moniker.c_str(), node.home.c_str(),
                static_cast<unsigned>(node.config.p2p.laddr.port),
                url_of(node.config.rpc.laddr).c_str());
  std::printf("accounts  %zu in %s\n", network.genesis.accounts.size(),
              (folder / "accounts").c_str());
}

Json network_json(const NewNetwork& network, const FilePath& folder) {
  Json nodes = Json::array();
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const NewNetwork::Node& node = network.nodes[i];
    nodes.push_back(Json{{"home", node.home.string()},
                         {"nodeId", to_hex(node.id)},
                         {"validatorKey", to_hex(network.genesis.validators[i].key)},
                         {"p2pPort", node.config.p2p.laddr.port},
                         {"api", url_of(node.config.rpc.laddr)}});
  }
  return Json{{"folder", folder.string()},
              {"chainName", network.genesis.chain_name},
              {"chainId", to_hex(genesis_hash(network.genesis))},
              {"accounts", (folder / "accounts").string()},
              {"nodes", nodes}};
}

Result<int> run_testnet(const Program& program, const HomeOptions& options) {
  const FilePath folder(options.output);
  WITAN_TRY(const Protect protect, protection_of(options));
  if (options.overwrite) WITAN_TRY_VOID(remove_network(folder));
  WITAN_TRY(const NewNetwork network, make_network(options.plan, folder, protect));
  if (program.json) {
    std::printf("%s\n", network_json(network, folder).dump(2).c_str());
  } else {
    print_network(network, folder);
  }
  return 0;
}

void add_chain_options(CLI::App& command, HomeOptions& options) {
  NetworkPlan& plan = options.plan;
  command.add_option("--chain-name", plan.chain_name, "1 to 50 of a-z, 0-9 and '-'")
      ->capture_default_str();
  command.add_option("--profile", plan.profile, "development or staging")
      ->check(CLI::IsMember({"development", "staging"}))
      ->capture_default_str();
  command.add_option("--accounts", plan.accounts, "number of funded test accounts")
      ->capture_default_str();
  command.add_option("--account-balance", plan.account_balance, "balance of each of them")
      ->capture_default_str();
  command.add_option("--block-time-ms", plan.block_time_ms, "genesis: time between blocks");
  command.add_option("--timeout-propose-ms", plan.timeout_propose_ms, "genesis: of round 0");
  command.add_option("--timeout-vote-ms", plan.timeout_vote_ms, "genesis: of round 0");
  command.add_option("--passphrase-file", options.passphrase_file,
                     "pass-phrase of the new key files (staging)");
}

}  // namespace

void add_home_commands(CLI::App& app, Program& program) {
  const auto single = std::make_shared<HomeOptions>();
  CLI::App* init = add_command(app, {"init", "make the home of a chain with one validator",
                                     "witan init --home /tmp/w --chain-name my-chain"});
  add_home_option(*init, program);
  add_json_option(*init, program);
  add_chain_options(*init, *single);
  init->add_option("--moniker", single->moniker, "name shown to people")->capture_default_str();
  on_run(*init, program, [&program, single] { return run_init(program, *single); });

  const auto many = std::make_shared<HomeOptions>();
  CLI::App* testnet = add_command(app, {"testnet", "make the homes of a network on one machine",
                                        "witan testnet --validators 4 --output /tmp/net"});
  add_json_option(*testnet, program);
  add_chain_options(*testnet, *many);
  NetworkPlan& plan = many->plan;
  testnet->add_option("--validators", plan.validators, "number of nodes")->capture_default_str();
  testnet->add_option("--output", many->output, "folder of the network")->required();
  testnet->add_option("--starting-p2p-port", plan.p2p_port, "of node 0; the next has the next")
      ->capture_default_str();
  testnet->add_option("--starting-rpc-port", plan.rpc_port, "of node 0; the next has the next")
      ->capture_default_str();
  testnet->add_option("--hostname", plan.hostname, "where all of them listen")
      ->capture_default_str();
  testnet->add_flag("--overwrite", many->overwrite, "replace the network that is there");
  on_run(*testnet, program, [&program, many] { return run_testnet(program, *many); });
}

}  // namespace witan::cli
