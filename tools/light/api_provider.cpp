#include "tools/light/api_provider.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "messages/base/hex.hpp"

namespace witan::light {
namespace {

using Json = nlohmann::json;

Result<Json> object_of(const std::string& body) {
  Json out = Json::parse(body, nullptr, false);
  if (!out.is_object()) return fail(ErrorCode::malformed, "reply", "not a JSON object");
  return out;
}

Result<std::string> text_of(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string())
    return fail(ErrorCode::malformed, std::string("reply.") + key, "absent");
  return it->get<std::string>();
}

Result<Bytes> bytes_of(const Json& object, const char* key) {
  WITAN_TRY(const std::string text, text_of(object, key));
  auto out = from_hex(text);
  if (!out) return fail(ErrorCode::malformed, std::string("reply.") + key, "not hex");
  return out;
}

Result<std::uint64_t> number_of(const Json& object, const char* key) {
  WITAN_TRY(const std::string text, text_of(object, key));
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return fail(ErrorCode::malformed, std::string("reply.") + key, "not a number");
  return out;
}

std::string path_of(Height height) {
  return "/api/v1/light/" + (height.get() == 0 ? "latest" : std::to_string(height.get()));
}

}  // namespace

ApiProvider::ApiProvider(web::HttpUrl url, Duration timeout)
    : name_(url.to_string()), api_(std::move(url), timeout) {}

Result<LightBlock> ApiProvider::at(Height height) {
  WITAN_TRY(const std::string body, api_.get(path_of(height)));
  WITAN_TRY(const Json view, object_of(body));
  WITAN_TRY(const Bytes bytes, bytes_of(view, "bytes"));
  return decode_light_block(bytes);
}

Result<std::size_t> ApiProvider::report(ByteView attack) {
  WITAN_TRY(const std::string body, api_.post("/api/v1/evidence?attack=1", attack));
  WITAN_TRY(const Json view, object_of(body));
  const auto hashes = view.find("hashes");
  if (hashes == view.end() || !hashes->is_array())
    return fail(ErrorCode::malformed, "reply.hashes", "absent");
  return hashes->size();
}

Result<Bytes> ApiProvider::block_bytes(Height height) {
  WITAN_TRY(const std::string body, api_.get(path_of(height) + "?txs=1"));
  WITAN_TRY(const Json view, object_of(body));
  return bytes_of(view, "block");
}

Result<AccountClaim> ApiProvider::account(const AccountId& id) {
  WITAN_TRY(const std::string body, api_.get("/api/v1/accounts/" + to_hex(id) + "?prove=1"));
  WITAN_TRY(const Json view, object_of(body));
  AccountClaim out;
  WITAN_TRY(const std::uint64_t height, number_of(view, "height"));
  out.height = Height(height);
  WITAN_TRY(out.balance, number_of(view, "balance"));
  WITAN_TRY(out.nonce, number_of(view, "nonce"));
  WITAN_TRY(out.proof, bytes_of(view, "proof"));
  const auto exists = view.find("exists");
  out.exists = exists != view.end() && exists->is_boolean() && exists->get<bool>();
  return out;
}

}  // namespace witan::light
