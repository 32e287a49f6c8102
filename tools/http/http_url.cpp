#include "tools/http/http_url.hpp"

namespace witan::web {
namespace {

constexpr std::size_t url_bytes_max = 300;

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value >= 1 && value <= 65535;
}

}  // namespace

std::string HttpUrl::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + port;
}

Result<HttpUrl> parse_url(std::string_view text, const std::string& field) {
  const auto refuse = [&](const char* why) {
    return fail(ErrorCode::usage, field, "\"" + std::string(text.substr(0, 80)) + "\" " + why);
  };
  if (text.size() > url_bytes_max) return refuse("is too long");
  std::string_view rest = text;
  constexpr std::string_view scheme = "http://";
  if (rest.starts_with(scheme)) {
    rest.remove_prefix(scheme.size());
  } else if (rest.find("://") != std::string_view::npos) {
    return refuse("is not an http:// address");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !is_port(rest.substr(colon + 1)) ||
      rest.find('/') != std::string_view::npos)
    return refuse("is not http://host:port");
  std::string_view host = rest.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return HttpUrl{std::string(host), std::string(rest.substr(colon + 1))};
}

}  // namespace witan::web
