// An account as the state holds it, and how the executor asks for one.
#pragma once
#include "messages/base/codec_bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/transaction.hpp"

namespace witan::ledger {

struct Account {
  std::uint64_t balance = 0;
  std::uint64_t nonce = 0;  // of the next transfer it may send
  bool operator==(const Account&) const = default;
};

inline constexpr std::size_t account_bytes = 16;

// Fixed layout: balance u64, nonce u64.
[[nodiscard]] inline Bytes encode(const Account& account) {
  return ByteWriter(account_bytes).u64(account.balance).u64(account.nonce).take();
}
// Errors: corrupt (the bytes come from our own store).
[[nodiscard]] inline Result<Account> decode_account(ByteView bytes) {
  ByteReader in(bytes);
  Account out;
  out.balance = in.u64();
  out.nonce = in.u64();
  if (!in.done()) return fail(ErrorCode::corrupt, "account", "not an account record");
  return out;
}

// The state before the block. An account that does not exist is Account{}.
// Errors: io, corrupt; the block is then not judged at all.
class AccountReader {
 public:
  virtual ~AccountReader() = default;
  [[nodiscard]] virtual Result<Account> account(const AccountId& id) const = 0;
};

}  // namespace witan::ledger
