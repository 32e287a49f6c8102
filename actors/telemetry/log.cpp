#include "actors/telemetry/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "messages/base/utf8.hpp"

namespace witan {
namespace {

void append_hex(std::string& out, std::string_view raw) {
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : raw) {
    const auto b = static_cast<unsigned char>(c);
    out += digits[b >> 4];
    out += digits[b & 15];
  }
}

void append_value(std::string& out, const LogValue& v) {
  switch (v.kind()) {
    case LogValue::Kind::signed_int:
      out += fmt::format_int(v.as_signed()).c_str();
      return;
    case LogValue::Kind::unsigned_int:
      out += fmt::format_int(v.as_unsigned()).c_str();
      return;
    case LogValue::Kind::boolean:
      out += v.as_boolean() ? "true" : "false";
      return;
    case LogValue::Kind::real:
      if (std::isfinite(v.as_real()))
        out += fmt::format("{}", v.as_real());
      else
        out += "null";
      return;
    case LogValue::Kind::text:
      append_json_string(out, v.as_raw_text());
      return;
    case LogValue::Kind::hex:
      out += '"';
      append_hex(out, v.as_raw_text());
      out += '"';
      return;
  }
}

std::string_view journald_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "<3>";
    case LogLevel::warn:
      return "<4>";
    case LogLevel::info:
      return "<6>";
    default:
      return "<7>";
  }
}

void append_line(std::string& out, const LogOptions& options, UnixTime now, const EventInfo& info,
                 LogFields fields) {
  if (options.journald_prefix) out += journald_prefix(info.level);
  const bool json = options.format == LogFormat::json;
  const auto put = [&](std::string_view a, std::string_view b, std::string_view c,
                       std::string_view d) { ((out += a) += b) += c, out += d; };
  if (json) {
    put("{\"ts\":\"", format_utc(now), "\",\"level\":\"", name_of(info.level));
    put("\",\"event\":\"", info.name, "\",\"module\":\"", name_of(info.module));
    out += '"';
  } else {
    put(format_utc(now), " ", name_of(info.level), " ");
    put(name_of(info.module), ".", info.name, "");
  }
  for (const LogField& f : fields) {
    out += json ? ",\"" : " ";
    out += f.name;
    out += json ? "\":" : "=";
    append_value(out, f.value);
  }
  if (json) out += '}';
}

// Writes raw lines to a stream or a callback and counts flushes, so that flush() can wait.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LineSink(std::FILE* file, std::function<void(std::string_view)> capture)
      : file_(file), capture_(std::move(capture)) {}
  ~LineSink() override {
    if (file_ != nullptr && file_ != stderr) std::fclose(file_);
  }
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;

  [[nodiscard]] std::uint64_t flushes() {
    const std::lock_guard lock(flush_mutex_);
    return flushes_;
  }
  bool wait_for_flush_after(std::uint64_t seen, Duration limit) {
    std::unique_lock lock(flush_mutex_);
    return flushed_.wait_for(lock, std::chrono::nanoseconds(limit.ns),
                             [&] { return flushes_ > seen; });
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const std::string_view line(msg.payload.data(), msg.payload.size());
    if (capture_) return capture_(line);
    // A full disk or a closed pipe must not stop the node: the line is lost.
    (void)std::fwrite(line.data(), 1, line.size(), file_);
    (void)std::fputc('\n', file_);
    if (msg.level >= spdlog::level::warn) (void)std::fflush(file_);
  }
  void flush_() override {
    if (file_ != nullptr) (void)std::fflush(file_);
    const std::lock_guard lock(flush_mutex_);
    ++flushes_;
    flushed_.notify_all();
  }

 private:
  std::FILE* file_;
  std::function<void(std::string_view)> capture_;
  std::mutex flush_mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

Result<LogLevel> level_from(std::string_view text) {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(LogLevel::off); ++i)
    if (name_of(static_cast<LogLevel>(i)) == text) return static_cast<LogLevel>(i);
  return fail(ErrorCode::config, "log_level",
              "`" + std::string(text) + "` is not one of trace, debug, info, warn, error, off");
}

using Levels = std::array<LogLevel, log_module_count>;

Status apply_item(std::string_view item, Levels& levels, std::array<bool, log_module_count>& named,
                  LogLevel& rest) {
  const std::size_t colon = item.find(':');
  if (colon == std::string_view::npos || item.substr(0, colon) == "*") {
    WITAN_TRY(rest, level_from(colon == std::string_view::npos ? item : item.substr(colon + 1)));
    return {};
  }
  const std::string_view module = item.substr(0, colon);
  for (std::size_t i = 0; i < log_module_count; ++i) {
    if (log_module_names[i] != module) continue;
    WITAN_TRY(levels[i], level_from(item.substr(colon + 1)));
    named[i] = true;
    return {};
  }
  return fail(ErrorCode::config, "log_level", "no log module `" + std::string(module) + "`");
}

