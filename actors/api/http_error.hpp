// Errors as HTTP: one status per error code, one JSON form.
#pragma once
#include <string>

#include "actors/api/http_server.hpp"
#include "messages/base/result.hpp"

namespace witan {

// RFC 9110 status of an error code; 500 for codes that a client cannot have caused.
[[nodiscard]] unsigned http_status_of(ErrorCode code);
// {"error":{"code":"...","field":"...","text":"..."}}; always valid JSON.
[[nodiscard]] std::string error_json(const Error& error);
// With Allow (405), Retry-After (429, 503) where they apply.
[[nodiscard]] HttpResponse error_response(const Error& error, std::string_view route = "none");

}  // namespace witan
