#include "config/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace witan {

namespace {

// Levenshtein distance, one row at a time.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view name,
                                             std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  if (name.size() > 64) return best;
  std::size_t best_edits = 0;
  for (const std::string_view candidate : known) {
    const std::size_t n = edits(name, candidate);
    if (n * 3 <= candidate.size() && (!best || n < best_edits)) {
      best = candidate;
      best_edits = n;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const auto near = nearest_name(name, known);
  return near ? "; did you mean \"" + std::string(*near) + "\"?" : std::string{};
}

}  // namespace witan
