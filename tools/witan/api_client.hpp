// The node's API (docs/reference/api.md) over one connection: replies as text, the API's errors as
// typed errors, and the few questions a sender of transactions has.
#pragma once
#include <optional>

#include "crypto/keys.hpp"
#include "messages/types/transaction.hpp"
#include "tools/witan/http_client.hpp"

namespace witan::cli {

// Where an account stands; zeros when it does not exist.
struct AccountState {
  std::uint64_t balance = 0;
  std::uint64_t nonce = 0;          // the next one after the last block
  std::uint64_t pending_nonce = 0;  // the next one after what the node has pending
};

// A connection belongs to one thread at a time.
class ApiClient {
 public:
  explicit ApiClient(HttpUrl url, Duration timeout = http_timeout_default)
      : connection_(std::move(url), timeout) {}

  // Body of a reply with status 200. Errors: those of the connection; what the node answered
  // ({"error":{...}}: its code, field and text); malformed when the answer is not the API's.
  [[nodiscard]] Result<std::string> get(const std::string& path);
  [[nodiscard]] Result<std::string> post(const std::string& path, ByteView body);

  [[nodiscard]] Result<Hash32> chain_id();
  [[nodiscard]] Result<std::uint64_t> latest_height();
  [[nodiscard]] Result<AccountState> account(const AccountId& id);
  // Reply: the SubmitResult as JSON. `wait`: answer when it is in a block.
  [[nodiscard]] Result<std::string> submit(ByteView transaction, bool wait);

  [[nodiscard]] HttpConnection& connection() { return connection_; }

 private:
  HttpConnection connection_;
};

// The code with this name; `internal` for a name this build does not know.
[[nodiscard]] ErrorCode error_code_from(std::string_view name);

}  // namespace witan::cli
