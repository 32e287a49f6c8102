// Where a signer process listens: "unix:///run/witan/signer.sock" or "tcp://127.0.0.1:26659".
#pragma once
#include <string>
#include <string_view>

#include "config/node_config.hpp"
#include "messages/base/result.hpp"

namespace witan {

struct SignerAddress {
  std::string path;   // of a unix socket; empty: TCP
  SocketAddress tcp;  // a numeric address: nothing is looked up on the way to a signature
  [[nodiscard]] bool is_unix() const { return !path.empty(); }
  bool operator==(const SignerAddress&) const = default;
};

inline constexpr std::size_t unix_path_bytes_max = 107;  // of the operating system
// Errors: config (field empty).
[[nodiscard]] Result<SignerAddress> parse_signer_address(std::string_view text);
[[nodiscard]] std::string to_string(const SignerAddress& address);

}  // namespace witan
