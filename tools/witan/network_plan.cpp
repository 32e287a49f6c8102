#include "tools/witan/network_plan.hpp"

#include "actors/runtime/system_clock.hpp"
#include "config/profiles.hpp"
#include "storage/atomic_file.hpp"

namespace witan::cli {
namespace {

constexpr std::size_t validators_of_network_max = 100;
constexpr std::uint64_t validator_stake = 1'000'000;

struct NodeKeys {
  SecretKey node = SecretKey::generate();
  SecretKey consensus = SecretKey::generate();
};

Result<NodeConfig> profile_config(const std::string& profile) {
  const auto text = profile_text(profile);
  if (!text)
    return fail(ErrorCode::usage, "--profile", "\"" + profile + "\" is not development or staging");
  return parse_config(*text, "profile " + profile);
}

GenesisParams params_of(const NetworkPlan& plan) {
  GenesisParams out;
  if (plan.profile == "development") {
    out.timeout_propose = Duration::from_ms(1000);
    out.timeout_propose_delta = Duration::from_ms(250);
    out.timeout_vote = Duration::from_ms(500);
    out.timeout_vote_delta = Duration::from_ms(250);
  } else {
    out.block_time = Duration::from_s(12);
  }
  const auto override_ms = [](Duration& value, const std::optional<std::int64_t>& ms) {
    if (ms) value = Duration::from_ms(*ms);
  };
  override_ms(out.timeout_propose, plan.timeout_propose_ms);
  override_ms(out.timeout_vote, plan.timeout_vote_ms);
  override_ms(out.block_time, plan.block_time_ms);
  out.timeout_max = std::max({out.timeout_max, out.timeout_propose, out.timeout_vote});
  return out;
}

// Equal standing for all, so that each has the same voting power.
GenesisValidator validator_of(const std::string& name, const SecretKey& key) {
  GenesisValidator out;
  out.name = name;
  out.key = key.public_key();
  out.proof_of_possession = prove_possession(key);
  out.stake = validator_stake;
  out.score_milli = 500;
  out.tier = 3;
  out.timetoke_hours = 720;
  return out;
}

Genesis empty_genesis(const NetworkPlan& plan) {
  Genesis out;
  out.chain_name = plan.chain_name;
  out.type = plan.profile == "development" ? ChainType::development : ChainType::staging;
  out.time = rt::system_clock().unix_now();
  out.params = params_of(plan);
  return out;
}

// Writes the accounts' keys into `folder` and their balances into the genesis.
Status add_accounts(const NetworkPlan& plan, const FilePath& folder, Genesis& genesis) {
  if (plan.accounts == 0) return {};
  WITAN_TRY_VOID(posix_file_system().create_directories(folder));
  for (std::size_t i = 0; i < plan.accounts; ++i) {
    const SecretKey key = SecretKey::generate();
    const FilePath path = folder / ("account" + std::to_string(i) + ".json");
    WITAN_TRY_VOID(write_key(path, key, account_role, std::nullopt));
    genesis.accounts.push_back({key.public_key(), plan.account_balance});
  }
  return {};
}

Status check_plan(const NetworkPlan& plan) {
  if (plan.validators == 0 || plan.validators > validators_of_network_max)
    return fail(ErrorCode::usage, "--validators", "is outside 1..100");
  if (plan.accounts > 10'000) return fail(ErrorCode::usage, "--accounts", "is above 10000");
  const auto n = static_cast<std::uint32_t>(plan.validators);
  const std::uint32_t p2p = plan.p2p_port, rpc = plan.rpc_port;
  if (p2p == 0 || rpc == 0 || p2p + n > 65536 || rpc + n > 65536)
    return fail(ErrorCode::usage, "--starting-p2p-port", "ports leave the range 1..65535");
  if (p2p < rpc + n && rpc < p2p + n)
    return fail(ErrorCode::usage, "--starting-rpc-port",
                "the ranges of p2p and rpc ports overlap: move one of them");
  return {};
}

NodeConfig node_config(const NetworkPlan& plan, NodeConfig base, std::size_t i,
                       const std::vector<NodeKeys>& keys) {
  const auto port = [](std::uint16_t first, std::size_t n) {
    return static_cast<std::uint16_t>(first + n);
  };
  base.moniker = "node" + std::to_string(i);
  base.p2p.laddr = {plan.hostname, port(plan.p2p_port, i)};
  base.rpc.laddr = {plan.hostname, port(plan.rpc_port, i)};
  base.p2p.persistent_peers.clear();
  for (std::size_t j = 0; j < keys.size(); ++j) {
    if (j == i) continue;
    base.p2p.persistent_peers.push_back(
        {keys[j].node.node_id(), {plan.hostname, port(plan.p2p_port, j)}});
  }
  // A full mesh also of many: each pair is one connection, opened by either side.
  base.p2p.max_num_inbound_peers = std::max<std::uint64_t>(40, keys.size());
  return base;
}

}  // namespace

Result<NewNetwork> make_network(const NetworkPlan& plan, const FilePath& folder,
                                const Protect& protect) {
  WITAN_TRY_VOID(check_plan(plan));
  WITAN_TRY(const NodeConfig base, profile_config(plan.profile));
  FileSystem& fs = posix_file_system();
  if (fs.exists(folder / "genesis.json"))
    return fail(ErrorCode::usage, folder.string(),
                "holds a network already: choose another folder or give --overwrite");
  NewNetwork out;
  out.genesis = empty_genesis(plan);
  std::vector<NodeKeys> keys(plan.validators);
  for (std::size_t i = 0; i < keys.size(); ++i)
    out.genesis.validators.push_back(validator_of("node" + std::to_string(i), keys[i].consensus));
  WITAN_TRY_VOID(check_genesis(out.genesis));
  WITAN_TRY_VOID(fs.create_directories(folder));
  WITAN_TRY_VOID(add_accounts(plan, folder / "accounts", out.genesis));
  WITAN_TRY_VOID(check_genesis(out.genesis));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const HomeFiles files(folder / ("node" + std::to_string(i)));
    const NodeConfig config = node_config(plan, base, i, keys);
    WITAN_TRY_VOID(check_config(config));
    WITAN_TRY_VOID(
        write_home(files, {config, out.genesis, keys[i].node, keys[i].consensus}, protect));
    out.nodes.push_back({files.layout.home, keys[i].node.node_id(), config});
  }
  // Last: its presence says that the network is complete.
  WITAN_TRY_VOID(
      write_file_atomically(fs, folder / "genesis.json", as_bytes(write_genesis(out.genesis))));
  return out;
}

Result<NewNode> make_single_node(const NetworkPlan& plan, const std::string& moniker,
                                 const HomeFiles& files, const Protect& protect) {
  WITAN_TRY(NodeConfig config, profile_config(plan.profile));
  config.moniker = moniker;
  WITAN_TRY_VOID(check_config(config));
  if (posix_file_system().exists(files.genesis()))
    return fail(ErrorCode::usage, files.layout.home.string(),
                "holds a node already: choose another folder with --home");
  const NodeKeys keys;
  Genesis genesis = empty_genesis(plan);
  genesis.validators.push_back(validator_of(moniker, keys.consensus));
  WITAN_TRY_VOID(check_genesis(genesis));
  WITAN_TRY_VOID(add_accounts(plan, files.accounts(), genesis));
  WITAN_TRY_VOID(check_genesis(genesis));
  WITAN_TRY_VOID(write_home(files, {config, genesis, keys.node, keys.consensus}, protect));
  return NewNode{std::move(genesis), keys.node.node_id(), std::move(config)};
}

}  // namespace witan::cli
