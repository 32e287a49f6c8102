#include "actors/api/rpc.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "actors/api/json.hpp"
#include "messages/base/hex.hpp"
#include "messages/types/block.hpp"
#include "messages/wire/peer_wire.hpp"

namespace witan::rpc {
namespace {

using Json = nlohmann::json;

constexpr int parse_error = -32700;
constexpr int invalid_request = -32600;
constexpr int unknown_method = -32601;
constexpr int invalid_params = -32602;
constexpr int internal_error = -32603;
constexpr int server_error = -32000;

std::string failure(const std::string& id, int code, std::string_view message,
                    const std::string& data) {
  const Json error{{"code", code}, {"message", message}, {"data", data}};
  const auto text = error.dump(-1, ' ', false, Json::error_handler_t::replace);
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":)" + text + "}";
}

// Parameters of one call, looked up by name or by position, with the errors of both syntaxes.
class Params {
 public:
  Params(Json values, bool from_uri) : values_(std::move(values)), from_uri_(from_uri) {}

  [[nodiscard]] const Json* find(const char* name, std::size_t position) const {
    if (values_.is_object()) {
      const auto it = values_.find(name);
      return it == values_.end() || it->is_null() ? nullptr : &*it;
    }
    if (!values_.is_array() || position >= values_.size()) return nullptr;
    return values_[position].is_null() ? nullptr : &values_[position];
  }

  [[nodiscard]] Result<std::uint64_t> number(const char* name, std::size_t position,
                                             std::uint64_t fallback) const {
    const Json* v = find(name, position);
    if (v == nullptr) return fallback;
    if (v->is_number_unsigned()) return v->get<std::uint64_t>();
    if (!v->is_string()) return fail(ErrorCode::malformed, name, "expected a number");
    const std::string text = unquoted(v->get<std::string>());
    if (text.empty() && from_uri_) return fallback;
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size())
      return fail(ErrorCode::malformed, name, "expected a number");
    return out;
  }

  [[nodiscard]] Result<bool> flag(const char* name, std::size_t position) const {
    const Json* v = find(name, position);
    if (v == nullptr) return false;
    if (v->is_boolean()) return v->get<bool>();
    if (*v == "true" || *v == "1") return true;
    if (*v == "false" || *v == "0") return false;
    return fail(ErrorCode::malformed, name, "expected true or false");
  }

  // In a URI: 0x-hex, or a quoted string that stands for its own bytes. In a body: base64 or hex.
  [[nodiscard]] Result<Bytes> bytes(const char* name, std::size_t position, bool base64) const;
  [[nodiscard]] std::string text(const char* name, std::size_t position) const {
    const Json* v = find(name, position);
    return v != nullptr && v->is_string() ? unquoted(v->get<std::string>()) : "";
  }

 private:
  [[nodiscard]] static bool is_quoted(const std::string& s) {
    return s.size() >= 2 && s.front() == '"' && s.back() == '"';
  }
  [[nodiscard]] std::string unquoted(const std::string& s) const {
    return from_uri_ && is_quoted(s) ? s.substr(1, s.size() - 2) : s;
  }
  Json values_;
  bool from_uri_;
};

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(ByteView in) {
  std::string out;
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < in.size() ? in[i + k] : std::uint8_t{0});
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k < in.size() + 1 ? base64_digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

// RFC 4648 §4 with padding, and only its canonical form.
Result<Bytes> from_base64(const char* field, std::string_view text) {
  Bytes out;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t padding = text.size() - std::min(text.size(), text.find('='));
    const std::size_t digit = base64_digits.find(text[i]);
    if (text[i] != '=' && digit == std::string_view::npos)
      return fail(ErrorCode::malformed, field, "expected base64");
    if (text[i] == '=' && (padding > 2 || i + padding < text.size()))
      return fail(ErrorCode::malformed, field, "expected base64");
    group = group << 6 | (text[i] == '=' ? 0 : static_cast<std::uint32_t>(digit));
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(group >> shift));
    group = 0;
    if (i + 1 == text.size()) out.resize(out.size() - padding);
  }
  if (text.size() % 4 != 0 || to_base64(out) != text)
    return fail(ErrorCode::malformed, field, "expected base64");
  return out;
}

