#include "actors/telemetry/trace/core/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace witan::trace {
namespace {

tl::unexpected<Error> wrong(const std::string& field, std::size_t position, std::string_view why) {
  return fail(ErrorCode::malformed, field, fmt::format("position {}: {}", position + 1, why));
}

// A number that fills `text`; `base` is where it stands in what the user wrote.
Result<std::uint64_t> number(const std::string& field, std::string_view text, std::size_t base,
                             std::uint64_t max) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || end != text.data() + text.size())
    return wrong(field, base + static_cast<std::size_t>(end - text.data()), "expected a digit");
  if (error != std::errc() || out > max)
    return fail(ErrorCode::out_of_range, field,
                fmt::format("position {}: at most {}", base + 1, max));
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::uint64_t> hex16(const std::string& field, std::string_view text, std::size_t at) {
  std::uint64_t out = 0;
  for (std::size_t i = at; i < at + 16; ++i) {
    const int digit = i < text.size() ? hex_digit(text[i]) : -1;
    if (digit < 0) return wrong(field, i, "expected a hex digit");
    out = out << 4 | static_cast<std::uint64_t>(digit);
  }
  return out;
}

std::int64_t days_from_civil(std::int64_t y, std::int64_t m, std::int64_t d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = y / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146'097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719'468;
}

bool actor_matches(const TraceSet& set, const std::string& pattern, const HopRecord& hop) {
  for (const std::uint32_t number : {hop.from, hop.to}) {
    const std::string name = set.actor_name(hop.node, number);
    if (glob_matches(pattern, name) || glob_matches(pattern, "/node/" + name) ||
        glob_matches(pattern, set.nodes[hop.node].label + " " + name))
      return true;
  }
  return false;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, back = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      back = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++back;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches(const TraceSet& set, const Filter& filter, std::uint32_t index) {
  const HopRecord& hop = set.hops()[index];
  if (filter.heights && (hop.height < filter.heights->first || hop.height > filter.heights->second))
    return false;
  if (filter.validator && hop.validator != *filter.validator) return false;
  if (filter.outcome && hop.outcome != *filter.outcome) return false;
  if (filter.trace && (hop.trace_hi != filter.trace->first || hop.trace_lo != filter.trace->second))
    return false;
  if (filter.times && (hop.finished < filter.times->first || hop.sent > filter.times->second))
    return false;
  if (filter.transaction && !set.carries(index, *filter.transaction)) return false;
  if (!filter.type.empty() && !glob_matches(filter.type, set.type_name(hop.type))) return false;
  if (!filter.node.empty() && !glob_matches(filter.node, set.nodes[hop.node].label)) return false;
  return filter.actor.empty() || actor_matches(set, filter.actor, hop);
}

Selection select(const TraceSet& set, const Filter& filter) {
  Selection out;
  for (std::uint32_t i = 0; i < set.hops().size(); ++i)
    if (matches(set, filter, i)) out.push_back(i);
  return out;
}

Result<std::pair<std::uint64_t, std::uint64_t>> parse_heights(const std::string& field,
                                                              std::string_view text) {
  constexpr std::uint64_t any = ~std::uint64_t{0};
  const std::size_t dash = text.find('-');
  WITAN_TRY(const std::uint64_t first, number(field, text.substr(0, dash), 0, any));
  if (dash == std::string_view::npos) return std::pair(first, first);
  WITAN_TRY(const std::uint64_t last, number(field, text.substr(dash + 1), dash + 1, any));
  if (last < first) return wrong(field, dash + 1, "the last height is below the first");
  return std::pair(first, last);
}

Result<std::uint64_t> parse_transaction(const std::string& field, std::string_view text) {
  WITAN_TRY(const std::uint64_t out, hex16(field, text, 0));
  for (std::size_t i = 16; i < text.size(); ++i)
    if (hex_digit(text[i]) < 0 || i >= 64) return wrong(field, i, "expected 16 to 64 hex digits");
  return out;
}

Result<std::pair<std::uint64_t, std::uint64_t>> parse_trace(const std::string& field,
                                                            std::string_view text) {
  WITAN_TRY(const std::uint64_t hi, hex16(field, text, 0));
  WITAN_TRY(const std::uint64_t lo, hex16(field, text, 16));
  if (text.size() != 32) return wrong(field, 32, "a trace id has 32 hex digits");
  return std::pair(hi, lo);
}

Result<std::int64_t> parse_time(const std::string& field, std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00";
  std::int64_t parts[6] = {};
  std::size_t part = 0;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (i >= text.size()) return wrong(field, i, "expected YYYY-MM-DDThh:mm:ssZ");
    if (form[i] != '0') {
      if (text[i] != form[i]) return wrong(field, i, fmt::format("expected '{}'", form[i]));
      ++part;
    } else {
      if (text[i] < '0' || text[i] > '9') return wrong(field, i, "expected a digit");
      parts[part] = parts[part] * 10 + (text[i] - '0');
    }
  }
  std::size_t at = form.size();
  std::int64_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      fraction += unit * (text[at] - '0');
  }
  if (at + 1 != text.size() || text[at] != 'Z')
    return wrong(field, at, "expected 'Z' at the end: times are UTC");
  if (parts[0] < 1970 || parts[0] > 2200 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1 ||
      parts[2] > 31 || parts[3] > 23 || parts[4] > 59 || parts[5] > 60)
    return fail(ErrorCode::out_of_range, field, "no such date or time of day");
  const std::int64_t days = days_from_civil(parts[0], parts[1], parts[2]);
  return (((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]) * 1'000'000'000 + fraction;
}

Result<std::uint8_t> parse_outcome(const std::string& field, std::string_view text) {
  const auto* at = std::find(outcome_names.begin(), outcome_names.end(), text);
  if (at == outcome_names.end())
    return fail(ErrorCode::malformed, field,
                fmt::format("expected one of {}", fmt::join(outcome_names, ", ")));
  return static_cast<std::uint8_t>(at - outcome_names.begin());
}

Result<std::pair<std::uint64_t, std::uint64_t>> parse_vote(const std::string& field,
                                                           std::string_view text) {
  std::string_view parts[4];
  std::size_t starts[4] = {};
  std::size_t at = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t slash = i < 3 ? text.find('/', at) : text.size();
    if (slash == std::string_view::npos)
      return wrong(field, text.size(), "expected HEIGHT/ROUND/prevote|precommit/VALIDATOR");
    parts[i] = text.substr(at, slash - at);
    starts[i] = at;
    at = slash + 1;
  }
  WITAN_TRY(const std::uint64_t height, number(field, parts[0], starts[0], ~std::uint64_t{0}));
  WITAN_TRY(const std::uint64_t round, number(field, parts[1], starts[1], 0xffff));
  if (parts[2] != "prevote" && parts[2] != "precommit")
    return wrong(field, starts[2], "expected prevote or precommit");
  WITAN_TRY(const std::uint64_t validator, number(field, parts[3], starts[3], 0xffff'fffe));
  const std::uint64_t type = parts[2] == "prevote" ? 1 : 2;
  return std::pair(std::uint64_t{'v'} << 56 | type << 48 | round << 32 | validator, height);
}

}  // namespace witan::trace
