// From file, environment and flags to one checked NodeConfig.
//
// Precedence: flags, environment, file, defaults. Every error has code `config` (exit 65), names
// the place ("node.toml:7:1", "environment WITAN_P2P_LADDR", "flag --p2p.laddr") and says what to
// do. An unknown key is an error with the nearest known name; a known CometBFT key without effect
// here says what takes its place. Thread rule: pure functions but for reading the file; call from
// anywhere.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/node_config.hpp"
#include "messages/base/result.hpp"

namespace witan {

struct LoadRequest {
  std::optional<std::string> file;                 // path; none = defaults only
  std::map<std::string, std::string> environment;  // whole environment; other names are ignored
  std::vector<std::pair<std::string, std::string>> flags;  // {"p2p.laddr", "0.0.0.0:1"}; last wins
};

// A configuration and, for each key that is not a default, where its value came from.
struct LoadedConfig {
  NodeConfig config;
  std::map<std::string, std::string> origins;
};

[[nodiscard]] Result<LoadedConfig> load_with_origins(const LoadRequest& request);
[[nodiscard]] Result<NodeConfig> load(const LoadRequest& request);

// Text of a file, without environment and flags. `name` stands in error places.
[[nodiscard]] Result<NodeConfig> parse_config(std::string_view text, const std::string& name);

// Rules between fields. Errors: config; field = the key to change.
[[nodiscard]] Status check_config(const NodeConfig& config);

}  // namespace witan
