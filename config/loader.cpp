#include "config/loader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>

#include "config/field_value.hpp"
#include "config/signer_address.hpp"
#include "config/suggest.hpp"
#include "config/toml_source.hpp"
#include "crypto/keys.hpp"
#include "messages/base/hex.hpp"
#include "messages/types/transaction.hpp"

namespace witan {

namespace {

struct Foreign {
  std::string_view key;
  std::string_view advice;
};
// CometBFT options people bring along, and what takes their place.
constexpr std::array foreign_keys{
    Foreign{"consensus.timeout_propose", "timeouts are chain rules: genesis params"},
    Foreign{"consensus.timeout_prevote", "timeouts are chain rules: genesis params"},
    Foreign{"consensus.timeout_precommit", "timeouts are chain rules: genesis params"},
    Foreign{"consensus.timeout_commit", "use consensus.min_block_interval_ms"},
    Foreign{"consensus.create_empty_blocks_interval",
            "use consensus.create_empty_blocks_interval_ms"},
    Foreign{"consensus.peer_gossip_sleep_duration", "gossip does not poll; remove it"},
    Foreign{"consensus.wal_file", "the log is in the home folder; remove it"},
    Foreign{"p2p.external_address", "peers dial what their p2p.persistent_peers say; remove it"},
    Foreign{"p2p.max_num_outbound_peers", "only p2p.persistent_peers are dialled; remove it"},
    Foreign{"p2p.seeds", "use p2p.persistent_peers"},
    Foreign{"p2p.handshake_timeout", "use p2p.handshake_timeout_ms"},
    Foreign{"p2p.dial_timeout", "use p2p.dial_timeout_ms"},
    Foreign{"rpc.timeout_broadcast_tx_commit", "use rpc.timeout_broadcast_tx_commit_ms"},
    Foreign{"mempool.recheck", "transactions are checked once; remove it"},
    Foreign{"mempool.cache_size", "seen transactions are found by id; remove it"},
    Foreign{"log_level", "use log.level"},
    Foreign{"log_format", "use log.format"},
    Foreign{"db_backend", "the store is LevelDB; remove it"},
    Foreign{"db_dir", "use home"},
    Foreign{"proxy_app", "the application is part of the node; remove it"},
};

std::vector<std::string_view> known_keys() {
  std::vector<std::string_view> out;
  for (const Field& field : field_table()) out.push_back(field.key);
  return out;
}

bool is_section(std::string_view name) {
  const auto table = field_table();
  return !name.empty() && std::any_of(table.begin(), table.end(), [&](const Field& field) {
    return section_of(field.key) == name;
  });
}

// A name that is right but stands in the wrong section; empty when there is none.
std::string_view same_leaf(std::string_view key) {
  for (const Field& field : field_table()) {
    if (leaf_of(field.key) == leaf_of(key)) return field.key;
  }
  return {};
}

tl::unexpected<Error> unknown_key(std::string_view key, std::string where) {
  const std::string name = "\"" + std::string(key) + "\"";
  for (const Foreign& foreign : foreign_keys) {
    if (foreign.key == key) {
      return fail(ErrorCode::config, std::move(where),
                  name + " has no effect here: " + std::string(foreign.advice));
    }
  }
  if (is_section(key)) {
    return fail(ErrorCode::config, std::move(where),
                name + " is a section: give it keys or remove it");
  }
  std::string text = "unknown key " + name;
  if (const auto other = same_leaf(key); !other.empty()) {
    text += "; did you mean \"" + std::string(other) + "\"?";
  } else {
    text += did_you_mean(key, known_keys());
  }
  return fail(ErrorCode::config, std::move(where), std::move(text));
}

Status apply_file(std::string_view text, const std::string& name, LoadedConfig& out) {
  WITAN_TRY(const auto entries, read_toml(text, name));
  for (const TomlEntry& entry : entries) {
    const bool empty_section = std::holds_alternative<RawValue::Other>(entry.raw.value) &&
                               std::get<RawValue::Other>(entry.raw.value).type == "table" &&
                               is_section(entry.key);
    if (empty_section) continue;
    const Field* field = find_field(entry.key);
    if (field == nullptr) return unknown_key(entry.key, entry.raw.where);
    WITAN_TRY_VOID(assign(*field, entry.raw, out.config));
    out.origins[entry.key] = entry.raw.where;
  }
  return {};
}

// Names like WITAN_P2P_LADR start like a section: a typing error there must not pass unseen.
// Others (WITAN_JOBS) belong to other programs.
Status apply_environment(const std::map<std::string, std::string>& environment, LoadedConfig& out) {
  std::map<std::string, const Field*, std::less<>> by_name;
  for (const Field& field : field_table()) by_name.emplace(environment_name(field.key), &field);
  for (const auto& [name, value] : environment) {
    if (name.rfind("WITAN_", 0) != 0) continue;
    const std::string where = "environment " + name;
    if (const auto it = by_name.find(name); it != by_name.end()) {
      WITAN_TRY_VOID(assign(*it->second, raw_from_text(*it->second, value, where), out.config));
      out.origins[std::string(it->second->key)] = where;
      continue;
    }
    for (const Field& field : field_table()) {
      const std::string_view section = section_of(field.key);
      if (section.empty() || name.rfind(environment_name(section) + "_", 0) != 0) continue;
      std::vector<std::string_view> known;
      for (const auto& [known_name, known_field] : by_name) known.push_back(known_name);
      return fail(ErrorCode::config, where, "no option has this name" + did_you_mean(name, known));
    }
  }
  return {};
}

Status apply_flags(const std::vector<std::pair<std::string, std::string>>& flags,
                   LoadedConfig& out) {
  for (const auto& [key, value] : flags) {
    const std::string where = "flag --" + key;
    const Field* field = find_field(key);
    if (field == nullptr) return unknown_key(key, where);
    WITAN_TRY_VOID(assign(*field, raw_from_text(*field, value, where), out.config));
    out.origins[key] = where;
  }
  return {};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(config_bytes_max + 1, '\0');
  if (!stream || !stream.read(text.data(), 0)) {
    return fail(ErrorCode::config, path, "cannot be read; `witan init` writes a new one");
  }
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return fail(ErrorCode::config, path, "cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

namespace {

// "debug", or items "module:level" where the module may be `*`. Which modules there are, the node's
// logger knows.
bool is_level_list(std::string_view list) {
  static constexpr std::array<std::string_view, 6> levels{"trace", "debug", "info",
                                                          "warn",  "error", "off"};
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    if (const std::size_t colon = item.find(':'); colon != std::string_view::npos) {
      if (colon == 0) return false;
      item.remove_prefix(colon + 1);
    }
    if (std::find(levels.begin(), levels.end(), item) == levels.end()) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

Status check_signer(const SignerConfig& c) {
  const auto refuse = [](std::string_view key, std::string text) {
    return fail(ErrorCode::config, std::string(key), std::move(text));
  };
  if (c.address.empty()) {
    if (c.public_key.empty() && c.validator_key.empty()) return {};
    return refuse("signer.address", "is empty, but other keys of this section are not");
  }
  if (const auto address = parse_signer_address(c.address); !address)
    return refuse("signer.address", "is not usable: " + address.error().text);
  const auto id = fixed_from_hex<NodeId>(c.public_key, {});
  if (!id || !is_valid(*id))
    return refuse("signer.public_key",
                  "is the node id of the signer, 66 hex digits: `witan signer run` prints it");
  const auto key = fixed_from_hex<PublicKey>(c.validator_key, {});
  if (!key || !is_valid(*key))
    return refuse("signer.validator_key",
                  "is the validator's public key, 64 hex digits: `witan signer run` prints it");
  return {};
}

}  // namespace

Status check_config(const NodeConfig& c) {
  const auto refuse = [](std::string_view key, std::string text) {
    return fail(ErrorCode::config, std::string(key), std::move(text));
  };
  if (c.mempool.max_tx_bytes > c.mempool.max_txs_bytes) {
    return refuse("mempool.max_tx_bytes", "is above mempool.max_txs_bytes: none would fit");
  }
  if (c.mempool.per_sender_max > c.mempool.size) {
    return refuse("mempool.per_sender_max", "is above mempool.size");
  }
  if (c.storage.retain_blocks != 0 && c.storage.retain_blocks < opaque_window_heights) {
    return refuse("storage.retain_blocks", "is 0 (all) or at least " +
                                               std::to_string(opaque_window_heights) +
                                               ": replays are found among these blocks");
  }
  if (c.rpc.laddr.port != 0 && c.rpc.laddr == c.p2p.laddr) {
    return refuse("rpc.laddr", "is the same as p2p.laddr");
  }
  WITAN_TRY_VOID(check_signer(c.signer));
  if (!is_level_list(c.log.level)) {
    return refuse(
        "log.level",
        "is trace, debug, info, warn, error or off, or \"module:level\" items with commas");
  }
  const std::string& prefix = c.instrumentation.metrics_prefix;
  const bool letters =
      !prefix.empty() && std::isalpha(static_cast<unsigned char>(prefix[0])) != 0 &&
      std::all_of(prefix.begin(), prefix.end(),
                  [](unsigned char ch) { return std::isalnum(ch) != 0 || ch == '_'; });
  if (!letters) {
    return refuse("instrumentation.namespace", "is a letter, then letters, digits and '_'");
  }
  return {};
}

Result<LoadedConfig> load_with_origins(const LoadRequest& request) {
  LoadedConfig out;
  if (request.file) {
    WITAN_TRY(const std::string text, read_file(*request.file));
    WITAN_TRY_VOID(apply_file(text, *request.file, out));
  }
  WITAN_TRY_VOID(apply_environment(request.environment, out));
  WITAN_TRY_VOID(apply_flags(request.flags, out));
  if (auto status = check_config(out.config); !status) {
    Error error = std::move(status).error();
    const auto origin = out.origins.find(error.field);
    error.text = error.field + " " + error.text;
    if (origin != out.origins.end()) error.field = origin->second;
    return fail(std::move(error));
  }
  return out;
}

Result<NodeConfig> load(const LoadRequest& request) {
  WITAN_TRY(LoadedConfig loaded, load_with_origins(request));
  return std::move(loaded.config);
}

Result<NodeConfig> parse_config(std::string_view text, const std::string& name) {
  LoadedConfig out;
  WITAN_TRY_VOID(apply_file(text, name, out));
  WITAN_TRY_VOID(check_config(out.config));
  return std::move(out.config);
}

}  // namespace witan