Result<Bytes> Params::bytes(const char* name, std::size_t position, bool base64) const {
  const Json* v = find(name, position);
  if (v == nullptr || !v->is_string()) return fail(ErrorCode::missing, name, "is required");
  const auto& text = v->get_ref<const std::string&>();
  if (from_uri_ && is_quoted(text)) {
    const ByteView raw = as_bytes(std::string_view(text).substr(1, text.size() - 2));
    return Bytes(raw.begin(), raw.end());
  }
  if (!from_uri_ && base64) return from_base64(name, text);
  auto out = from_hex(text.starts_with("0x") ? std::string_view(text).substr(2) : text);
  if (!out) return fail(ErrorCode::malformed, name, out.error().text);
  return out;
}

Result<Method> validators_method(const Params& p) {
  ValidatorsAt out;
  WITAN_TRY(out.height, p.number("height", 0, 0));
  WITAN_TRY(const std::uint64_t page, p.number("page", 1, 1));
  WITAN_TRY(const std::uint64_t per_page, p.number("per_page", 2, 30));
  if (page < 1 || page > 1'000'000) return fail(ErrorCode::out_of_range, "page", "from 1 on");
  if (per_page < 1) return fail(ErrorCode::out_of_range, "per_page", "1 to 100");
  out.page = static_cast<std::uint32_t>(page);
  out.per_page = static_cast<std::uint32_t>(std::min<std::uint64_t>(per_page, 100));
  return Method(out);
}

Result<Method> account_method(const Params& p) {
  if (p.text("path", 0) != "/account")
    return fail(ErrorCode::not_found, "path", "the only path is \"/account\"");
  AccountQuery out;
  WITAN_TRY(out.key, p.bytes("data", 1, false));
  if (out.key.size() != 32) return fail(ErrorCode::out_of_range, "data", "expected 32 bytes");
  WITAN_TRY(out.prove, p.flag("prove", 3));
  return Method(out);
}

