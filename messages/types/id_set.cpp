#include "messages/types/id_set.hpp"

#include "messages/base/int_math.hpp"

namespace witan {

IdSet::Half IdSet::half_of(const TxId& id) {
  Half out{};
  std::memcpy(&out.a, id.data.data(), 8);
  std::memcpy(&out.b, id.data.data() + 8, 8);
  return out;
}

std::size_t IdSet::find(const Half& half) const {
  const std::uint64_t hash = (half.a ^ salt_) * 0x9e3779b97f4a7c15ULL;
  auto at = static_cast<std::size_t>(static_cast<u128>(hash) * slots_.size() >> 64U);
  while (!(slots_[at] == half) && !slots_[at].is_free()) at = at + 1 == slots_.size() ? 0 : at + 1;
  return at;
}

bool IdSet::contains(const TxId& id) const {
  const Half half = half_of(id);
  return !half.is_free() && !slots_.empty() && slots_[find(half)] == half;
}

bool IdSet::insert(const TxId& id) {
  const Half half = half_of(id);
  if (half.is_free()) return false;
  if ((size_ + 1) * 4 > slots_.size() * 3)
    resize(std::max<std::size_t>(16, slots_.size() + slots_.size() / 2));
  Half& slot = slots_[find(half)];
  if (slot == half) return false;
  slot = half;
  ++size_;
  return true;
}

void IdSet::reserve(std::size_t count) {
  const std::size_t slots = count + count / 3 + 2;
  if (slots > slots_.size()) resize(slots);
}

void IdSet::resize(std::size_t slots) {
  std::vector<Half> old(slots);
  old.swap(slots_);
  for (const Half& half : old)
    if (!half.is_free()) slots_[find(half)] = half;
}

}  // namespace witan
