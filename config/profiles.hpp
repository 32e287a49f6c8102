// Ready-made configuration files, compiled in from config/profiles/*.toml.
#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace witan {

inline constexpr std::array<std::string_view, 2> profile_names{"development", "staging"};

// Text of a profile, to be written to a new node's configuration file; nullopt for another name.
[[nodiscard]] std::optional<std::string_view> profile_text(std::string_view name);

}  // namespace witan
