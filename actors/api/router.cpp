#include "actors/api/router.hpp"

#include <charconv>

#include "crypto/keys.hpp"
#include "messages/base/hex.hpp"

namespace witan {
namespace {

using Segments = std::vector<std::string_view>;

Segments split(std::string_view text, char by) {
  Segments out;
  while (true) {
    const std::size_t at = text.find(by);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

// Literal segments are compared undecoded: our paths hold no character that needs escaping.
bool matches(std::string_view pattern, const Segments& path) {
  const Segments want = split(pattern, '/');
  if (want.size() != path.size()) return false;
  for (std::size_t i = 0; i < want.size(); ++i)
    if (is_parameter(want[i]) ? path[i].empty() : want[i] != path[i]) return false;
  return true;
}

// The first match of the table wins (`latest` stands before `{height}`).
Result<const RouteInfo*> find_route(std::string_view method, const Segments& path) {
  std::string allowed;
  for (const RouteInfo& info : route_table) {
    if (!matches(info.pattern, path)) continue;
    if (name_of(info.method) == method) return &info;
    if (!allowed.empty()) allowed += ", ";
    allowed += name_of(info.method);
  }
  if (allowed.empty()) return fail(ErrorCode::not_found, "path", "no such route");
  return fail(ErrorCode::not_allowed, std::move(allowed), "method is not allowed here");
}

Result<std::uint64_t> parse_number(const std::string& field, std::string_view text,
                                   std::uint64_t max) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || end != text.data() + text.size())
    return fail(ErrorCode::malformed, field, "expected a decimal number");
  if (error != std::errc() || out > max)
    return fail(ErrorCode::out_of_range, field, "at most " + std::to_string(max));
  return out;
}

Result<bool> parse_flag(const std::string& field, std::string_view text) {
  if (text == "1" || text == "true" || text.empty()) return true;
  if (text == "0" || text == "false") return false;
  return fail(ErrorCode::malformed, field, "expected 1, 0, true or false");
}

Result<AccountId> parse_account(const std::string& field, std::string_view text) {
  if (text.size() == 2 * AccountId::size_bytes && !text.starts_with("wit1"))
    return fixed_from_hex<AccountId>(text, field);
  auto account = from_address(text);
  if (!account) return fail(account.error().code, field, account.error().text);
  return *account;
}

Status set_parameter(RoutedRequest& out, const std::string& name, const std::string& value) {
  constexpr std::uint64_t any = ~std::uint64_t{0};
  if (name == "height") {
    WITAN_TRY(out.height, parse_number(name, value, any));
  } else if (name == "from" && out.route == Route::events) {
    WITAN_TRY(out.cursor, EventCursor::parse(value));
  } else if (name == "from") {
    WITAN_TRY(out.from, parse_number(name, value, any));
  } else if (name == "to") {
    WITAN_TRY(out.to, parse_number(name, value, any));
  } else if (name == "id") {
    WITAN_TRY(out.id, fixed_from_hex<Hash32>(value, name));
  } else if (name == "address") {
    WITAN_TRY(out.account, parse_account(name, value));
  } else if (name == "limit") {
    WITAN_TRY(const std::uint64_t limit, parse_number(name, value, 100));
    out.limit = static_cast<std::uint32_t>(limit);
  } else if (name == "sender") {
    out.sender = value;
  } else if (name == "receiver") {
    out.receiver = value;
  } else if (name == "prove") {
    WITAN_TRY(out.prove, parse_flag(name, value));
  } else if (name == "attack") {
    WITAN_TRY(out.attack, parse_flag(name, value));
  } else if (name == "txs") {
    WITAN_TRY(out.with_transactions, parse_flag(name, value));
  } else if (name == "wait") {
    if (value != "commit" && value != "sync")
      return fail(ErrorCode::malformed, name, "expected `commit` or `sync`");
    out.wait_commit = value == "commit";
  }
  return {};
}

bool lists(std::string_view list, std::string_view name) {
  for (const std::string_view item : split(list, ','))
    if (item == name) return true;
  return false;
}

bool is_rpc(const RouteInfo& info) { return info.name.starts_with("rpc"); }

Status read_query(RoutedRequest& out, const RouteInfo& info, std::string_view query) {
  std::map<std::string, std::string, std::less<>> seen;
  for (const std::string_view item : split(query, '&')) {
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    WITAN_TRY(std::string name, percent_decode(item.substr(0, equals), true));
    const std::string_view raw =
        equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    auto value = percent_decode(raw, true);
    if (name.empty() || !lists(info.query, name))
      return fail(ErrorCode::malformed, "query", "parameter `" + name + "` is not known here");
    if (!value) return fail(ErrorCode::malformed, name, value.error().text);
    if (!seen.emplace(name, *value).second)
      return fail(ErrorCode::duplicate, name, "parameter is given twice");
    if (!is_rpc(info)) WITAN_TRY_VOID(set_parameter(out, name, *value));
  }
  if (is_rpc(info)) out.rpc = std::move(seen);
  return {};
}

Status read_path(RoutedRequest& out, const RouteInfo& info, const Segments& path) {
  const Segments want = split(info.pattern, '/');
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!is_parameter(want[i])) continue;
    const std::string name(want[i].substr(1, want[i].size() - 2));
    auto value = percent_decode(path[i], false);
    if (!value) return fail(ErrorCode::malformed, name, value.error().text);
    WITAN_TRY_VOID(set_parameter(out, name, *value));
  }
  return {};
}

Status check_range(const RoutedRequest& r) {
  if (r.from.has_value() != r.to.has_value())
    return fail(ErrorCode::missing, r.from ? "to" : "from", "give both `from` and `to`");
  if (!r.from) return {};
  if (*r.from > *r.to) return fail(ErrorCode::out_of_range, "from", "`from` is above `to`");
  if (*r.to - *r.from >= block_range_max)
    return fail(ErrorCode::out_of_range, "to", "at most 20 blocks per request");
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(ErrorCode::malformed, "path", "`%` must be followed by two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Result<RoutedRequest> route_request(std::string_view method, std::string_view target) {
  if (target.size() > target_bytes_max)
    return fail(ErrorCode::too_large, "path", "request target is longer than 2048 bytes");
  if (!target.starts_with('/'))
    return fail(ErrorCode::malformed, "path", "request target must begin with `/`");
  const std::size_t mark = target.find('?');
  const Segments path = split(target.substr(0, mark), '/');
  WITAN_TRY(const RouteInfo* info, find_route(method, path));
  RoutedRequest out;
  out.route = info->route;
  WITAN_TRY_VOID(read_path(out, *info, path));
  if (mark != std::string_view::npos)
    WITAN_TRY_VOID(read_query(out, *info, target.substr(mark + 1)));
  WITAN_TRY_VOID(check_range(out));
  return out;
}

std::string routes_markdown() {
  std::string out = "| Method | Path | Query | Reply | Meaning |\n|---|---|---|---|---|\n";
  for (const RouteInfo& r : route_table) {
    std::string query;
    if (!r.query.empty())
      for (const std::string_view name : split(r.query, ','))
        (query += query.empty() ? "`" : ", `") += std::string(name) + "`";
    out += "| " + std::string(name_of(r.method)) + " | `" + std::string(r.pattern) + "` | " +
           query + " | " + std::string(r.reply) + " | " + std::string(r.meaning) + " |\n";
  }
  return out;
}

}  // namespace witan
