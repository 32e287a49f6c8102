#include "messages/base/check.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace witan {
namespace {
std::atomic<CrashHook> g_crash_hook{nullptr};
}

void set_crash_hook(CrashHook hook) { g_crash_hook.store(hook); }

void check_failed(const char* expression, const char* file, int line, const std::string& operands) {
  const std::string message =
      fmt::format("CHECK failed: {} at {}:{}{}", expression, file, line, operands);
  std::fprintf(stderr, "%s\n", message.c_str());
  std::fflush(stderr);
  if (CrashHook hook = g_crash_hook.exchange(nullptr)) hook(message);
  std::abort();
}

}  // namespace witan
