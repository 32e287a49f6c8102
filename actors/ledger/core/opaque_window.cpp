#include "actors/ledger/core/opaque_window.hpp"

#include "messages/base/check.hpp"
#include "messages/base/int_math.hpp"

namespace witan::ledger {

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

bool OpaqueWindow::contains(const TxId& id, Height last_height) const {
  const auto it = by_last_height_.find(last_height);
  return it != by_last_height_.end() && it->second.contains(id);
}

void OpaqueWindow::commit(Height height, std::span<const OpaqueEntry> entries) {
  WITAN_CHECK(entries.size() <= room(), entries.size(), room());
  for (const OpaqueEntry& e : entries) {
    auto& ids = by_last_height_.try_emplace(e.last_height, IdSet(salt_)).first->second;
    if (ids.insert(e.id)) ++size_;
  }
  // The next block is height + 1: what may not be in it any more is forgotten.
  while (!by_last_height_.empty() && by_last_height_.begin()->first <= height) {
    size_ -= by_last_height_.begin()->second.size();
    by_last_height_.erase(by_last_height_.begin());
  }
}

std::size_t OpaqueWindow::bytes() const {
  std::size_t out = 0;
  for (const auto& [height, ids] : by_last_height_) out += ids.bytes();
  return out;
}

}  // namespace witan::ledger
