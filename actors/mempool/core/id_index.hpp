// From transaction id to position in the pool: open addressing with 8 bytes per cell, linear
// probing, backward-shift removal. The ids themselves stay in the pool's entries.
#pragma once
#include <cstring>
#include <vector>

#include "messages/types/transaction.hpp"

namespace witan::mempool {

inline constexpr std::uint32_t no_slot = UINT32_MAX;

class IdIndex {
 public:
  // Never holds more than count_max ids. `salt` keeps senders from choosing ids that collide.
  IdIndex(std::size_t count_max, std::uint64_t salt) : salt_(salt) {
    std::size_t cells = 16;
    while (cells < count_max * 2) cells *= 2;
    cells_.resize(cells);
    mask_ = cells - 1;
  }

  // `id_at(slot)` gives the id stored at a slot.
  template <class IdAt>
  [[nodiscard]] std::uint32_t find(const TxId& id, const IdAt& id_at) const {
    const std::uint64_t hash = hash_of(id);
    for (std::size_t i = hash & mask_; cells_[i].slot != no_slot; i = (i + 1) & mask_)
      if (cells_[i].tag == tag_of(hash) && id_at(cells_[i].slot) == id) return cells_[i].slot;
    return no_slot;
  }
  // REQUIRES: the id is not in the index.
  void insert(const TxId& id, std::uint32_t slot) {
    const std::uint64_t hash = hash_of(id);
    std::size_t i = hash & mask_;
    while (cells_[i].slot != no_slot) i = (i + 1) & mask_;
    cells_[i] = {tag_of(hash), slot};
  }
  // REQUIRES: (id, slot) is in the index. `id_at` as in find, valid for every slot held.
  template <class IdAt>
  void erase(const TxId& id, std::uint32_t slot, const IdAt& id_at) {
    std::size_t hole = hash_of(id) & mask_;
    while (cells_[hole].slot != slot) hole = (hole + 1) & mask_;
    for (std::size_t i = (hole + 1) & mask_; cells_[i].slot != no_slot; i = (i + 1) & mask_) {
      const std::size_t home = hash_of(id_at(cells_[i].slot)) & mask_;
      // The cell may fill the hole if its home is not between the hole and itself.
      if (((i - home) & mask_) < ((i - hole) & mask_)) continue;
      cells_[hole] = cells_[i];
      hole = i;
    }
    cells_[hole] = {};
  }

 private:
  struct Cell {
    std::uint32_t tag = 0;
    std::uint32_t slot = no_slot;
  };
  [[nodiscard]] std::uint64_t hash_of(const TxId& id) const {
    std::uint64_t word = 0;
    std::memcpy(&word, id.data.data(), sizeof word);
    word = (word ^ salt_) * 0x9e3779b97f4a7c15ULL;
    return word ^ word >> 32U;
  }
  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
  }

  std::vector<Cell> cells_;
  std::size_t mask_ = 0;
  std::uint64_t salt_;
};

}  // namespace witan::mempool
