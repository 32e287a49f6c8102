// A bounded set of transaction ids whose members have a number, for data kept beside it. Salted, so
// that a sender cannot choose ids that collide. 8 bytes per cell and 32 per id.
#pragma once
#include <vector>

#include "actors/mempool/core/id_index.hpp"
#include "messages/base/check.hpp"

namespace witan::mempool {

class IdTable {
 public:
  IdTable(std::size_t count_max, std::uint64_t salt)
      : count_max_(count_max), index_(count_max, salt) {}

  [[nodiscard]] std::size_t size() const { return ids_.size() - free_.size(); }
  [[nodiscard]] std::size_t room() const { return count_max_ - size(); }
  [[nodiscard]] std::uint32_t find(const TxId& id) const { return index_.find(id, at()); }
  [[nodiscard]] bool contains(const TxId& id) const { return find(id) != no_slot; }
  // The new member's number; numbers of erased members are given again.
  // REQUIRES: room() > 0 and the id is no member.
  std::uint32_t insert(const TxId& id) {
    WITAN_CHECK(room() > 0, size());
    auto slot = static_cast<std::uint32_t>(ids_.size());
    if (free_.empty()) {
      ids_.push_back(id);
    } else {
      slot = free_.back();
      free_.pop_back();
      ids_[slot] = id;
    }
    index_.insert(id, slot);
    return slot;
  }
  // False if it was no member.
  bool erase(const TxId& id) {
    const std::uint32_t slot = find(id);
    if (slot == no_slot) return false;
    index_.erase(id, slot, at());
    free_.push_back(slot);
    return true;
  }

 private:
  struct At {
    const std::vector<TxId>& ids;
    const TxId& operator()(std::uint32_t slot) const { return ids[slot]; }
  };
  [[nodiscard]] At at() const { return {ids_}; }

  std::size_t count_max_;
  IdIndex index_;
  std::vector<TxId> ids_;
  std::vector<std::uint32_t> free_;
};

}  // namespace witan::mempool
