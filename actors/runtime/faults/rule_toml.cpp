#include "actors/runtime/faults/rule.hpp"
#include "config/toml_source.hpp"

namespace witan::faults {
namespace {

// The values of one key as text; a list gives several.
Result<std::vector<std::string>> values_of(const RawValue& raw) {
  if (const auto* text = std::get_if<std::string>(&raw.value)) return std::vector{*text};
  if (const auto* number = std::get_if<std::int64_t>(&raw.value))
    return std::vector{std::to_string(*number)};
  if (const auto* flag = std::get_if<bool>(&raw.value))
    return std::vector<std::string>{*flag ? "true" : "false"};
  if (const auto* list = std::get_if<std::vector<std::string>>(&raw.value)) return *list;
  const auto& other = std::get<RawValue::Other>(raw.value);
  if (!other.text.empty()) return std::vector{other.text};
  return fail(ErrorCode::bad_rule, raw.where, "a " + other.type + " has no meaning here");
}

Result<Rule> rule_from_table(const TomlTable& table, const Vocabulary* vocabulary) {
  std::vector<RuleKey> keys;
  for (const TomlEntry& entry : table.entries) {
    WITAN_TRY(const auto values, values_of(entry.raw));
    for (const std::string& value : values) keys.push_back({entry.key, value, entry.raw.where});
  }
  return rule_from_keys(keys, table.place, vocabulary);
}

}  // namespace

Result<std::vector<Rule>> rules_from_toml(std::string_view text, const std::string& name,
                                          const Vocabulary* vocabulary) {
  WITAN_TRY(const auto tables, read_toml_tables(text, name));
  std::vector<Rule> out;
  for (const TomlTable& table : tables) {
    if (table.name.rfind("fault.", 0) == 0)
      return fail(ErrorCode::bad_rule, table.place, "a fault rule has no tables inside");
    if (table.name != "fault") continue;
    if (out.size() == rules_max)
      return fail(ErrorCode::bad_rule, table.place,
                  "at most " + std::to_string(rules_max) + " rules");
    WITAN_TRY(Rule rule, rule_from_table(table, vocabulary));
    out.push_back(std::move(rule));
  }
  return out;
}

}  // namespace witan::faults
