#include "tools/sim/schedule.hpp"

#include <algorithm>

namespace witan::sim {

void Schedule::at(Instant when, Action action) {
  heap_.push_back({std::max(when, now_), numbers_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

std::optional<Instant> Schedule::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

bool Schedule::run_due() {
  if (heap_.empty() || heap_.front().when > now_) return false;
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Action action = std::move(heap_.back().action);
  heap_.pop_back();
  action();
  return true;
}

}  // namespace witan::sim