Result<Levels> parse_levels(std::string_view spec) {
  Levels levels{};
  std::array<bool, log_module_count> named{};
  LogLevel rest = LogLevel::info;
  while (true) {
    const std::size_t comma = spec.find(',');
    WITAN_TRY_VOID(apply_item(spec.substr(0, comma), levels, named, rest));
    if (comma == std::string_view::npos) break;
    spec.remove_prefix(comma + 1);
  }
  for (std::size_t i = 0; i < log_module_count; ++i)
    if (!named[i]) levels[i] = rest;
  return levels;
}

}  // namespace

struct Logger::Impl {
  LogOptions options;
  const Clock& clock;
  std::shared_ptr<LineSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // null when synchronous
  std::shared_ptr<spdlog::logger> out;
  std::mutex flush_mutex;  // one waiter at a time, so that each waits for its own flush
};

Logger::Logger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Logger::~Logger() {
  // The pool's destructor works off its queue; it must go before the sink.
  impl_->out.reset();
  impl_->pool.reset();
}

Result<std::unique_ptr<Logger>> Logger::open(LogOptions options, const Clock& clock) {
  std::FILE* file = nullptr;
  if (!options.capture) {
    file = options.path.empty() ? stderr : std::fopen(options.path.c_str(), "ae");
    if (file == nullptr)
      return fail(ErrorCode::io, options.path, "cannot open the log file for appending");
  }
  auto sink = std::make_shared<LineSink>(file, options.capture);
  auto impl =
      std::unique_ptr<Impl>(new Impl{std::move(options), clock, sink, nullptr, nullptr, {}});
  if (impl->options.async) {
    impl->pool = std::make_shared<spdlog::details::thread_pool>(impl->options.queue_lines, 1U);
    impl->out = std::make_shared<spdlog::async_logger>(
        "witan", sink, impl->pool, spdlog::async_overflow_policy::overrun_oldest);
  } else {
    impl->out = std::make_shared<spdlog::logger>("witan", sink);
  }
  impl->out->set_level(spdlog::level::trace);
  impl->out->set_error_handler([](const std::string&) {});
  auto logger = std::unique_ptr<Logger>(new Logger(std::move(impl)));
  WITAN_TRY_VOID(logger->set_levels(logger->impl_->options.levels));
  return logger;
}

void Logger::write(Event e, LogFields fields) {
  const EventInfo& info = info_of(e);
  thread_local std::string line;
  line.clear();
  append_line(line, impl_->options, impl_->clock.unix_now(), info, fields);
  const auto level = info.level >= LogLevel::warn ? spdlog::level::warn : spdlog::level::info;
  impl_->out->log(level, spdlog::string_view_t(line.data(), line.size()));
}

Status Logger::set_levels(std::string_view spec) {
  WITAN_TRY(const Levels levels, parse_levels(spec));
  for (std::size_t i = 0; i < log_module_count; ++i)
    levels_[i].store(static_cast<std::uint8_t>(levels[i]), std::memory_order_relaxed);
  return {};
}

bool Logger::flush(Duration limit) {
  const std::lock_guard lock(impl_->flush_mutex);
  const std::uint64_t seen = impl_->sink->flushes();
  impl_->out->flush();
  return impl_->sink->wait_for_flush_after(seen, limit);
}

std::uint64_t Logger::dropped() const { return impl_->pool ? impl_->pool->overrun_counter() : 0; }

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    const char c = text.front();
    if (n == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\\u00";
      append_hex(out, text.substr(0, 1));
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  out += '"';
}

void append_utf8(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    out += n == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, n);
    text.remove_prefix(n == 0 ? 1 : n);
  }
}

std::string format_utc(UnixTime t) {
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  std::int64_t days = t.ns / day_ns;
  std::int64_t left = t.ns % day_ns;
  if (left < 0) {
    left += day_ns;
    --days;
  }
  // Civil date from a day number: years are counted from 1 March 0000 in 400-year eras.
  const std::int64_t z = days + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t doe = z - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const std::int64_t day = doy - (153 * mp + 2) / 5 + 1;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  const std::int64_t s = left / 1'000'000'000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", year, month, day, s / 3600,
                     s / 60 % 60, s % 60, left % 1'000'000'000);
}

}  // namespace witan
