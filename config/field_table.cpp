#include "config/field_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace witan {

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;
constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::uint64_t any_count = std::uint64_t{1} << 53;  // exact in every JSON and TOML reader
constexpr auto restart = ReloadClass::restart;
constexpr auto live = ReloadClass::live;

#define WITAN_SLOT(member) [](NodeConfig& c) -> FieldSlot { return &c.member; }

// clang-format off
constexpr std::array fields{
  Field{"moniker", WITAN_SLOT(moniker), "", 1, 64, "", restart,
        "Name of this node, shown to people; it proves nothing."},
  Field{"home", WITAN_SLOT(home), "", 1, 4096, "", restart,
        "Folder of data, keys and genesis. One process at a time uses it."},

  Field{"p2p.laddr", WITAN_SLOT(p2p.laddr), "", 0, 0, "", restart,
        "Address to listen on for peers."},
  Field{"p2p.persistent_peers", WITAN_SLOT(p2p.persistent_peers), "", 0, 256, "", restart,
        "Peers that are dialled again whenever the connection is lost: \"<node id>@host:port\"."},
  Field{"p2p.max_num_inbound_peers", WITAN_SLOT(p2p.max_num_inbound_peers), "peers", 0, 1024, "", restart,
        "Connections accepted from others; further ones are refused."},
  Field{"p2p.handshake_timeout_ms", WITAN_SLOT(p2p.handshake_timeout_ms), "ms", 100, hour_ms, "", restart,
        "A connection that is not authenticated by then is closed."},
  Field{"p2p.dial_timeout_ms", WITAN_SLOT(p2p.dial_timeout_ms), "ms", 100, hour_ms, "", restart,
        "Time given to the TCP connection."},
  Field{"p2p.ping_interval_ms", WITAN_SLOT(p2p.ping_interval_ms), "ms", 100, hour_ms, "", restart,
        "A silent connection is asked for a sign of life this often."},
  Field{"p2p.send_queue_bytes_max", WITAN_SLOT(p2p.send_queue_bytes_max), "bytes", 64 * kib, gib, "", restart,
        "Bytes waiting for one peer; above it transactions and sync are shed, votes are not."},

  Field{"rpc.laddr", WITAN_SLOT(rpc.laddr), "", 0, 0, "", restart,
        "Address of the HTTP interface. It has no authentication: whoever reaches it may use it. For others than this host put a proxy in front."},
  Field{"rpc.max_open_connections", WITAN_SLOT(rpc.max_open_connections), "connections", 1, 65535, "", restart,
        "Open HTTP connections; further ones are refused."},
  Field{"rpc.max_subscription_clients", WITAN_SLOT(rpc.max_subscription_clients), "streams", 0, 65535, "", restart,
        "Open event streams, which are connections too; further ones are refused."},
  Field{"rpc.max_body_bytes", WITAN_SLOT(rpc.max_body_bytes), "bytes", kib, 64 * mib, "", restart,
        "Largest request body."},
  Field{"rpc.timeout_broadcast_tx_commit_ms", WITAN_SLOT(rpc.timeout_broadcast_tx_commit_ms), "ms", 100, hour_ms, "", restart,
        "How long broadcast_tx_commit waits for the block."},

  Field{"consensus.create_empty_blocks", WITAN_SLOT(consensus.create_empty_blocks), "", 0, 0, "", restart,
        "Propose blocks when no transaction waits."},
  Field{"consensus.create_empty_blocks_interval_ms", WITAN_SLOT(consensus.create_empty_blocks_interval_ms), "ms", 0, hour_ms, "", restart,
        "Wait this long for a transaction before proposing an empty block; 0 does not wait."},
  Field{"consensus.min_block_interval_ms", WITAN_SLOT(consensus.min_block_interval_ms), "ms", 0, hour_ms, "", restart,
        "This node proposes no sooner than this after the last decision; 0 proposes at once."},
  Field{"consensus.adaptive_timeouts", WITAN_SLOT(consensus.adaptive_timeouts), "", 0, 0, "", restart,
        "Shorten the timeouts of round 0 to a multiple of the delays measured over the last 100 heights (at least 50 ms, at most the chain's)."},
  Field{"consensus.observe_ms", WITAN_SLOT(consensus.observe_ms), "ms", 0, hour_ms, "", restart,
        "After a restart, listen this long for own signatures this node does not remember before signing."},

  Field{"signer.address", WITAN_SLOT(signer.address), "", 0, 256, "", restart,
        "Signer process that holds the validator's key: \"unix:///path\" or \"tcp://address:port\"; empty: this node signs itself."},
  Field{"signer.public_key", WITAN_SLOT(signer.public_key), "", 0, 66, "", restart,
        "Node id of the signer process, which proves it: 66 hex digits."},
  Field{"signer.validator_key", WITAN_SLOT(signer.validator_key), "", 0, 64, "", restart,
        "Public key of the validator the signer signs for: 64 hex digits."},
  Field{"signer.timeout_ms", WITAN_SLOT(signer.timeout_ms), "ms", 50, 10'000, "", restart,
        "Time given to a connection to the signer and to each of its answers; then the node is silent and tries again."},

  Field{"mempool.size", WITAN_SLOT(mempool.size), "transactions", 1, 10'000'000, "", restart,
        "Waiting transactions; when full, new ones are refused."},
  Field{"mempool.max_txs_bytes", WITAN_SLOT(mempool.max_txs_bytes), "bytes", mib, 64 * gib, "", restart,
        "Bytes of all waiting transactions."},
  Field{"mempool.max_tx_bytes", WITAN_SLOT(mempool.max_tx_bytes), "bytes", 256, 64 * kib, "", restart,
        "Largest transaction this node accepts; the chain's own limit is 64 KiB."},
  Field{"mempool.per_sender_max", WITAN_SLOT(mempool.per_sender_max), "transactions", 1, 10'000'000, "", restart,
        "Waiting transactions of one sender."},

  Field{"storage.wal_segment_bytes", WITAN_SLOT(storage.wal_segment_bytes), "bytes", mib, gib, "", restart,
        "Size of one preallocated file of the write-ahead log."},
  Field{"storage.retain_blocks", WITAN_SLOT(storage.retain_blocks), "blocks", 0, any_count, "", restart,
        "Newest blocks to keep; 0 keeps all, otherwise at least 1024."},
  Field{"storage.state_versions", WITAN_SLOT(storage.state_versions), "blocks", 1, any_count, "", restart,
        "Newest heights whose state can be queried with proofs."},
  Field{"storage.sync_every_blocks", WITAN_SLOT(storage.sync_every_blocks), "blocks", 1, 65536, "", restart,
        "Stores are synced this often; after a crash at most that many blocks are replayed from the log."},

  Field{"log.level", WITAN_SLOT(log.level), "", 1, 256, "", live,
        "Least severe event that is logged: trace, debug, info, warn, error or off; for single modules \"consensus:debug,*:info\". SIGHUP reads it again."},
  Field{"log.format", WITAN_SLOT(log.format), "", 0, 0, "json|text", restart,
        "One JSON object in each line, or text for people."},
  Field{"log.file", WITAN_SLOT(log.file), "", 0, 4096, "", restart,
        "File to append to; empty for standard error."},

  Field{"instrumentation.prometheus", WITAN_SLOT(instrumentation.prometheus), "", 0, 0, "", restart,
        "Serve metrics at /metrics of rpc.laddr; else that is not found."},
  Field{"instrumentation.namespace", WITAN_SLOT(instrumentation.metrics_prefix), "", 1, 32, "", restart,
        "First word of every metric name but those of the process (process_*): a letter, then letters, digits and '_'."},

  Field{"runtime.worker_threads", WITAN_SLOT(runtime.worker_threads), "threads", 0, 256, "", restart,
        "Threads that run actors; 0 for one for each core."},
  Field{"runtime.max_throughput", WITAN_SLOT(runtime.max_throughput), "messages", 1, 100'000, "", restart,
        "Messages an actor handles before others get its thread."},
  Field{"runtime.verifier_workers", WITAN_SLOT(runtime.verifier_workers), "actors", 0, 256, "", restart,
        "Actors that check signatures; 0 for one for each core."},

  Field{"trace.record", WITAN_SLOT(trace.record), "", 0, 0, "", restart,
        "Write every message hop to files in traces/ from the start on; `witan trace record` does so on a running node."},
  Field{"trace.ring_bytes", WITAN_SLOT(trace.ring_bytes), "bytes", 0, gib, "", restart,
        "Memory of the flight recorder, written to traces/ when the node fails or on SIGUSR1; 0 for no tracing at all."},
  Field{"trace.segment_bytes", WITAN_SLOT(trace.segment_bytes), "bytes", mib, gib, "", restart,
        "Size of one file of a recording."},
  Field{"trace.total_bytes", WITAN_SLOT(trace.total_bytes), "bytes", 2 * mib, 1024 * gib, "", restart,
        "All files of recordings; the oldest are removed. At least two segments are kept."},
};
// clang-format on
#undef WITAN_SLOT

}  // namespace

