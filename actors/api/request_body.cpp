#include "actors/api/request_body.hpp"

#include <nlohmann/json.hpp>

#include "messages/base/codec_bytes.hpp"
#include "messages/base/hex.hpp"
#include "messages/types/transaction.hpp"

namespace witan {
namespace {

constexpr std::string_view octets = "application/octet-stream";

// "application/json; charset=utf-8" -> "application/json"
std::string_view media_type(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type;
}

Result<Bytes> check_size(Bytes tx) {
  if (tx.empty()) return fail(ErrorCode::missing, "tx", "transaction is empty");
  if (tx.size() > tx_bytes_max) return fail(ErrorCode::too_large, "tx", "at most 65536 bytes");
  return tx;
}

}  // namespace

Result<Bytes> transaction_from_body(std::string_view content_type, std::string_view body) {
  const std::string_view type = media_type(content_type);
  if (type == octets) return check_size(Bytes(as_bytes(body).begin(), as_bytes(body).end()));
  if (type != "application/json")
    return fail(ErrorCode::unknown_type, "Content-Type",
                "expected application/json or application/octet-stream");
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::malformed, "body", "expected {\"tx\":\"<hex>\"}");
  const auto tx = json.find("tx");
  if (tx == json.end() || !tx->is_string())
    return fail(ErrorCode::missing, "tx", "expected the transaction's bytes in hex");
  auto bytes = from_hex(tx->get_ref<const std::string&>());
  if (!bytes) return fail(ErrorCode::malformed, "tx", bytes.error().text);
  return check_size(std::move(*bytes));
}

Result<Bytes> evidence_from_body(std::string_view content_type, std::string_view body) {
  const std::string_view type = media_type(content_type);
  Bytes out;
  if (type == octets) {
    out.assign(as_bytes(body).begin(), as_bytes(body).end());
  } else if (type == "application/json") {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object())
      return fail(ErrorCode::malformed, "body", "expected {\"evidence\":\"<hex>\"}");
    const auto field = json.find("evidence");
    if (field == json.end() || !field->is_string() || json.size() != 1)
      return fail(ErrorCode::missing, "evidence", "expected the bytes in hex");
    auto bytes = from_hex(field->get_ref<const std::string&>());
    if (!bytes) return fail(ErrorCode::malformed, "evidence", bytes.error().text);
    out = std::move(*bytes);
  } else {
    return fail(ErrorCode::unknown_type, "Content-Type",
                "expected application/json or application/octet-stream");
  }
  if (out.empty()) return fail(ErrorCode::missing, "evidence", "is empty");
  if (out.size() > evidence_body_bytes_max)
    return fail(ErrorCode::too_large, "evidence", "above its byte limit");
  return out;
}

Result<std::uint32_t> count_batch(std::string_view content_type, ByteView body) {
  if (media_type(content_type) != octets)
    return fail(ErrorCode::unknown_type, "Content-Type", "expected application/octet-stream");
  ByteReader reader(body);
  std::uint32_t count = 0;
  while (reader.left() > 0) {
    const ByteView tx = reader.prefixed(tx_bytes_max);
    const std::string field = "transactions[" + std::to_string(count) + "]";
    if (reader.failed())
      return fail(ErrorCode::malformed, field, "length is above 65536 or beyond the body");
    if (tx.empty()) return fail(ErrorCode::missing, field, "transaction is empty");
    if (++count > batch_count_max)
      return fail(ErrorCode::too_large, field, "at most 65536 transactions");
  }
  if (count == 0) return fail(ErrorCode::missing, "transactions", "batch is empty");
  return count;
}

}  // namespace witan
