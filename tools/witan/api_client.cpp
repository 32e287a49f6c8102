#include "tools/witan/api_client.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "messages/base/hex.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> not_the_api(const HttpUrl& url, const std::string& why) {
  return fail(ErrorCode::malformed, url.to_string(), why + ": is this a Witan node's API?");
}

std::string text_of(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// What the node said was wrong.
Error error_of(const HttpUrl& url, const HttpReply& reply) {
  const Json json = Json::parse(reply.body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    const Json& error = json["error"];
    return {error_code_from(text_of(error, "code")), text_of(error, "field"),
            text_of(error, "text")};
  }
  return {ErrorCode::malformed, url.to_string(),
          "the answer has status " + std::to_string(reply.status) +
              " and no error of the API: is this a Witan node's API?"};
}

Result<std::string> body_of(const HttpUrl& url, Result<HttpReply> reply) {
  if (!reply) return fail(std::move(reply).error());
  if (reply->status != 200) return fail(error_of(url, *reply));
  return std::move(reply->body);
}

// The API writes 64-bit numbers as strings.
std::optional<std::uint64_t> number_of(const Json& object, const char* key) {
  const std::string text = text_of(object, key);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Json> parse_object(const HttpUrl& url, const std::string& body) {
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return not_the_api(url, "the answer is not a JSON object");
  return json;
}

}  // namespace

ErrorCode error_code_from(std::string_view name) {
#define WITAN_X(code, text) \
  if (name == #code) return ErrorCode::code;
  WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  return ErrorCode::internal;
}

Result<std::string> ApiClient::get(const std::string& path) {
  return body_of(connection_.url(), connection_.get(path));
}

Result<std::string> ApiClient::post(const std::string& path, ByteView body) {
  return body_of(connection_.url(), connection_.post(path, body));
}

Result<Hash32> ApiClient::chain_id() {
  WITAN_TRY(const std::string body, get("/api/v1/status"));
  WITAN_TRY(const Json status, parse_object(connection_.url(), body));
  return fixed_from_hex<Hash32>(text_of(status, "chainId"), "chainId");
}

Result<std::uint64_t> ApiClient::latest_height() {
  WITAN_TRY(const std::string body, get("/api/v1/status"));
  WITAN_TRY(const Json status, parse_object(connection_.url(), body));
  const auto height = number_of(status, "latestHeight");
  if (!height) return not_the_api(connection_.url(), "the status has no latestHeight");
  return *height;
}

Result<AccountState> ApiClient::account(const AccountId& id) {
  auto body = get("/api/v1/accounts/" + to_hex(id));
  if (!body && body.error().code == ErrorCode::not_found) return AccountState{};
  if (!body) return fail(std::move(body).error());
  WITAN_TRY(const Json account, parse_object(connection_.url(), *body));
  const auto balance = number_of(account, "balance");
  const auto nonce = number_of(account, "nonce");
  const auto pending = number_of(account, "pendingNonce");
  if (!balance || !nonce || !pending)
    return not_the_api(connection_.url(), "the account has no balance, nonce or pendingNonce");
  return AccountState{*balance, *nonce, *pending};
}

Result<std::string> ApiClient::submit(ByteView transaction, bool wait) {
  return post(std::string("/api/v1/transactions") + (wait ? "?wait=commit" : ""), transaction);
}

}  // namespace witan::cli
