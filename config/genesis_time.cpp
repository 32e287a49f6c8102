#include "config/genesis_time.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "messages/base/check.hpp"

namespace witan {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

// Reads exactly `digits` digits and the character after them; moves `text` behind it.
bool take(std::string_view& text, std::size_t digits, char after, unsigned& out) {
  if (text.size() <= digits || text[digits] != after) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits + 1);
  return true;
}

// ".5" -> 500'000'000; empty -> 0.
bool fraction(std::string_view text, std::int64_t& out) {
  out = 0;
  if (text.empty()) return true;
  if (text.size() < 2 || text.size() > 10 || text[0] != '.') return false;
  std::int64_t unit = ns_per_s;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return false;
    unit /= 10;
    out += unit * (c - '0');
  }
  return true;
}

}  // namespace

Result<UnixTime> parse_rfc3339(std::string_view text, std::string field) {
  using namespace std::chrono;
  unsigned y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  std::int64_t ns = 0;
  bool good = take(text, 4, '-', y) && take(text, 2, '-', mo) && take(text, 2, 'T', d) &&
              take(text, 2, ':', h) && take(text, 2, ':', mi) && text.size() >= 3 &&
              text.back() == 'Z';
  if (good) {
    const std::string_view rest = text.substr(2, text.size() - 3);
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, s);
    good = error == std::errc{} && end == text.data() + 2 && fraction(rest, ns);
  }
  const year_month_day date{year{static_cast<int>(y)}, month{mo}, day{d}};
  if (!good || !date.ok() || y < 1970 || y > 2261 || h > 23 || mi > 59 || s > 59) {
    return fail(ErrorCode::genesis, std::move(field),
                "expected a time like 2026-01-02T03:04:05Z, years 1970 to 2261");
  }
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  return UnixTime{(((days * 24 + h) * 60 + mi) * 60 + s) * ns_per_s + ns};
}

std::string to_rfc3339(UnixTime time) {
  using namespace std::chrono;
  WITAN_CHECK(time.ns >= 0, time.ns);
  const std::int64_t total_s = time.ns / ns_per_s, second = total_s % 86'400;
  const year_month_day date{sys_days{days{total_s / 86'400}}};
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  second / 3600, second / 60 % 60, second % 60);
  if (const std::int64_t ns = time.ns % ns_per_s; ns != 0) {
    std::string digits = fmt::format("{:09}", ns);
    digits.erase(digits.find_last_not_of('0') + 1);
    out += "." + digits;
  }
  return out + "Z";
}

}  // namespace witan
