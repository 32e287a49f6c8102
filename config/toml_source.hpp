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

}  // namespace witan
