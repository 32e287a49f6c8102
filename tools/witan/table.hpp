// Text for people: columns that line up.
#pragma once
#include <string>
#include <vector>

namespace witan::cli {

// Two spaces between columns, no trailing spaces, a newline after every row. Rows may have fewer
// cells than the first. Bytes that are not printable ASCII come from others (monikers, addresses)
// and are shown as '?': a terminal must not obey them.
using TableRow = std::vector<std::string>;
[[nodiscard]] std::string render_table(const std::vector<TableRow>& rows);

// "name  value" lines.
[[nodiscard]] std::string render_pairs(
    const std::vector<std::pair<std::string, std::string>>& pairs);

// First `digits` characters of a hash, for tables.
[[nodiscard]] std::string shorten(const std::string& hex, std::size_t digits = 12);

}  // namespace witan::cli
