// The last ids put in, at least `generation_max` and at most twice that many.
#pragma once
#include <utility>

#include "messages/types/id_set.hpp"

namespace witan::mempool {

class RecentIds {
 public:
  RecentIds(std::size_t generation_max, std::uint64_t salt)
      : generation_max_(generation_max), salt_(salt), now_(salt), before_(salt) {}
  [[nodiscard]] bool contains(const TxId& id) const {
    return now_.contains(id) || before_.contains(id);
  }
  void insert(const TxId& id) {
    if (now_.size() >= generation_max_) before_ = std::exchange(now_, IdSet(salt_));
    now_.insert(id);
  }

 private:
  std::size_t generation_max_;
  std::uint64_t salt_;
  IdSet now_;
  IdSet before_;
};

}  // namespace witan::mempool
