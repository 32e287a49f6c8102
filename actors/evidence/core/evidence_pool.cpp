#include "actors/evidence/core/evidence_pool.hpp"

namespace witan::evidence {

EvidencePool::Outcome EvidencePool::add(Item item) {
  if (committed_.contains(item.key)) return {Added::committed, std::nullopt};
  if (pending_.contains(item.key)) return {Added::known, std::nullopt};
  std::size_t held = 0;
  auto last = pending_.end();  // of this accused
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    if (it->first.validator != item.key.validator) continue;
    ++held;
    last = it;
  }
  Outcome out;
  if (held >= pending_per_validator_max || (held > 0 && pending_.size() >= pending_max)) {
    if (last->first < item.key) return {Added::full, std::nullopt};
    out.evicted = std::move(pending_.extract(last).mapped());
  } else if (pending_.size() >= pending_max) {
    return {Added::full, std::nullopt};
  }
  const EvidenceKey key = item.key;
  pending_.emplace(key, std::move(item));
  return out;
}

std::optional<EvidencePool::Item> EvidencePool::drop(const EvidenceKey& key) {
  auto node = pending_.extract(key);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::optional<EvidencePool::Item> EvidencePool::commit(const EvidenceKey& key) {
  if (committed_.insert(key).second) committed_order_.push_back(key);
  if (committed_order_.size() > committed_max) {
    committed_.erase(committed_order_.front());
    committed_order_.pop_front();
  }
  return drop(key);
}

std::vector<const EvidencePool::Item*> EvidencePool::pending(std::size_t count_max) const {
  std::vector<const Item*> out;
  for (const auto& [key, item] : pending_) {
    if (out.size() >= count_max) break;
    out.push_back(&item);
  }
  return out;
}

}  // namespace witan::evidence
