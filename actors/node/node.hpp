// The composition root: opens what is on disk, wires every actor of one node into the supervision
// tree of architecture.md, runs it until a signal or a failure, and stops it in order.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "config/node_config.hpp"
#include "crypto/keys.hpp"
#include "messages/base/result.hpp"
#include "messages/types/genesis.hpp"
#include "storage/file_system.hpp"

namespace witan::peers {
class Interposer;
}

namespace witan::node {

struct NodeInputs {
  FilePath home;
  NodeConfig config;
  Genesis genesis;
  SecretKey node_key;
  std::optional<SecretKey> consensus_key;  // none: a full node that follows without voting
  std::string software;                    // "witan/0.1.0 (0123456789ab)"
  std::string version;
  std::string commit;
  FilePath config_file;
  // Reads log.level again (SIGHUP).
  std::function<Result<std::string>()> reload_log_level{};
  // Between the node and its peers, in programs made to misbehave; null in `witan`
  // (actors/peers/interposer.hpp). Outlives the node.
  peers::Interposer* interposer = nullptr;
};

// SIGHUP reads log.level again. Runs until SIGTERM or SIGINT (orderly stop) or until something ends
// the node; returns the process's exit code (messages/base/exit_codes.hpp). Errors are printed to
// standard error and logged. REQUIRES: called once per process, from its main thread, before other
// threads exist (it blocks the signals for all threads).
[[nodiscard]] int run_node(NodeInputs inputs);

}  // namespace witan::node
