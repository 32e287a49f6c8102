#include "config/signer_address.hpp"

#include "config/field_value.hpp"

namespace witan {

Result<SignerAddress> parse_signer_address(std::string_view text) {
  constexpr std::string_view unix_scheme = "unix://";
  constexpr std::string_view tcp_scheme = "tcp://";
  SignerAddress out;
  if (text.substr(0, unix_scheme.size()) == unix_scheme) {
    out.path = text.substr(unix_scheme.size());
    if (out.path.empty() || out.path[0] != '/' || out.path.size() > unix_path_bytes_max)
      return fail(ErrorCode::config, {},
                  "unix:// is followed by an absolute path of at most " +
                      std::to_string(unix_path_bytes_max) + " bytes");
    return out;
  }
  if (text.substr(0, tcp_scheme.size()) != tcp_scheme)
    return fail(ErrorCode::config, {}, "expected unix:///path or tcp://address:port");
  WITAN_TRY(out.tcp, parse_socket_address(text));
  const bool numeric = out.tcp.host.find_first_not_of("0123456789.") == std::string::npos ||
                       out.tcp.host.find(':') != std::string::npos;
  if (!numeric)
    return fail(ErrorCode::config, {}, "a signer is given by its numeric address, not by a name");
  return out;
}

std::string to_string(const SignerAddress& address) {
  return address.is_unix() ? "unix://" + address.path : "tcp://" + to_string(address.tcp);
}

}  // namespace witan
