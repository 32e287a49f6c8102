// The one table of options. Parsing, validation, environment names, `config explain`, the generated
// default file and docs/reference/config.md all read it, so they cannot disagree.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/node_config.hpp"

namespace witan {

// Where a field's value lives in a NodeConfig; the alternative is the field's type.
using FieldSlot =
    std::variant<bool*, std::uint64_t*, std::string*, SocketAddress*, std::vector<PeerAddress>*>;

// When a changed value takes effect.
enum class ReloadClass : std::uint8_t { restart, live };

struct Field {
  std::string_view key;  // "p2p.laddr"; without a dot: top of the file
  FieldSlot (*slot)(NodeConfig& config);
  std::string_view unit;  // "ms", "bytes", "blocks"...; empty for text and switches
  std::uint64_t min = 0;  // numbers: both ends included; text: length in bytes
  std::uint64_t max = 0;
  std::string_view choices;  // text: "json|text"; empty = free
  ReloadClass reload = ReloadClass::restart;
  std::string_view help;
};

// In the order of the generated file: top-level keys, then section by section.
[[nodiscard]] std::span<const Field> field_table();
[[nodiscard]] const Field* find_field(std::string_view key);

// "p2p" of "p2p.laddr"; empty for a top-level key.
[[nodiscard]] std::string_view section_of(std::string_view key);
[[nodiscard]] std::string_view leaf_of(std::string_view key);
// "p2p.laddr" -> "WITAN_P2P_LADDR".
[[nodiscard]] std::string environment_name(std::string_view key);
// "integer", "boolean", "text", "address", "list of peers".
[[nodiscard]] std::string_view type_name(const Field& field);
// "1..4096", "json|text", "at most 64 bytes"; empty when nothing restricts the type.
[[nodiscard]] std::string range_text(const Field& field);

}  // namespace witan
