// "did you mean": the known name nearest to one that is not known.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace witan {

// The nearest of `known` by edits (insert, delete, replace), at most a third of its length away;
// the first of equals. Names over 64 bytes get no suggestion.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view name,
                                                           std::span<const std::string_view> known);

// "; did you mean \"x\"?" or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string_view> known);

}  // namespace witan
