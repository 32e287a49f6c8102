// From a value somebody wrote to a checked field of NodeConfig, and back to text.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/field_table.hpp"
#include "messages/base/result.hpp"

namespace witan {

// A value as its source gives it, before the field table is asked what it should be.
struct RawValue {
  struct Other {
    std::string type;    // "float", "table"...: no field has this type
    std::string text{};  // of a number with a fraction: the shortest that reads the same
  };
  std::variant<bool, std::int64_t, std::string, std::vector<std::string>, Other> value;
  std::string where;  // "node.toml:7:1", "environment WITAN_P2P_LADDR", "flag --p2p.laddr"
};

// Checks type and range, then stores. Errors: config; field = where, text names key and reason.
[[nodiscard]] Status assign(const Field& field, const RawValue& raw, NodeConfig& config);

// Environment variables and flags carry text: numbers in decimal, true/false, lists with commas.
[[nodiscard]] RawValue raw_from_text(const Field& field, std::string_view text, std::string where);

// The field's value as the right-hand side of a TOML line.
[[nodiscard]] std::string toml_text(const Field& field, const NodeConfig& config);

// "host:port", "[v6]:port", with or without "tcp://". Errors: config (field empty).
[[nodiscard]] Result<SocketAddress> parse_socket_address(std::string_view text);
// "<66 hex digits>@host:port"; the id must be a key on the curve, the port not 0.
[[nodiscard]] Result<PeerAddress> parse_peer_address(std::string_view text);
[[nodiscard]] std::string to_string(const SocketAddress& address);
[[nodiscard]] std::string to_string(const PeerAddress& peer);

}  // namespace witan