std::span<const Field> field_table() { return fields; }

const Field* find_field(std::string_view key) {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const Field& field) { return field.key == key; });
  return it == fields.end() ? nullptr : &*it;
}

std::string_view section_of(std::string_view key) {
  const auto dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view leaf_of(std::string_view key) { return key.substr(key.find('.') + 1); }

std::string environment_name(std::string_view key) {
  std::string out = "WITAN_";
  for (const char c : key) {
    out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string_view type_name(const Field& field) {
  static constexpr std::array<std::string_view, 5> names{"boolean", "integer", "text", "address",
                                                         "list of peers"};
  NodeConfig scratch;
  return names[field.slot(scratch).index()];
}

std::string range_text(const Field& field) {
  NodeConfig scratch;
  const FieldSlot slot = field.slot(scratch);
  if (!field.choices.empty()) return std::string(field.choices);
  if (std::holds_alternative<std::uint64_t*>(slot)) {
    return std::to_string(field.min) + ".." + std::to_string(field.max);
  }
  if (std::holds_alternative<std::string*>(slot)) {
    return std::to_string(field.min) + ".." + std::to_string(field.max) + " bytes";
  }
  if (std::holds_alternative<std::vector<PeerAddress>*>(slot)) {
    return "at most " + std::to_string(field.max);
  }
  return {};
}

}  // namespace witan
