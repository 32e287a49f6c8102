// New chains: one genesis, and the home of each of its validators.
#pragma once
#include <optional>

#include "tools/witan/home.hpp"

namespace witan::cli {

struct NetworkPlan {
  std::string chain_name = "local";
  std::string profile = "development";  // config/profiles.hpp; also the chain's type
  std::string hostname = "127.0.0.1";   // of all nodes: they differ in their ports
  std::size_t validators = 4;
  std::size_t accounts = 10;
  std::uint64_t account_balance = 1'000'000'000'000;
  std::uint16_t p2p_port = 26556;  // of node 0; node i has this + i
  std::uint16_t rpc_port = 26657;
  // Milliseconds; nullopt: what suits the profile.
  std::optional<std::int64_t> timeout_propose_ms;
  std::optional<std::int64_t> timeout_vote_ms;
  std::optional<std::int64_t> block_time_ms;
};

// A new network in `folder`: node0.., accounts/account0.json.. and genesis.json. Accounts' keys and
// those of development validators are stored without pass-phrase.
struct NewNetwork {
  Genesis genesis;
  struct Node {
    FilePath home;
    NodeId id;
    NodeConfig config;
  };
  std::vector<Node> nodes;
};
// Errors: usage (counts, ports, profile, folder in use), genesis (chain name), io.
[[nodiscard]] Result<NewNetwork> make_network(const NetworkPlan& plan, const FilePath& folder,
                                              const Protect& protect);

// A chain with one validator whose home is `files`. Returns its genesis.
struct NewNode {
  Genesis genesis;
  NodeId id;
  NodeConfig config;
};
[[nodiscard]] Result<NewNode> make_single_node(const NetworkPlan& plan, const std::string& moniker,
                                               const HomeFiles& files, const Protect& protect);

}  // namespace witan::cli
