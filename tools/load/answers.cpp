#include "tools/load/answers.hpp"

#include <nlohmann/json.hpp>

#include "messages/base/hex.hpp"

namespace witan::loadgen {
namespace {

using Json = nlohmann::json;

Result<Json> parse_object(const std::string& text) {
  Json out = Json::parse(text, nullptr, false);
  if (!out.is_object()) return fail(ErrorCode::malformed, "answer", "is no JSON object");
  return out;
}

// 64-bit numbers are strings in this API, 32-bit ones are numbers.
Result<std::uint64_t> number(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at != object.end() && at->is_number_unsigned()) return at->get<std::uint64_t>();
  if (at != object.end() && at->is_string()) {
    const auto& text = at->get_ref<const std::string&>();
    if (!text.empty() && text.size() <= 20 &&
        text.find_first_not_of("0123456789") == std::string::npos)
      return std::strtoull(text.c_str(), nullptr, 10);
  }
  return fail(ErrorCode::malformed, name, "is no number in the answer");
}

std::string error_code(const std::string& json, unsigned status) {
  const Json body = Json::parse(json, nullptr, false);
  if (body.is_object() && body.contains("error") && body["error"].is_object())
    return body["error"].value("code", "http_" + std::to_string(status));
  return "http_" + std::to_string(status);
}

}  // namespace

Result<StatusAnswer> parse_status(const std::string& json) {
  WITAN_TRY(const Json body, parse_object(json));
  const auto chain = body.find("chainId");
  if (chain == body.end() || !chain->is_string())
    return fail(ErrorCode::malformed, "chainId", "is missing in the answer");
  StatusAnswer out;
  WITAN_TRY(out.chain_id, fixed_from_hex<ChainId>(chain->get<std::string>(), "chainId"));
  WITAN_TRY(out.latest_height, number(body, "latestHeight"));
  return out;
}

Result<std::uint64_t> parse_account_nonce(const std::string& json) {
  WITAN_TRY(const Json body, parse_object(json));
  return number(body, "nonce");
}

BatchAnswer parse_batch_answer(unsigned status, const std::string& json, std::uint64_t sent) {
  BatchAnswer out;
  if (status != 200) {
    out.errors[error_code(json, status)] = sent;
    out.retry_later = status == 429 || status == 503;
    return out;
  }
  const auto body = parse_object(json);
  const auto accepted = body ? number(*body, "accepted") : Result<std::uint64_t>(0);
  const auto rejected = body ? number(*body, "rejected") : Result<std::uint64_t>(0);
  const auto committed = body ? number(*body, "committed") : Result<std::uint64_t>(0);
  if (!accepted || !rejected || !committed || *accepted + *rejected != sent ||
      *committed > *accepted) {
    out.errors["malformed"] = sent;
    return out;
  }
  out.committed = *committed;
  if (*accepted > *committed) out.errors["not_committed"] = *accepted - *committed;
  std::uint64_t left = *rejected;
  const auto failures = body->find("failures");
  if (failures != body->end() && failures->is_array())
    for (const Json& failure : *failures)
      if (left > 0 && failure.is_object()) {
        const std::string code = failure.value("code", "malformed");
        ++out.errors[code];
        out.retry_later = out.retry_later || code == "pool_full" || code == "busy";
        --left;
      }
  if (left > 0) out.errors["not_listed"] = left;
  return out;
}

}  // namespace witan::loadgen
