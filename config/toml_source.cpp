#include "config/toml_source.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <toml.hpp>

#include "messages/base/utf8.hpp"

namespace witan {

namespace {

constexpr std::size_t depth_max = 16;

std::string place(const std::string& name, std::size_t line, std::size_t column) {
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// toml11 recurses once for each bracket and each dot of a key: both are bounded before it sees the
// text. Quoted text and comments do not count; a quote ends with its line.
Status check_nesting(std::string_view text, const std::string& name) {
  std::size_t line = 1, depth = 0, dots = 0;
  char quote = 0;
  bool comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      dots = 0;
      quote = 0;
      comment = false;
    } else if (comment) {
      continue;
    } else if (quote != 0) {
      if (c == '\\' && quote == '"' && i + 1 < text.size() && text[i + 1] != '\n') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      comment = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == '.') {
      ++dots;
    }
    if (depth > depth_max || dots > depth_max) {
      return fail(ErrorCode::config, name + ":" + std::to_string(line),
                  "nested deeper than any option is");
    }
  }
  return {};
}

// toml11 3.7.1 reads outside its memory while it describes a byte in a quoted text that is not
// UTF-8.
Status check_utf8(std::string_view text, const std::string& name) {
  std::size_t line = 1, line_begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) {
      return fail(ErrorCode::config, place(name, line, i - line_begin + 1),
                  "a byte that is not UTF-8: save the file as UTF-8");
    }
    if (text[i] == '\n') {
      ++line;
      line_begin = i + 1;
    }
    i += length;
  }
  return {};
}

// Column of the key on its line; toml11 remembers the place of the value only.
std::size_t column_of(const toml::source_location& location, std::string_view leaf) {
  const auto at = location.line_str().find(leaf);
  return at == std::string::npos ? location.column() : at + 1;
}

using RawVariant = decltype(RawValue::value);

// Shortest text that reads as the same number.
std::string fraction_text(const toml::value& value) {
  std::array<char, 64> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.as_floating()).ptr;
  return std::string(buffer.data(), end);
}

RawVariant raw_of(const toml::value& value) {
  if (value.is_boolean()) return value.as_boolean();
  if (value.is_integer()) return static_cast<std::int64_t>(value.as_integer());
  if (value.is_string()) return value.as_string().str;
  if (value.is_array()) {
    std::vector<std::string> list;
    for (const toml::value& item : value.as_array()) {
      if (!item.is_string()) return RawValue::Other{"list of something other than text"};
      list.push_back(item.as_string().str);
    }
    return list;
  }
  if (value.is_floating()) return RawValue::Other{"number with a fraction", fraction_text(value)};
  if (value.is_table()) return RawValue::Other{"table"};
  return RawValue::Other{"date or time"};
}

struct Placed {
  std::size_t line;
  std::size_t column;
  TomlEntry entry;
};

void sort_by_place(std::vector<Placed>& placed) {
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.line, a.column, a.entry.key) < std::tie(b.line, b.column, b.entry.key);
  });
}

void collect(const toml::value& table, const std::string& section, const std::string& name,
             std::vector<Placed>& out) {
  for (const auto& [leaf, value] : table.as_table()) {
    if (value.is_table() && section.empty() && !value.as_table().empty()) {
      collect(value, leaf, name, out);
      continue;
    }
    const auto location = value.location();
    const std::size_t line = location.line(), column = column_of(location, leaf);
    const std::string key = section.empty() ? leaf : section + "." + leaf;
    out.push_back({line, column, {key, {raw_of(value), place(name, line, column)}}});
  }
}

// First line of toml11's message without its "[error] toml::function: " head.
std::string reason_of(const std::string& what) {
  std::string line = what.substr(0, what.find('\n'));
  if (const auto colon = line.find(": "); line.rfind("[error]", 0) == 0 && colon < line.size()) {
    line = line.substr(colon + 2);
  }
  return line;
}

// Checks what toml11 must not see, then parses. Errors: as of read_toml.
Result<toml::value> parse_text(std::string_view text, const std::string& name) {
  if (text.size() > config_bytes_max) {
    return fail(ErrorCode::config, name,
                "larger than " + std::to_string(config_bytes_max) + " bytes");
  }
  WITAN_TRY_VOID(check_utf8(text, name));
  WITAN_TRY_VOID(check_nesting(text, name));
  try {
    std::istringstream stream{std::string(text)};
    return toml::parse(stream, name);
  } catch (const toml::exception& e) {
    const auto& at = e.location();
    return fail(ErrorCode::config, place(name, at.line(), at.column()), reason_of(e.what()));
  } catch (const std::exception& e) {
    return fail(ErrorCode::config, name, reason_of(e.what()));
  }
}

struct PlacedTable {
  std::size_t line;
  std::size_t column;
  TomlTable table;
};

bool is_list_of_tables(const toml::value& value) {
  if (!value.is_array() || value.as_array().empty()) return false;
  const auto& items = value.as_array();
  return std::all_of(items.begin(), items.end(), [](const toml::value& v) { return v.is_table(); });
}

// NOLINTNEXTLINE(misc-no-recursion): check_nesting bounds the depth
void collect_tables(const toml::value& table, const std::string& table_name,
                    const std::string& name, std::vector<PlacedTable>& out) {
  const auto at = table.location();
  std::vector<Placed> placed;
  for (const auto& [leaf, value] : table.as_table()) {
    const std::string inner = table_name.empty() ? leaf : table_name + "." + leaf;
    if (value.is_table()) {
      collect_tables(value, inner, name, out);
    } else if (is_list_of_tables(value)) {
      for (const toml::value& item : value.as_array()) collect_tables(item, inner, name, out);
    } else {
      const auto location = value.location();
      const std::size_t line = location.line(), column = column_of(location, leaf);
      placed.push_back({line, column, {leaf, {raw_of(value), place(name, line, column)}}});
    }
  }
  if (table_name.empty() && placed.empty()) return;
  PlacedTable row{table_name.empty() ? 0 : at.line(), at.column(), {table_name, {}, {}}};
  row.table.place = place(name, at.line(), at.column());
  sort_by_place(placed);
  for (Placed& p : placed) row.table.entries.push_back(std::move(p.entry));
  out.push_back(std::move(row));
}

}  // namespace

Result<std::vector<TomlEntry>> read_toml(std::string_view text, const std::string& name) {
  WITAN_TRY(const toml::value root, parse_text(text, name));
  std::vector<Placed> placed;
  collect(root, {}, name, placed);
  sort_by_place(placed);
  std::vector<TomlEntry> out;
  out.reserve(placed.size());
  for (Placed& p : placed) out.push_back(std::move(p.entry));
  return out;
}

Result<std::vector<TomlTable>> read_toml_tables(std::string_view text, const std::string& name) {
  WITAN_TRY(const toml::value root, parse_text(text, name));
  std::vector<PlacedTable> placed;
  collect_tables(root, {}, name, placed);
  std::sort(placed.begin(), placed.end(), [](const PlacedTable& a, const PlacedTable& b) {
    return std::tie(a.line, a.column, a.table.name) < std::tie(b.line, b.column, b.table.name);
  });
  std::vector<TomlTable> out;
  out.reserve(placed.size());
  for (PlacedTable& p : placed) out.push_back(std::move(p.table));
  return out;
}

}  // namespace witan
