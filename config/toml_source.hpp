// A TOML text as a flat list of keys and values with their places. Knows no field.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/field_value.hpp"

namespace witan {

inline constexpr std::size_t config_bytes_max = 256 * 1024;

struct TomlEntry {
  std::string key;  // "p2p.laddr"
  RawValue raw;     // raw.where = "name:line:column" of the key
};

// Entries in the order of the file. A section deeper than one level, and an empty one, is an entry
// of type "table".
// Errors: config; field = "name:line:column" (syntax, duplicate key) or "name" (too large).
[[nodiscard]] Result<std::vector<TomlEntry>> read_toml(std::string_view text,
                                                       const std::string& name);

// For files that are lists of things (scenarios, fault rules): [[fault]] may stand any number of
// times.
struct TomlTable {
  std::string name;                // "fault", "node.disk"; empty: the keys before the first table
  std::string place;               // "name:line:column"
  std::vector<TomlEntry> entries;  // in the order of the file; keys without the table's name
};
// In the order of the file. A table in a table is a row of its own ("a.b") behind it. A number with
// a fraction is a RawValue::Other with its text. Errors: as of read_toml.
[[nodiscard]] Result<std::vector<TomlTable>> read_toml_tables(std::string_view text,
                                                              const std::string& name);

}  // namespace witan
