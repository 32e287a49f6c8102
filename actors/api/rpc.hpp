// CometBFT's JSON-RPC as a second face of the same requests: parsing of calls and shaping of
// results. Pure (no sockets, no actors); nlohmann::json is included in rpc.cpp only.
// Source: CometBFT rpc/core/routes.go (consensus.md §7.2); JSON-RPC 2.0.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/schema/api.capnp.h"

namespace witan::rpc {

inline constexpr std::size_t batch_calls_max = 20;

struct Health {};
struct NodeInfo {};
struct NetInfo {};
struct BlockAt {
  std::uint64_t height = 0;  // 0: the last one
  bool commit_only = false;  // `commit` instead of `block`
};
struct ValidatorsAt {
  std::uint64_t height = 0;
  std::uint32_t page = 1;
  std::uint32_t per_page = 30;  // at most 100
};
struct BroadcastTx {
  Bytes tx;
  bool commit = false;
};
struct BroadcastEvidence {
  Bytes evidence;
};
struct AccountQuery {  // abci_query with path "/account"
  Bytes key;
  bool prove = false;
};
using Method = std::variant<Health, NodeInfo, NetInfo, BlockAt, ValidatorsAt, BroadcastTx,
                            BroadcastEvidence, AccountQuery>;

struct Call {
  std::string id = "null";  // as JSON text
  // The method, or the finished error response.
  tl::expected<Method, std::string> method;
};
struct Batch {
  bool is_array = false;
  std::vector<Call> calls;
};

// Any bytes; never fails: what cannot be understood becomes a call that holds its error response.
[[nodiscard]] Batch parse_post(std::string_view body);
// GET /name?key=value: numbers plain or quoted, bytes as 0x-hex or a quoted string.
[[nodiscard]] Call parse_get(std::string_view name,
                             const std::map<std::string, std::string, std::less<>>& query);

// Whole responses: {"jsonrpc":"2.0","id":...,"result"|"error":...}.
[[nodiscard]] std::string result_response(const std::string& id, const std::string& result);
[[nodiscard]] std::string error_response(const std::string& id, const Error& error);

// Results in CometBFT's shapes.
[[nodiscard]] std::string shape(schema::NodeStatus::Reader status);
[[nodiscard]] std::string shape(schema::PeersView::Reader peers);
[[nodiscard]] std::string shape(schema::BlockView::Reader block, const BlockAt& asked);
[[nodiscard]] std::string shape(schema::ValidatorsView::Reader set, const ValidatorsAt& asked);
[[nodiscard]] std::string shape(schema::SubmitResult::Reader result, bool commit);
[[nodiscard]] std::string shape(schema::SubmitEvidenceResult::Reader result);
[[nodiscard]] std::string shape(schema::AccountView::Reader account, const std::string& json);

}  // namespace witan::rpc
