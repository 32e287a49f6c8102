// What an operator may set on one node. Plain data: read it once at start, pass the section a
// component needs. Rules of the chain are not here but in genesis and governance (messages/types/
// genesis.hpp): nothing in this file may change a decision, only how this host takes part.
//
// A member's default is the option's default. Names, units, ranges and help of every option:
// config/field_table.cpp; printed in docs/reference/config.md. Where the values come from:
// config/loader.hpp.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "messages/base/bytes.hpp"

namespace witan {

// Where to listen or to dial: "host:port", "[v6]:port". The host is a name or an address.
struct SocketAddress {
  std::string host;
  std::uint16_t port = 0;  // 0 = any free port (listening only)
  bool operator==(const SocketAddress&) const = default;
};

// "<node id, 66 hex digits>@host:port"; the id is checked by the transport handshake.
struct PeerAddress {
  NodeId id;
  SocketAddress address;
  bool operator==(const PeerAddress&) const = default;
};

struct P2pConfig {
  SocketAddress laddr{"0.0.0.0", 26656};
  std::vector<PeerAddress> persistent_peers;  // always kept connected
  std::uint64_t max_num_inbound_peers = 40;
  std::uint64_t handshake_timeout_ms = 20'000;
  std::uint64_t dial_timeout_ms = 3'000;
  std::uint64_t ping_interval_ms = 10'000;
  std::uint64_t send_queue_bytes_max = 16 * 1024 * 1024;  // per peer; above it bulk is shed
  bool operator==(const P2pConfig&) const = default;
};

struct RpcConfig {
  SocketAddress laddr{"127.0.0.1", 26657};
  std::uint64_t max_open_connections = 900;
  std::uint64_t max_subscription_clients = 100;
  std::uint64_t max_body_bytes = 1'000'000;
  std::uint64_t timeout_broadcast_tx_commit_ms = 10'000;
  bool operator==(const RpcConfig&) const = default;
};

struct ConsensusConfig {
  bool create_empty_blocks = true;
  std::uint64_t create_empty_blocks_interval_ms = 0;  // pause before an empty block; 0 = none
  std::uint64_t min_block_interval_ms = 0;            // from one decision to the next proposal
  bool adaptive_timeouts = true;                      // round 0 follows measured delays
  std::uint64_t observe_ms = 1'000;                   // after a restart, before signing
  bool operator==(const ConsensusConfig&) const = default;
};

// A signer process elsewhere (docs/runbooks/remote-signer.md); without an address the node signs
// itself with config/consensus_key.json.
struct SignerConfig {
  std::string address;              // "unix:///path" or "tcp://address:port"
  std::string public_key;           // node id of the signer process, 66 hex digits
  std::string validator_key;        // the validator it signs for, 64 hex digits
  std::uint64_t timeout_ms = 1000;  // for a connection, and for each answer
  bool operator==(const SignerConfig&) const = default;
};

struct MempoolConfig {
  std::uint64_t size = 100'000;                     // transactions
  std::uint64_t max_txs_bytes = 256 * 1024 * 1024;  // all of them together
  std::uint64_t max_tx_bytes = 64 * 1024;
  std::uint64_t per_sender_max = 1'024;
  bool operator==(const MempoolConfig&) const = default;
};

struct StorageConfig {
  std::uint64_t wal_segment_bytes = 64 * 1024 * 1024;
  std::uint64_t retain_blocks = 0;  // 0 = all
  std::uint64_t state_versions = 128;
  std::uint64_t sync_every_blocks = 256;  // bounds what is replayed after a crash
  bool operator==(const StorageConfig&) const = default;
};

struct LogConfig {
  std::string level = "info";   // trace, debug, info, warn, error, off; "consensus:debug,*:info"
  std::string format = "json";  // json, text
  std::string file;             // empty = standard error
  bool operator==(const LogConfig&) const = default;
};

struct InstrumentationConfig {
  bool prometheus = true;               // GET /metrics on rpc.laddr
  std::string metrics_prefix{"witan"};  // key `namespace`
  bool operator==(const InstrumentationConfig&) const = default;
};

struct RuntimeConfig {
  std::uint64_t worker_threads = 0;    // 0 = one for each core
  std::uint64_t max_throughput = 25;   // messages an actor handles before it yields its worker
  std::uint64_t verifier_workers = 0;  // 0 = one for each core
  bool operator==(const RuntimeConfig&) const = default;
};

struct TraceConfig {
  bool record = false;                             // everything to files from the start on
  std::uint64_t ring_bytes = 24 * 1024 * 1024;     // flight recorder; 0 = none
  std::uint64_t segment_bytes = 16 * 1024 * 1024;  // one file of a recording
  std::uint64_t total_bytes = 256 * 1024 * 1024;   // all files of recordings
  bool operator==(const TraceConfig&) const = default;
};

struct NodeConfig {
  std::string moniker = "node";         // name shown to people
  std::string home = "/var/lib/witan";  // data, keys and genesis live here
  P2pConfig p2p;
  RpcConfig rpc;
  ConsensusConfig consensus;
  SignerConfig signer;
  MempoolConfig mempool;
  StorageConfig storage;
  LogConfig log;
  InstrumentationConfig instrumentation;
  RuntimeConfig runtime;
  TraceConfig trace;
  bool operator==(const NodeConfig&) const = default;
};

}  // namespace witan
