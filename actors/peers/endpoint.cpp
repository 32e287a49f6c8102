#include <charconv>

#include "actors/peers/transport.hpp"

namespace witan::peers {

Result<Endpoint> parse_endpoint(std::string_view text, std::string field) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return fail(ErrorCode::malformed, std::move(field), "expected host:port");
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[') {
    if (host.back() != ']' || host.size() < 3)
      return fail(ErrorCode::malformed, std::move(field), "expected [address]:port");
    host = host.substr(1, host.size() - 2);
  }
  const std::string_view digits = text.substr(colon + 1);
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port > 65'535)
    return fail(ErrorCode::malformed, std::move(field), "port is not a number in 0..65535");
  return Endpoint{std::string(host), static_cast<std::uint16_t>(port)};
}

}  // namespace witan::peers
