// Where a node's API is: http://host:port.
#pragma once
#include <string>
#include <string_view>

#include "messages/base/result.hpp"

namespace witan::web {

struct HttpUrl {
  std::string host;  // a name or an address, without brackets
  std::string port;
  [[nodiscard]] std::string authority() const;  // "host:port", "[v6]:port"
  [[nodiscard]] std::string to_string() const { return "http://" + authority(); }
};

// "http://host:port" with an optional slash at the end; "host:port" is accepted too.
// Errors: usage; `field` names where the text comes from.
[[nodiscard]] Result<HttpUrl> parse_url(std::string_view text, const std::string& field);

}  // namespace witan::web
