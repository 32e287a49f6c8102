// Shared by the ledger tests: accounts in a map, transactions from small numbers.
#pragma once
#include <deque>
#include <map>

#include "actors/ledger/core/executor.hpp"
#include "messages/base/int_math.hpp"
#include "messages/base/random.hpp"

namespace witan::test {

template <class Fixed>
Fixed numbered(std::uint64_t n) {
  Fixed out;
  std::memcpy(out.data.data(), &n, sizeof n);
  out.data[Fixed::size_bytes - 1] = 0x5A;
  return out;
}

class MapAccounts final : public ledger::AccountReader {
 public:
  Result<ledger::Account> account(const AccountId& id) const override {
    if (broken) return fail(ErrorCode::io, "state.db", "broken by the test");
    const auto it = accounts.find(id);
    return it == accounts.end() ? ledger::Account{} : it->second;
  }
  void take(const ledger::ExecutionResult& result) {
    for (const auto& w : result.accounts) accounts[w.id] = w.account;
  }
  [[nodiscard]] u128 supply() const {
    u128 out = 0;
    for (const auto& [id, a] : accounts) out += a.balance;
    return out;
  }
  std::map<AccountId, ledger::Account> accounts;
  bool broken = false;
};

// Keeps transactions alive while ExecTx points at them.
class TxList {
 public:
  const ledger::ExecTx& add(Transaction tx, bool verified = true) {
    owned_.push_back(std::move(tx));
    list_.push_back({numbered<TxId>(++next_id_), &owned_.back(), verified});
    return list_.back();
  }
  const ledger::ExecTx& transfer(std::uint64_t from, std::uint64_t to, std::uint64_t amount,
                                 std::uint64_t fee, std::uint64_t nonce, bool verified = true) {
    Transfer t;
    t.from = numbered<AccountId>(from);
    t.to = numbered<AccountId>(to);
    t.amount = amount;
    t.fee = fee;
    t.nonce = nonce;
    return add(t, verified);
  }
  [[nodiscard]] const std::vector<ledger::ExecTx>& all() const { return list_; }
  std::vector<ledger::ExecTx>& all() { return list_; }

 private:
  std::deque<Transaction> owned_;
  std::vector<ledger::ExecTx> list_;
  std::uint64_t next_id_ = 0;
};

}  // namespace witan::test
