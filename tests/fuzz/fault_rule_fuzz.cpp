// Any text is refused with a place, or read as rules that survive being written; any TOML likewise.
#include "actors/runtime/faults/rule.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/check.hpp"

namespace {

void check_written(const witan::faults::Rule& rule) {
  const std::string text = to_text(rule);
  if (text.size() > witan::faults::rule_bytes_max) return;  // quotation marks may lengthen it
  const auto again = witan::faults::parse_rule(text);
  WITAN_CHECK(again.has_value(), text);
  WITAN_CHECK(*again == rule, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const std::string_view text = as_text({data, size});
  const auto lines = faults::parse_rules(text, "fuzz");
  if (lines) {
    for (const auto& rule : *lines) check_written(rule);
  } else {
    WITAN_CHECK(lines.error().code == ErrorCode::bad_rule);
    WITAN_CHECK(lines.error().field.rfind("fuzz:", 0) == 0);
  }
  const auto tables = faults::rules_from_toml(text, "fuzz");
  if (tables) {
    for (const auto& rule : *tables) check_written(rule);
  } else {
    WITAN_CHECK(tables.error().field.rfind("fuzz", 0) == 0);
  }
  if (size < 512) {
    const auto half = size / 2;
    (void)faults::glob_matches(text.substr(0, half), text.substr(half));
  }
  return 0;
}
