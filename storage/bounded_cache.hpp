// Bounded map for things that can be read again: two generations, O(1), no per-entry links.
//
// When the young generation holds half of the budget it becomes the old one and the previous old
// one is dropped; a hit in the old generation moves the entry to the young one. So an entry used
// again within half a budget of insertions stays. Not thread-safe. Content never changes a result,
// only the time it takes.
#pragma once
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace witan {

template <class Key, class Value, class Hasher>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t bytes_max) : half_(bytes_max / 2) {}

  // Valid until the next call that is not find() of the same key.
  [[nodiscard]] const Value* find(const Key& key) {
    if (const auto it = young_.find(key); it != young_.end()) return &it->second.first;
    const auto it = old_.find(key);
    if (it == old_.end()) return nullptr;
    const std::size_t bytes = it->second.second;
    Value value = std::move(it->second.first);
    erase_from(old_, old_bytes_, key);
    return &insert(key, std::move(value), bytes);
  }
  const Value& put(const Key& key, Value value, std::size_t bytes) {
    erase(key);
    return insert(key, std::move(value), bytes + entry_overhead_bytes);
  }
  void erase(const Key& key) {
    erase_from(young_, young_bytes_, key);
    erase_from(old_, old_bytes_, key);
  }
  void clear() {
    young_.clear();
    old_.clear();
    young_bytes_ = old_bytes_ = 0;
  }
  [[nodiscard]] std::size_t bytes() const { return young_bytes_ + old_bytes_; }
  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

 private:
  using Map = std::unordered_map<Key, std::pair<Value, std::size_t>, Hasher>;
  // Hash node, bucket and allocator overhead of an entry.
  static constexpr std::size_t entry_overhead_bytes = sizeof(Key) + sizeof(Value) + 56;

  const Value& insert(const Key& key, Value value, std::size_t bytes) {
    if (young_bytes_ + bytes > half_) {
      old_ = std::exchange(young_, Map{});
      old_bytes_ = std::exchange(young_bytes_, 0);
    }
    young_bytes_ += bytes;
    return young_.insert_or_assign(key, std::pair(std::move(value), bytes)).first->second.first;
  }
  static void erase_from(Map& map, std::size_t& bytes, const Key& key) {
    const auto it = map.find(key);
    if (it == map.end()) return;
    bytes -= it->second.second;
    map.erase(it);
  }

  std::size_t half_;
  Map young_;
  Map old_;
  std::size_t young_bytes_ = 0;
  std::size_t old_bytes_ = 0;
};

}  // namespace witan
