#include "config/writer.hpp"

#include <vector>

#include "config/field_value.hpp"
#include "config/suggest.hpp"

namespace witan {

namespace {

// "integer, 1..64 peers" or "json|text".
std::string type_line(const Field& field) {
  std::string out(type_name(field));
  if (const std::string range = range_text(field); !range.empty()) out += ", " + range;
  if (!field.unit.empty()) out += " " + std::string(field.unit);
  return out;
}

std::string_view reload_text(const Field& field) {
  return field.reload == ReloadClass::live ? "at once" : "after a restart";
}

}  // namespace

std::string write_config(const NodeConfig& config) {
  std::string out =
      "# Witan node configuration. Flags and the environment override this file.\n"
      "# `witan config explain KEY` says more about one key.\n";
  std::string_view section;
  for (const Field& field : field_table()) {
    if (section_of(field.key) != section) {
      section = section_of(field.key);
      out += "\n[" + std::string(section) + "]\n";
    }
    out += "\n# " + std::string(field.help) + "\n# " + type_line(field) + "\n";
    out += std::string(leaf_of(field.key)) + " = " + toml_text(field, config) + "\n";
  }
  return out;
}

Result<std::string> explain(std::string_view key, const LoadedConfig& loaded) {
  const Field* field = find_field(key);
  if (field == nullptr) {
    std::vector<std::string_view> known;
    for (const Field& f : field_table()) known.push_back(f.key);
    return fail(ErrorCode::config, std::string(key), "no such key" + did_you_mean(key, known));
  }
  const auto origin = loaded.origins.find(std::string(key));
  std::string out = std::string(key) + "\n  " + std::string(field->help) + "\n";
  out += "  type         " + type_line(*field) + "\n";
  out += "  default      " + toml_text(*field, NodeConfig{}) + "\n";
  out += "  environment  " + environment_name(key) + "\n";
  out += "  takes effect " + std::string(reload_text(*field)) + "\n";
  out += "  value        " + toml_text(*field, loaded.config) + " (" +
         (origin == loaded.origins.end() ? "default" : origin->second) + ")\n";
  return out;
}

std::string config_reference() {
  std::string out =
      "# Node configuration\n\n"
      "Generated from [config/field_table.cpp](../../config/field_table.cpp) by `tools/dev "
      "docs`.\n\n"
      "Flags (`--p2p.laddr=...`) override the environment, which overrides the file, which\n"
      "overrides defaults. An unknown key is an error. Rules of the chain are not here but in the\n"
      "genesis file.\n";
  std::string_view section = "-";
  for (const Field& field : field_table()) {
    if (section_of(field.key) != section) {
      section = section_of(field.key);
      out += section.empty() ? std::string("\n## Top of the file\n")
                             : "\n## [" + std::string(section) + "]\n";
    }
    out += "\n### `" + std::string(field.key) + "`\n" + std::string(field.help) + "\n\n";
    out += "- Type: " + type_line(field) + "\n";
    out += "- Default: `" + toml_text(field, NodeConfig{}) + "`\n";
    out += "- Environment: `" + environment_name(field.key) + "`\n";
    out += "- Takes effect: " + std::string(reload_text(field)) + "\n";
  }
  return out;
}

}  // namespace witan
