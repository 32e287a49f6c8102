// From a request line to a typed request: which route, which parameters, all checked.
//
// Pure: no sockets, no actors. Every route is a line of route_table; docs/reference/api.md is
// compared with it in tests. Errors name the offending parameter. Any thread.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/api/core/event_log.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/transaction.hpp"

namespace witan {

inline constexpr std::size_t target_bytes_max = 2048;
inline constexpr std::uint64_t block_range_max = 20;

// clang-format off
// X(route, method, pattern, query parameters, reply, meaning). A `{name}` segment is a parameter.
#define WITAN_ROUTES(X) \
  X(status,         GET,  "/api/v1/status", "", "NodeStatus", "who this node is and where its chain stands") \
  X(block_latest,   GET,  "/api/v1/blocks/latest", "txs", "BlockView", "the last decided block; `txs=1` adds transaction bytes") \
  X(block_by_id,    GET,  "/api/v1/blocks/by-id/{id}", "txs", "BlockView", "the block with this id (64 hex digits)") \
  X(block,          GET,  "/api/v1/blocks/{height}", "txs", "BlockView", "the block of this height") \
  X(blocks,         GET,  "/api/v1/blocks", "from,to", "BlockList", "summaries, newest first, at most 20; default: the last 20") \
  X(submit,         POST, "/api/v1/transactions", "wait", "SubmitResult", "one transaction: `{\"tx\":\"<hex>\"}` or its bytes as application/octet-stream; `wait=commit` answers when decided") \
  X(submit_batch,   POST, "/api/v1/transactions/batch", "wait", "SubmitBatchResult", "application/octet-stream: u32 little-endian length before each transaction") \
  X(transaction,    GET,  "/api/v1/transactions/{id}", "", "TxView", "a decided transfer; opaque transactions and pending ones are not found by id") \
  X(account,        GET,  "/api/v1/accounts/{address}", "prove", "AccountView", "balance and nonce; `prove=1` adds the proof against the state root") \
  X(validators,     GET,  "/api/v1/validators", "height", "ValidatorsView", "the validator set; default: of the height being decided") \
  X(light_latest,   GET,  "/api/v1/light/latest", "txs", "LightBlockView", "what a light client verifies, of the last decided block; `txs=1` adds the whole block's encoding") \
  X(light,          GET,  "/api/v1/light/{height}", "txs", "LightBlockView", "header, commit and validator sets of this height, in one encoding") \
  X(peers,          GET,  "/api/v1/peers", "", "PeersView", "connected peers") \
  X(consensus,      GET,  "/api/v1/consensus/state", "", "ConsensusStateView", "height, round, step, locks and voting power seen") \
  X(tree,           GET,  "/api/v1/tree", "", "TreeView", "the supervision tree with the state of every actor") \
  X(flow,           GET,  "/api/v1/flow", "", "FlowView", "who sent messages to whom within this node in the last seconds") \
  X(flow_messages,  GET,  "/api/v1/flow/messages", "sender,receiver,limit", "MessagesView", "the newest messages from one actor to another (default 30, at most 100)") \
  X(flow_height,    GET,  "/api/v1/flow/heights/{height}", "limit", "MessagesView", "the first messages that name this height, oldest first, as far as the flight recorder reaches back") \
  X(mempool,        GET,  "/api/v1/mempool", "limit", "MempoolView", "size of the pool and its first transaction ids (default 30, at most 100)") \
  X(genesis,        GET,  "/api/v1/genesis", "", "GenesisView", "the genesis document") \
  X(evidence,       GET,  "/api/v1/evidence", "limit", "EvidenceList", "pending and committed evidence of misbehaviour, and who is accused (default 30 of each, at most 100)") \
  X(evidence_item,  GET,  "/api/v1/evidence/{id}", "", "EvidenceList", "one piece of evidence by its hash (64 hex digits)") \
  X(submit_evidence, POST, "/api/v1/evidence", "attack", "SubmitEvidenceResult", "one piece: `{\"evidence\":\"<hex>\"}` or its bytes as application/octet-stream; `attack=1`: what a light client holds after an attack") \
  X(events,         GET,  "/api/v1/events", "from", "text/event-stream", "server-sent events; `from=height-index` or Last-Event-ID resumes") \
  X(livez,          GET,  "/livez", "", "text/plain", "200 while the process serves requests") \
  X(readyz,         GET,  "/readyz", "", "Readiness", "200 when the node takes part, 503 with reasons otherwise") \
  X(metrics,        GET,  "/metrics", "", "text/plain", "Prometheus text") \
  X(dashboard,      GET,  "/", "", "text/html", "the dashboard: heights, votes, peers, supervision tree, live") \
  X(dashboard_style, GET, "/dashboard.css", "", "text/css", "of the dashboard") \
  X(dashboard_script, GET, "/dashboard.js", "", "text/javascript", "of the dashboard") \
  X(rpc,            POST, "/", "", "JSON-RPC 2.0", "the methods below as JSON-RPC") \
  X(rpc_health,     GET,  "/health", "", "JSON-RPC 2.0", "CometBFT: empty result while the process serves requests") \
  X(rpc_status,     GET,  "/status", "", "JSON-RPC 2.0", "CometBFT: status") \
  X(rpc_net_info,   GET,  "/net_info", "", "JSON-RPC 2.0", "CometBFT: net_info") \
  X(rpc_block,      GET,  "/block", "height", "JSON-RPC 2.0", "CometBFT: block") \
  X(rpc_commit,     GET,  "/commit", "height", "JSON-RPC 2.0", "CometBFT: commit") \
  X(rpc_validators, GET,  "/validators", "height,page,per_page", "JSON-RPC 2.0", "CometBFT: validators") \
  X(rpc_tx_sync,    GET,  "/broadcast_tx_sync", "tx", "JSON-RPC 2.0", "CometBFT: broadcast_tx_sync (`tx=0x<hex>`)") \
  X(rpc_tx_commit,  GET,  "/broadcast_tx_commit", "tx", "JSON-RPC 2.0", "CometBFT: broadcast_tx_commit (`tx=0x<hex>`)") \
  X(rpc_evidence,   GET,  "/broadcast_evidence", "evidence", "JSON-RPC 2.0", "CometBFT: broadcast_evidence (`evidence=0x<hex>`)") \
  X(rpc_abci_query, GET,  "/abci_query", "path,data,height,prove", "JSON-RPC 2.0", "CometBFT: abci_query; path `\"/account\"`, data the 32-byte key")
// clang-format on

enum class HttpMethod : std::uint8_t { GET, POST };
enum class Route : std::uint8_t {
#define WITAN_X(route, method, pattern, query, reply, meaning) route,
  WITAN_ROUTES(WITAN_X)
#undef WITAN_X
};
struct RouteInfo {
  Route route;
  std::string_view name;
  HttpMethod method;
  std::string_view pattern;
  std::string_view query;  // parameters it understands, comma separated; others are errors
  std::string_view reply;
  std::string_view meaning;
};
inline constexpr RouteInfo route_table[] = {
#define WITAN_X(route, method, pattern, query, reply, meaning) \
  {Route::route, #route, HttpMethod::method, pattern, query, reply, meaning},
    WITAN_ROUTES(WITAN_X)
#undef WITAN_X
};
[[nodiscard]] constexpr const RouteInfo& info_of(Route r) {
  return route_table[static_cast<std::size_t>(r)];
}
[[nodiscard]] constexpr std::string_view name_of(HttpMethod m) {
  return m == HttpMethod::GET ? "GET" : "POST";
}

// A request whose parameters have been checked. Absent ones are empty.
struct RoutedRequest {
  Route route = Route::status;
  std::optional<std::uint64_t> height;
  std::optional<std::uint64_t> from;
  std::optional<std::uint64_t> to;
  std::optional<Hash32> id;          // of a block or a transaction
  std::optional<AccountId> account;  // from bech32m or 64 hex digits
  std::optional<EventCursor> cursor;
  std::uint32_t limit = 30;
  std::string sender, receiver;  // names of actors
  bool prove = false;
  bool with_transactions = false;
  bool wait_commit = false;
  bool attack = false;
  std::map<std::string, std::string, std::less<>> rpc;  // parameters of a JSON-RPC GET, decoded
};

// Errors: not_found (no such path; field `path`), not_allowed (path exists for another method;
// field = methods to put into Allow), too_large (target), malformed / out_of_range / missing /
// bad_address (field = parameter).
[[nodiscard]] Result<RoutedRequest> route_request(std::string_view method, std::string_view target);

// "%41+b" -> "A b" (plus is a blank only in queries). Errors: malformed.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, bool plus_is_blank);

// The table of docs/reference/api.md.
[[nodiscard]] std::string routes_markdown();

}  // namespace witan
