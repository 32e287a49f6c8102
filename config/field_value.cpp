#include "config/field_value.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "crypto/keys.hpp"
#include "messages/base/hex.hpp"

namespace witan {

namespace {

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;

template <class Int>
bool parse_whole(std::string_view text, Int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_host_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
}

// Names and IPv4 addresses; IPv6 addresses come in brackets and contain ':'.
bool is_host(std::string_view host, bool bracketed) {
  if (host.empty() || host.size() > 253) return false;
  return std::all_of(host.begin(), host.end(), [&](char c) {
    return bracketed ? std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.'
                     : is_host_character(c);
  });
}

bool is_one_of(std::string_view value, std::string_view choices) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
  }
  return false;
}

std::string given_type(const RawValue& raw) {
  static constexpr std::array<std::string_view, 4> names{"boolean", "integer", "text", "list"};
  if (const auto* other = std::get_if<RawValue::Other>(&raw.value)) return other->type;
  return std::string(names[raw.value.index()]);
}

// One attempt to store one value: remembers what an error message needs.
class Assignment {
 public:
  Assignment(const Field& field, const RawValue& raw) : field_(field), raw_(raw) {}

  Status operator()(bool* slot) const {
    const auto* value = std::get_if<bool>(&raw_.value);
    if (value == nullptr) return wrong_type();
    *slot = *value;
    return {};
  }
  Status operator()(std::uint64_t* slot) const {
    const auto* value = std::get_if<std::int64_t>(&raw_.value);
    if (value == nullptr) return wrong_type();
    if (*value < 0 || static_cast<std::uint64_t>(*value) < field_.min ||
        static_cast<std::uint64_t>(*value) > field_.max) {
      return refuse(std::to_string(*value) + " is outside " + range_text(field_) + unit());
    }
    *slot = static_cast<std::uint64_t>(*value);
    return {};
  }
  Status operator()(std::string* slot) const {
    const auto* value = std::get_if<std::string>(&raw_.value);
    if (value == nullptr) return wrong_type();
    if (!field_.choices.empty()) {
      if (!is_one_of(*value, field_.choices)) {
        return refuse("\"" + printable(*value) + "\" is not one of " + range_text(field_));
      }
    } else if (value->size() < field_.min || value->size() > field_.max) {
      return refuse("its length is outside " + range_text(field_));
    }
    if (printable(*value) != *value) return refuse("control characters are not allowed");
    *slot = *value;
    return {};
  }
  Status operator()(SocketAddress* slot) const {
    const auto* value = std::get_if<std::string>(&raw_.value);
    if (value == nullptr) return wrong_type();
    auto address = parse_socket_address(*value);
    if (!address) return refuse(address.error().text);
    *slot = std::move(*address);
    return {};
  }
  Status operator()(std::vector<PeerAddress>* slot) const {
    const auto* list = std::get_if<std::vector<std::string>>(&raw_.value);
    if (list == nullptr) return wrong_type();
    if (list->size() > field_.max) return refuse("more than " + std::to_string(field_.max));
    std::vector<PeerAddress> peers;
    for (const std::string& text : *list) {
      auto peer = parse_peer_address(text);
      if (!peer) return refuse(peer.error().text);
      const bool known = std::any_of(peers.begin(), peers.end(),
                                     [&](const PeerAddress& p) { return p.id == peer->id; });
      if (known) return refuse("the node id " + to_hex(peer->id) + " is listed twice");
      peers.push_back(std::move(*peer));
    }
    *slot = std::move(peers);
    return {};
  }

 private:
  [[nodiscard]] tl::unexpected<Error> refuse(const std::string& why) const {
    return fail(ErrorCode::config, raw_.where, std::string(field_.key) + ": " + why);
  }
  [[nodiscard]] tl::unexpected<Error> wrong_type() const {
    return refuse("expected " + std::string(type_name(field_)) + ", got " + given_type(raw_));
  }
  [[nodiscard]] std::string unit() const {
    return field_.unit.empty() ? std::string{} : " " + std::string(field_.unit);
  }
  static std::string printable(std::string text) {
    for (char& c : text) {
      if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
    }
    return text;
  }

  const Field& field_;
  const RawValue& raw_;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return out;
}

}  // namespace

Status assign(const Field& field, const RawValue& raw, NodeConfig& config) {
  return std::visit(Assignment(field, raw), field.slot(config));
}

RawValue raw_from_text(const Field& field, std::string_view text, std::string where) {
  NodeConfig scratch;
  const FieldSlot slot = field.slot(scratch);
  RawValue raw{std::string(text), std::move(where)};
  if (std::holds_alternative<bool*>(slot)) {
    if (text == "true" || text == "false") raw.value = text == "true";
  } else if (std::holds_alternative<std::uint64_t*>(slot)) {
    if (std::int64_t number = 0; parse_whole(text, number)) raw.value = number;
  } else if (std::holds_alternative<std::vector<PeerAddress>*>(slot)) {
    raw.value = split_list(text);
  }
  return raw;
}

std::string toml_text(const Field& field, const NodeConfig& config) {
  NodeConfig copy = config;
  const auto address = [](const SocketAddress* a) { return quoted(to_string(*a)); };
  const auto peers = [](const std::vector<PeerAddress>* list) {
    std::string out = "[";
    for (const PeerAddress& peer : *list) {
      out += (out.size() > 1 ? ",\n  " : "\n  ") + quoted(to_string(peer));
    }
    return out + (out.size() > 1 ? "\n]" : "]");
  };
  return std::visit(Overload{[](const bool* b) { return std::string(*b ? "true" : "false"); },
                             [](const std::uint64_t* n) { return std::to_string(*n); },
                             [](const std::string* s) { return quoted(*s); }, address, peers},
                    field.slot(copy));
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  if (text.substr(0, 6) == "tcp://") text.remove_prefix(6);
  const auto colon = text.rfind(':');
  SocketAddress out;
  if (colon != std::string_view::npos && parse_whole(text.substr(colon + 1), out.port)) {
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (is_host(host, bracketed)) {
      out.host = std::string(host);
      return out;
    }
  }
  return fail(ErrorCode::config, {}, "expected host:port or [address]:port with port 0..65535");
}

Result<PeerAddress> parse_peer_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) {
    return fail(ErrorCode::config, {}, "expected <node id, 66 hex digits>@host:port");
  }
  auto id = fixed_from_hex<NodeId>(text.substr(0, at), {});
  if (!id || !is_valid(*id)) {
    return fail(ErrorCode::config, {}, "the part before '@' is not a node id of 66 hex digits");
  }
  WITAN_TRY(SocketAddress address, parse_socket_address(text.substr(at + 1)));
  if (address.port == 0) return fail(ErrorCode::config, {}, "a peer's port is not 0");
  return PeerAddress{*id, std::move(address)};
}

std::string to_string(const SocketAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string to_string(const PeerAddress& peer) {
  return to_hex(peer.id) + "@" + to_string(peer.address);
}

}  // namespace witan
