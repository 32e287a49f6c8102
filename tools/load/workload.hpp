// Bodies for POST /api/v1/transactions/batch: u32 little-endian length before each transaction.
// Thread rule: one thread per object.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/random.hpp"

namespace witan::loadgen {

// `count` opaque transactions of `payload_bytes` random bytes each, so every one is unique; valid
// up to `last_height`.
[[nodiscard]] std::string opaque_batch(Random& random, std::size_t count, std::size_t payload_bytes,
                                       Height last_height);
// Encoded size of one, with its length prefix.
[[nodiscard]] std::size_t opaque_entry_bytes(std::size_t payload_bytes);
inline constexpr std::size_t transfer_entry_bytes = 288;  // upper bound with an empty memo

// Development accounts whose transfers go one behind the other through one connection, so that
// their nonces arrive in order.
class TransferLane {
 public:
  TransferLane(ChainId chain_id, std::uint64_t fee) : chain_id_(chain_id), fee_(fee) {}

  void add(SecretKey key) {
    const AccountId id = key.public_key();
    accounts_.push_back(Account{std::move(key), id, 0});
  }
  [[nodiscard]] std::size_t size() const { return accounts_.size(); }
  [[nodiscard]] AccountId id(std::size_t account) const { return accounts_[account].id; }
  void set_nonce(std::size_t account, std::uint64_t nonce) { accounts_[account].nonce = nonce; }
  // Transfers of 1 from each account in turn to the next one. REQUIRES: size() > 0. Uses nonces.
  [[nodiscard]] std::string batch(std::size_t count);

 private:
  struct Account {
    SecretKey key;
    AccountId id;
    std::uint64_t nonce = 0;
  };

  ChainId chain_id_;
  std::uint64_t fee_;
  std::vector<Account> accounts_;
  std::size_t turn_ = 0;
};

}  // namespace witan::loadgen
