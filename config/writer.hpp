// Configuration as text: the commented file of a new node, explanations, the reference page.
#pragma once
#include <string>
#include <string_view>

#include "config/loader.hpp"

namespace witan {

// A file that parses to `config` again; every key with its help, unit and range above it.
[[nodiscard]] std::string write_config(const NodeConfig& config);

// `witan config explain KEY`: meaning, type, range, default, environment name, value and where the
// value came from. Errors: config for an unknown key, with the nearest name.
[[nodiscard]] Result<std::string> explain(std::string_view key, const LoadedConfig& loaded);

// docs/reference/config.md.
[[nodiscard]] std::string config_reference();

}  // namespace witan
