// Exit codes of the node and its tools: one table, printed in docs/runbooks. A supervisor (systemd)
// restarts on io and internal; the others need an operator.
#pragma once
#include "messages/base/error_codes.hpp"

namespace witan {

// clang-format off
#define WITAN_EXIT_CODES(X)                                                                        \
  X(success,             0,  "clean shutdown, or the halt height was reached")                     \
  X(request,             1,  "a client command: the node is not reachable or refused the request")    \
  X(usage,               64, "command line is wrong")                                              \
  X(config,              65, "configuration is invalid")                                           \
  X(genesis,             66, "genesis file is invalid or differs from the stored chain")           \
  X(invariant,           70, "a consensus invariant or internal check failed")                     \
  X(storage_io,          71, "a read, write or sync failed; nothing was sent after it")            \
  X(sign_state,          72, "sign-state refuses to sign or cannot be trusted")                    \
  X(wal_damaged,         73, "the write-ahead log is damaged before its tail")                     \
  X(state_root_mismatch, 74, "recomputed state root differs from the recorded one")                \
  X(upgrade_height,      75, "upgrade height reached: start the next version")                     \
  X(supervision,         76, "a supervisor at the root used up its restart budget")                \
  X(locked,              77, "another process uses this data directory")                           \
  X(watchdog,            78, "a handler was stuck past the watchdog's hard limit")                 \
  X(forced_stop,         79, "an actor did not stop in time and the process was ended")            \
  X(light_attack,        80, "light client: the chain was attacked; evidence was written")
// clang-format on

enum class ExitCode : std::uint8_t {
#define WITAN_X(name, number, text) name = number,
  WITAN_EXIT_CODES(WITAN_X)
#undef WITAN_X
};

[[nodiscard]] constexpr std::string_view name_of(ExitCode code) {
  switch (code) {
#define WITAN_X(name, number, text) \
  case ExitCode::name:              \
    return #name;
    WITAN_EXIT_CODES(WITAN_X)
#undef WITAN_X
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view meaning_of(ExitCode code) {
  switch (code) {
#define WITAN_X(name, number, text) \
  case ExitCode::name:              \
    return text;
    WITAN_EXIT_CODES(WITAN_X)
#undef WITAN_X
  }
  return "unknown";
}

// The exit code of a process that ends because of this error. A damaged WAL ends with wal_damaged;
// who opens the WAL says so, because `corrupt` alone may be any file.
[[nodiscard]] constexpr ExitCode exit_code_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::ok:
    case ErrorCode::cancelled:
      return ExitCode::success;
    case ErrorCode::usage:
    case ErrorCode::bad_rule:
      return ExitCode::usage;
    case ErrorCode::config:
    case ErrorCode::bad_key:
    case ErrorCode::bad_address:
    case ErrorCode::decrypt_failed:
      return ExitCode::config;
    case ErrorCode::genesis:
    case ErrorCode::wrong_chain:
      return ExitCode::genesis;
    case ErrorCode::io:
    case ErrorCode::no_space:
    case ErrorCode::corrupt:
    case ErrorCode::wrong_version:  // of a file: written by another release
    case ErrorCode::not_found:
    case ErrorCode::pruned:
      return ExitCode::storage_io;
    case ErrorCode::sign_refused:
    case ErrorCode::sign_regression:
    case ErrorCode::sign_locked:
    case ErrorCode::sign_fenced:
    case ErrorCode::sign_conflict:
    case ErrorCode::sign_state_missing:
    case ErrorCode::sign_state_older:
    case ErrorCode::sign_state_foreign:
      return ExitCode::sign_state;
    case ErrorCode::wal_damaged:
      return ExitCode::wal_damaged;
    case ErrorCode::state_root_mismatch:
      return ExitCode::state_root_mismatch;
    case ErrorCode::locked:
      return ExitCode::locked;
    case ErrorCode::conflicting_header:
      return ExitCode::light_attack;
    default:
      return ExitCode::invariant;
  }
}

}  // namespace witan
