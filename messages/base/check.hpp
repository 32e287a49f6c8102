// WITAN_CHECK: invariants of our own logic. Always on; prints the operands, calls the crash hook
// (state dump, log flush) and aborts. Never used on bytes that came from a peer, a user or a disk.
#pragma once
#include <fmt/format.h>

#include <string>

namespace witan {

// Called once with the message before abort(). Installed by the node to flush logs and dump state.
using CrashHook = void (*)(const std::string& message);
void set_crash_hook(CrashHook hook);
[[noreturn]] void check_failed(const char* expression, const char* file, int line,
                               const std::string& operands);

namespace detail {
template <class... Args>
std::string describe(const Args&... args) {
  std::string out;
  ((out += fmt::format(" {}", args)), ...);
  return out;
}
}  // namespace detail
}  // namespace witan

// WITAN_CHECK(power <= total, power, total);
#define WITAN_CHECK(condition, ...)                                  \
  do {                                                               \
    if (!(condition)) [[unlikely]]                                   \
      ::witan::check_failed(#condition, __FILE__, __LINE__,          \
                            ::witan::detail::describe(__VA_ARGS__)); \
  } while (false)
#define WITAN_UNREACHABLE(text) ::witan::check_failed("unreachable", __FILE__, __LINE__, text)
