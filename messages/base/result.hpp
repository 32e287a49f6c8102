// Result<T>: what can happen (bad input, full disk, refused signature) is a value, not an
// exception.
#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "messages/base/error_codes.hpp"

namespace witan {

// `field` names the offending field, flag, file or key ("header.height", "--rate",
// "config.toml:7:3"); `text` says what is wrong and, for operators, what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string field;
  std::string text;

  [[nodiscard]] std::string to_string() const {
    std::string out{name_of(code)};
    if (!field.empty()) out += " (" + field + ")";
    if (!text.empty()) out += ": " + text;
    return out;
  }
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string field,
                                                std::string text = {}) {
  return tl::make_unexpected(Error{code, std::move(field), std::move(text)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::make_unexpected(std::move(error));
}

}  // namespace witan

// Propagate an error: WITAN_TRY(auto x, f()); / WITAN_TRY_VOID(g());
#define WITAN_CONCAT_(a, b) a##b
#define WITAN_CONCAT(a, b) WITAN_CONCAT_(a, b)
#define WITAN_TRY_IMPL_(tmp, decl, expr)                          \
  auto tmp = (expr);                                              \
  if (!tmp) return ::tl::make_unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)
#define WITAN_TRY(decl, expr) WITAN_TRY_IMPL_(WITAN_CONCAT(witan_try_, __COUNTER__), decl, expr)
#define WITAN_TRY_VOID(expr)                                                                  \
  do {                                                                                        \
    auto witan_try_status = (expr);                                                           \
    if (!witan_try_status) return ::tl::make_unexpected(std::move(witan_try_status).error()); \
  } while (false)
