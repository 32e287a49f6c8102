// The node's log: one line per event, as JSON or text, written by a background thread.
//
// Contract: log_event() never blocks on a disk or a terminal and never throws. The queue is
// bounded; when it is full the oldest line is dropped and counted (dropped()). A disabled event
// costs one relaxed load. Every method is thread-safe. A JSON line:
// {"ts":"2026-01-02T03:04:05.678901234Z","level":"info","event":"decided",
//               "module":"consensus","height":7,...}; fields keep the order of the call.
// Secrets: LogValue is constructible only from numbers, text and *public* fixed-size types. A key
// type, a byte vector or a pointer does not compile.
#pragma once
#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "actors/telemetry/events.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/error_codes.hpp"
#include "messages/base/result.hpp"
#include "messages/base/strong.hpp"
#include "messages/base/time.hpp"
#include "messages/types/height.hpp"

namespace witan {

// A borrowed field value: lives as long as the full expression that logs it.
class LogValue {
 public:
  enum class Kind : std::uint8_t { signed_int, unsigned_int, boolean, real, text, hex };

  template <std::signed_integral T>
  LogValue(T v) : kind_(Kind::signed_int), signed_(v) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogValue(T v) : kind_(Kind::unsigned_int), unsigned_(v) {}
  LogValue(bool v) : kind_(Kind::boolean), boolean_(v) {}
  LogValue(double v) : kind_(Kind::real), real_(v) {}
  LogValue(const char* v) : kind_(Kind::text), text_(v) {}
  LogValue(std::string_view v) : kind_(Kind::text), text_(v) {}
  LogValue(const std::string& v) : kind_(Kind::text), text_(v) {}
  LogValue(ErrorCode v) : kind_(Kind::text), text_(name_of(v)) {}
  LogValue(Step v) : kind_(Kind::text), text_(name_of(v)) {}
  LogValue(VoteType v) : kind_(Kind::text), text_(name_of(v)) {}
  LogValue(Round v) : kind_(Kind::signed_int), signed_(v.get()) {}
  template <class Tag, std::unsigned_integral Rep>
  LogValue(Strong<Tag, Rep> v) : kind_(Kind::unsigned_int), unsigned_(v.get()) {}
  // Public bytes, printed as hex. Only these: a 32-byte secret has another tag.
  LogValue(const Hash32& v) : kind_(Kind::hex), text_(as_text(v.view())) {}
  LogValue(const PublicKey& v) : kind_(Kind::hex), text_(as_text(v.view())) {}
  LogValue(const Signature& v) : kind_(Kind::hex), text_(as_text(v.view())) {}
  LogValue(const NodeId& v) : kind_(Kind::hex), text_(as_text(v.view())) {}
  // Everything else is refused: keys, byte vectors, pointers, and types that convert to them.
  template <class T>
  requires(!std::integral<T>) LogValue(const T&)
  = delete;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::int64_t as_signed() const { return signed_; }
  [[nodiscard]] std::uint64_t as_unsigned() const { return unsigned_; }
  [[nodiscard]] bool as_boolean() const { return boolean_; }
  [[nodiscard]] double as_real() const { return real_; }
  [[nodiscard]] std::string_view as_raw_text() const { return text_; }

 private:
  Kind kind_;
  union {
    std::int64_t signed_;
    std::uint64_t unsigned_;
    bool boolean_;
    double real_;
    std::string_view text_;
  };
};

struct LogField {
  std::string_view name;  // [a-z_]+; not ts, level, event or module
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

enum class LogFormat : std::uint8_t { json, text };

struct LogOptions {
  std::string levels = "info";  // "info" or "consensus:debug,peers:trace,*:warn"
  LogFormat format = LogFormat::json;
  std::string path;  // empty: stderr
  std::size_t queue_lines = 8192;
  bool async = true;             // false: write in the calling thread (simulation, tools)
  bool journald_prefix = false;  // "<6>" before each line, read by systemd
  // When set, lines go here instead of a file; called by the writing thread, without newline.
  std::function<void(std::string_view)> capture;
};

class Logger {
 public:
  // `clock` stamps the lines and must outlive the logger. Errors: config (levels), io (file).
  static Result<std::unique_ptr<Logger>> open(LogOptions options, const Clock& clock);
  // Writes out what is queued.
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  [[nodiscard]] bool enabled(Event e) const {
    const EventInfo& info = info_of(e);
    return static_cast<std::uint8_t>(info.level) >=
           levels_[static_cast<std::size_t>(info.module)].load(std::memory_order_relaxed);
  }
  void write(Event e, LogFields fields);

  // "debug" for all, or "module:level" items where `*` means the modules not named.
  // Errors: config; nothing changes then.
  Status set_levels(std::string_view spec);
  // Waits until every line queued so far is written, at most `limit`. False: gave up.
  bool flush(Duration limit = Duration::from_s(2));
  // Lines lost because the queue was full.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Impl;
  Logger(std::unique_ptr<Impl> impl);
  std::atomic<std::uint8_t> levels_[log_module_count];
  std::unique_ptr<Impl> impl_;
};

// log_event(log, Event::decided, {{"height", height}, {"round", round}});
inline void log_event(Logger& log, Event e, LogFields fields = {}) {
  if (log.enabled(e)) log.write(e, fields);
}

// Appends `text` as a JSON string with quotes. Control characters, quotes and backslashes are
// escaped; bytes that are not UTF-8 become U+FFFD, so that the line is always valid JSON.
void append_json_string(std::string& out, std::string_view text);
// Appends `text` with bytes that are not UTF-8 replaced by U+FFFD; nothing is escaped.
void append_utf8(std::string& out, std::string_view text);
// "2026-01-02T03:04:05.678901234Z"
[[nodiscard]] std::string format_utc(UnixTime t);

}  // namespace witan
