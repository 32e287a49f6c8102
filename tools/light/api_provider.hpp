// A node's API as a provider of light blocks, whole blocks and proved accounts. Nothing of what it
// returns is verified here. One thread.
#pragma once
#include "crypto/light/provider.hpp"
#include "messages/types/transaction.hpp"
#include "tools/witan/api_client.hpp"

namespace witan::light {

// What a node says about an account: to be proved against the header of `height`.
struct AccountClaim {
  Height height;
  bool exists = false;
  std::uint64_t balance = 0;
  std::uint64_t nonce = 0;
  Bytes proof;  // storage/state_proof.hpp
};

class ApiProvider final : public Provider {
 public:
  explicit ApiProvider(web::HttpUrl url, Duration timeout = cli::http_timeout_default);

  [[nodiscard]] const std::string& name() const override { return name_; }
  // Errors: those of ApiClient::get and decode_light_block; malformed.
  [[nodiscard]] Result<LightBlock> at(Height height) override;
  // POST /api/v1/evidence?attack=1. Errors: those of ApiClient::post; malformed.
  [[nodiscard]] Result<std::size_t> report(ByteView attack) override;
  // The bytes of encode_block(). Errors: those of at().
  [[nodiscard]] Result<Bytes> block_bytes(Height height);
  // Errors: as above; an account that does not exist is an answer.
  [[nodiscard]] Result<AccountClaim> account(const AccountId& id);

 private:
  std::string name_;
  cli::ApiClient api_;
};

}  // namespace witan::light
