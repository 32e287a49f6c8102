#include "actors/api/http_error.hpp"

#include "actors/telemetry/log.hpp"

namespace witan {

unsigned http_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::ok:
      return 200;
    case ErrorCode::malformed:
    case ErrorCode::out_of_range:
    case ErrorCode::not_canonical:
    case ErrorCode::unknown_type:
    case ErrorCode::missing:
    case ErrorCode::duplicate:
    case ErrorCode::bad_signature:
    case ErrorCode::bad_key:
    case ErrorCode::bad_address:
    case ErrorCode::bad_proof:
    case ErrorCode::wrong_chain:
    case ErrorCode::wrong_version:
    case ErrorCode::bad_nonce:
    case ErrorCode::insufficient_funds:
    case ErrorCode::fee_too_low:
    case ErrorCode::expired:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::not_allowed:
      return 403;
    case ErrorCode::pruned:
      return 410;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::busy:
    case ErrorCode::pool_full:
    case ErrorCode::unavailable:
    case ErrorCode::cancelled:
      return 503;
    case ErrorCode::timeout:
      return 504;
    default:
      return 500;
  }
}

std::string error_json(const Error& error) {
  std::string out = "{\"error\":{\"code\":";
  append_json_string(out, name_of(error.code));
  out += ",\"field\":";
  append_json_string(out, error.field);
  out += ",\"text\":";
  append_json_string(out, error.text);
  out += "}}";
  return out;
}

HttpResponse error_response(const Error& error, std::string_view route) {
  HttpResponse out;
  out.status = http_status_of(error.code);
  out.body = error_json(error);
  out.route = route;
  if (out.status == 503) out.headers.emplace_back("Retry-After", "1");
  return out;
}

}  // namespace witan
