#include "actors/ledger/core/opaque_window.hpp"

#include "messages/base/check.hpp"

namespace witan::ledger {

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
