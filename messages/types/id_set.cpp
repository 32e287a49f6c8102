#include "messages/types/id_set.hpp"

#include "messages/base/int_math.hpp"

namespace witan {

std::size_t IdSet::slot_of(const TxId& id) const {
  std::uint64_t word = 0;
  std::memcpy(&word, id.data.data(), sizeof word);
  word = (word ^ salt_) * 0x9e3779b97f4a7c15ULL;
  const u128 product = static_cast<u128>(word) * slots_.size();
  return static_cast<std::size_t>(product >> 64U);
}

bool IdSet::contains(const TxId& id) const {
  if (slots_.empty()) return false;
  for (std::size_t i = slot_of(id);; i = i + 1 == slots_.size() ? 0 : i + 1) {
    if (slots_[i] == id) return true;
    if (slots_[i].is_zero()) return false;
  }
}

bool IdSet::insert(const TxId& id) {
  if (id.is_zero()) return false;
  if ((size_ + 1) * 8 > slots_.size() * 7) grow();
  for (std::size_t i = slot_of(id);; i = i + 1 == slots_.size() ? 0 : i + 1) {
    if (slots_[i] == id) return false;
    if (!slots_[i].is_zero()) continue;
    slots_[i] = id;
    ++size_;
    return true;
  }
}

void IdSet::grow() {
  std::vector<TxId> old(slots_.size() < 16 ? 16 : slots_.size() + slots_.size() / 2);
  old.swap(slots_);
  size_ = 0;
  for (const TxId& id : old)
    if (!id.is_zero()) insert(id);
}

}  // namespace witan
