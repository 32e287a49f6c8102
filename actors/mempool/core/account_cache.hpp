// Nonces and balances of the accounts that send, as of the last committed block. Bounded: two
// generations; an account that is not looked up while one fills is forgotten.
#pragma once
#include <optional>
#include <unordered_map>
#include <utility>

#include "messages/types/transaction.hpp"

namespace witan::mempool {

struct AccountView {
  std::uint64_t nonce = 0;
  std::uint64_t balance = 0;
};

class AccountCache {
 public:
  explicit AccountCache(std::size_t generation_max) : generation_max_(generation_max) {}
  [[nodiscard]] std::optional<AccountView> find(const AccountId& id) {
    if (const auto it = now_.find(id); it != now_.end()) return it->second;
    const auto it = before_.find(id);
    if (it == before_.end()) return std::nullopt;
    const AccountView view = it->second;
    put(id, view);
    return view;
  }
  void put(const AccountId& id, AccountView view) {
    if (now_.size() >= generation_max_ && !now_.contains(id)) before_ = std::exchange(now_, {});
    now_[id] = view;
  }
  // A block changed the account: only those held are updated.
  void update(const AccountId& id, AccountView view) {
    if (const auto it = now_.find(id); it != now_.end())
      it->second = view;
    else if (const auto old = before_.find(id); old != before_.end())
      old->second = view;
  }

 private:
  std::size_t generation_max_;
  std::unordered_map<AccountId, AccountView> now_;  // never iterated
  std::unordered_map<AccountId, AccountView> before_;
};

}  // namespace witan::mempool