bool is_method(std::string_view name) {
  constexpr std::string_view names[] = {"health",
                                        "status",
                                        "net_info",
                                        "block",
                                        "commit",
                                        "validators",
                                        "abci_query",
                                        "broadcast_tx_sync",
                                        "broadcast_tx_commit",
                                        "broadcast_evidence"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Result<Method> method_from(std::string_view name, const Params& p) {
  if (name == "health") return Method(Health{});
  if (name == "status") return Method(NodeInfo{});
  if (name == "net_info") return Method(NetInfo{});
  if (name == "validators") return validators_method(p);
  if (name == "abci_query") return account_method(p);
  if (name == "block" || name == "commit") {
    WITAN_TRY(const std::uint64_t height, p.number("height", 0, 0));
    return Method(BlockAt{height, name == "commit"});
  }
  if (name == "broadcast_evidence") {
    WITAN_TRY(Bytes evidence, p.bytes("evidence", 0, true));
    return Method(BroadcastEvidence{std::move(evidence)});
  }
  WITAN_TRY(Bytes tx, p.bytes("tx", 0, true));
  return Method(BroadcastTx{std::move(tx), name == "broadcast_tx_commit"});
}

Call make_call(std::string id, std::string_view name, const Params& params) {
  if (!is_method(name))
    return {id, tl::make_unexpected(
                    failure(id, unknown_method, "Method not found", std::string(name)))};
  auto method = method_from(name, params);
  if (!method) {
    return {id, tl::make_unexpected(
                    failure(id, invalid_params, "Invalid params", method.error().to_string()))};
  }
  return {std::move(id), std::move(*method)};
}

Call call_from(const Json& json) {
  const auto bad = [](const char* why) {
    return Call{"null",
                tl::make_unexpected(failure("null", invalid_request, "Invalid Request", why))};
  };
  if (!json.is_object()) return bad("expected an object");
  const auto id = json.find("id");
  if (id != json.end() && !id->is_null() && !id->is_string() && !id->is_number())
    return bad("id must be text, a number or null");
  const std::string id_text =
      id == json.end() ? "null" : id->dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto method = json.find("method");
  if (json.value("jsonrpc", Json()) != "2.0" || method == json.end() || !method->is_string())
    return bad("expected \"jsonrpc\":\"2.0\" and a method");
  return make_call(id_text, method->get<std::string>(),
                   Params(json.value("params", Json()), false));
}

std::string hex_upper(capnp::Data::Reader data) {
  std::string out = to_hex(ByteView(data.begin(), data.size()));
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  return out;
}
std::string base64_of(capnp::Data::Reader data) {
  return to_base64(ByteView(data.begin(), data.size()));
}
template <class Number>
std::string decimal(Number n) {
  return std::to_string(n);
}
std::string text_of(capnp::Text::Reader t) { return {t.cStr(), t.size()}; }
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json public_key(capnp::Data::Reader key) {
  return {{"type", "witan/PubKeySchnorr"}, {"value", base64_of(key)}};
}

Json block_id(capnp::Data::Reader id) {
  return {{"hash", hex_upper(id)}, {"parts", {{"total", 1}, {"hash", hex_upper(id)}}}};
}

Json header_json(schema::HeaderView::Reader h) {
  return {{"version", {{"block", decimal(h.getVersion())}, {"app", decimal(h.getRulesVersion())}}},
          {"chain_id", hex_upper(h.getChainId())},
          {"height", decimal(h.getHeight())},
          {"time", text_of(h.getTime())},
          {"last_block_id", block_id(h.getPrevBlockId())},
          {"last_commit_hash", hex_upper(h.getPrevCommitHash())},
          {"data_hash", hex_upper(h.getTxRoot())},
          {"validators_hash", hex_upper(h.getValidatorsHash())},
          {"next_validators_hash", hex_upper(h.getNextValidatorsHash())},
          {"app_hash", hex_upper(h.getStateRoot())},
          {"evidence_hash", hex_upper(h.getEvidenceRoot())},
          {"proposer_address", hex_upper(h.getProposer())}};
}

// As in CometBFT: one entry for each validator, at its place in the set. Our votes carry no clock,
// so that every signature has the time of the block it signs.
Json commit_json(schema::CommitView::Reader commit) {
  const Json absent{{"block_id_flag", 1},
                    {"validator_address", ""},
                    {"timestamp", "0001-01-01T00:00:00Z"},
                    {"signature", nullptr}};
  std::vector<Json> signatures(commit.getValidators(), absent);
  for (const auto s : commit.getSigners()) {
    if (s.getIndex() >= signatures.size()) continue;  // of a set this node does not have
    signatures[s.getIndex()] = {{"block_id_flag", s.getBlockIdFlag()},
                                {"validator_address", hex_upper(s.getValidator())},
                                {"timestamp", text_of(commit.getTime())},
                                {"signature", base64_of(s.getSignature())}};
  }
  return {{"height", decimal(commit.getHeight())},
          {"round", commit.getRound()},
          {"block_id", block_id(commit.getBlockId())},
          {"signatures", std::move(signatures)}};
}

// What the first block has: nothing was decided before it.
Json no_commit_json() {
  return {{"height", "0"},
          {"round", 0},
          {"block_id", {{"hash", ""}, {"parts", {{"total", 0}, {"hash", ""}}}}},
          {"signatures", Json::array()}};
}

}  // namespace

Batch parse_post(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  Batch out;
  out.is_array = json.is_array();
  if (json.is_discarded()) {
    out.calls.push_back({"null", tl::make_unexpected(failure("null", parse_error, "Parse error",
                                                             "body is not JSON"))});
  } else if (json.is_array() && (json.empty() || json.size() > batch_calls_max)) {
    out.is_array = false;
    out.calls.push_back(
        {"null", tl::make_unexpected(failure("null", invalid_request, "Invalid Request",
                                             "a batch holds 1 to 20 calls"))});
  } else if (json.is_array()) {
    for (const Json& item : json) out.calls.push_back(call_from(item));
  } else {
    out.calls.push_back(call_from(json));
  }
  return out;
}

Call parse_get(std::string_view name,
               const std::map<std::string, std::string, std::less<>>& query) {
  Json params = Json::object();
  for (const auto& [key, value] : query) params[key] = value;
  return make_call("-1", name, Params(std::move(params), true));
}

std::string result_response(const std::string& id, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + result + "}";
}

std::string error_response(const std::string& id, const Error& error) {
  const bool ours = error.code == ErrorCode::internal;
  return failure(id, ours ? internal_error : server_error, ours ? "Internal error" : "Server error",
                 error.to_string());
}

std::string shape(schema::NodeStatus::Reader s) {
  const Json versions{{"p2p", std::to_string(peer_protocol_version)},
                      {"block", std::to_string(block_protocol_version)},
                      {"app", "1"}};
  const Json node{{"protocol_version", versions},
                  {"id", hex_upper(s.getNodeId())},
                  {"listen_addr", text_of(s.getListenAddress())},
                  {"network", text_of(s.getChainName())},
                  {"version", text_of(s.getVersion())},
                  {"channels", ""},
                  {"moniker", text_of(s.getMoniker())},
                  {"other", {{"tx_index", "on"}, {"rpc_address", text_of(s.getApiAddress())}}}};
  const Json sync{{"latest_block_hash", hex_upper(s.getLatestBlockId())},
                  {"latest_app_hash", hex_upper(s.getLatestStateRoot())},
                  {"latest_block_height", decimal(s.getLatestHeight())},
                  {"latest_block_time", text_of(s.getLatestBlockTime())},
                  {"earliest_block_height", decimal(s.getEarliestHeight())},
                  {"catching_up", s.getCatchingUp()}};
  const Json validator{{"address", hex_upper(s.getValidatorKey())},
                       {"pub_key", public_key(s.getValidatorKey())},
                       {"voting_power", decimal(s.getValidatorPower())}};
  return dump({{"node_info", node}, {"sync_info", sync}, {"validator_info", validator}});
}

std::string shape(schema::PeersView::Reader peers) {
  Json list = Json::array();
  for (const auto p : peers.getPeers())
    list.push_back(
        {{"node_info",
          {{"id", hex_upper(p.getNodeId())},
           {"moniker", text_of(p.getMoniker())},
           {"listen_addr", text_of(p.getAddress())}}},
         {"is_outbound", p.getOutbound()},
         {"connection_status", {{"Duration", decimal(p.getConnectedSeconds() * 1'000'000'000)}}},
         {"remote_ip", text_of(p.getAddress())}});
  return dump({{"listening", peers.getListening()},
               {"listeners", Json::array({text_of(peers.getListenAddress())})},
               {"n_peers", decimal(peers.getPeers().size())},
               {"peers", std::move(list)}});
}

std::string shape(schema::BlockView::Reader block, const BlockAt& asked) {
  if (asked.commit_only)
    return dump(
        {{"signed_header",
          {{"header", header_json(block.getHeader())}, {"commit", commit_json(block.getCommit())}}},
         {"canonical", true}});
  Json txs = Json::array();
  for (const auto tx : block.getTransactions()) txs.push_back(base64_of(tx));
  Json evidence = Json::array();
  for (const auto item : block.getEvidence()) evidence.push_back(base64_of(item));
  return dump({{"block_id", block_id(block.getHeader().getId())},
               {"block",
                {{"header", header_json(block.getHeader())},
                 {"data", {{"txs", std::move(txs)}}},
                 {"evidence", {{"evidence", std::move(evidence)}}},
                 {"last_commit", block.hasLastCommit() ? commit_json(block.getLastCommit())
                                                       : no_commit_json()}}}});
}

std::string shape(schema::ValidatorsView::Reader set, const ValidatorsAt& asked) {
  const auto all = set.getValidators();
  const std::uint64_t first = std::uint64_t{asked.page - 1} * asked.per_page;
  Json list = Json::array();
  for (std::uint64_t i = first; i < all.size() && i < first + asked.per_page; ++i) {
    const auto v = all[static_cast<unsigned>(i)];
    list.push_back({{"address", hex_upper(v.getKey())},
                    {"pub_key", public_key(v.getKey())},
                    {"voting_power", decimal(v.getPower())},
                    {"proposer_priority", "0"}});
  }
  const std::string count = decimal(list.size());
  return dump({{"block_height", decimal(set.getHeight())},
               {"validators", std::move(list)},
               {"count", count},
               {"total", decimal(all.size())}});
}

std::string shape(schema::SubmitResult::Reader r, bool commit) {
  const bool in_block = r.getHeight() > 0;
  const auto outcome = [&](bool mine) {
    const bool good = !mine || text_of(r.getCode()) == "ok";
    return Json{{"code", good ? 0 : 1},
                {"data", ""},
                {"log", good ? "" : text_of(r.getText())},
                {"codespace", good ? "" : text_of(r.getCode())}};
  };
  if (!commit) {
    Json out = outcome(true);
    out["hash"] = hex_upper(r.getTxId());
    return dump(out);
  }
  return dump({{"check_tx", outcome(!in_block)},
               {"tx_result", outcome(in_block)},
               {"hash", hex_upper(r.getTxId())},
               {"height", decimal(r.getHeight())}});
}

std::string shape(schema::SubmitEvidenceResult::Reader r) {
  return dump({{"hash", r.getHashes().size() > 0 ? hex_upper(r.getHashes()[0]) : ""}});
}

std::string shape(schema::AccountView::Reader account, const std::string& json) {
  return dump({{"response",
                {{"code", account.getExists() ? 0 : 1},
                 {"log", account.getExists() ? "exists" : "does not exist"},
                 {"info", ""},
                 {"index", "0"},
                 {"key", base64_of(account.getKey())},
                 {"value", to_base64(as_bytes(json))},
                 {"proofOps", nullptr},
                 {"height", decimal(account.getHeight())},
                 {"codespace", ""}}}});
}

}  // namespace witan::rpc
