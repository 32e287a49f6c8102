// Requests that wait for their reply.
#include <algorithm>

#include "actors/runtime/detail/cell.hpp"

namespace witan::rt::detail {
namespace {
constexpr std::uint64_t low24 = (std::uint64_t{1} << 24) - 1;
}

std::uint64_t PendingTable::number(std::uint32_t incarnation, std::uint32_t generation,
                                   std::size_t place) {
  return (std::uint64_t{incarnation & 0xffffU} << 48) | ((generation & low24) << 24) | place;
}

std::uint64_t PendingTable::add(std::uint32_t incarnation, ReplyCallback callback,
                                TimePoint deadline) {
  std::size_t place = entries_.size();
  if (free_.empty()) {
    WITAN_CHECK(place <= low24, place);
    entries_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  Entry& entry = entries_[place];
  entry.callback = std::move(callback);
  entry.deadline = deadline;
  entry.used = true;
  ++used_;
  return number(incarnation, entry.generation, place);
}

ReplyCallback PendingTable::take(std::uint32_t incarnation, std::uint64_t request) {
  const auto place = static_cast<std::size_t>(request & low24);
  if (place >= entries_.size()) return {};
  Entry& entry = entries_[place];
  if (!entry.used || number(incarnation, entry.generation, place) != request) return {};
  ReplyCallback out = std::move(entry.callback);
  entry.used = false;
  entry.generation =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (entry.generation + 1) & low24));
  free_.push_back(static_cast<std::uint32_t>(place));
  --used_;
  return out;
}

std::vector<std::uint64_t> PendingTable::due(std::uint32_t incarnation, TimePoint now,
                                             std::optional<TimePoint>& next) const {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!entry.used) continue;
    if (entry.deadline <= now) {
      out.push_back(number(incarnation, entry.generation, i));
    } else if (!next || entry.deadline < *next) {
      next = entry.deadline;
    }
  }
  return out;
}

std::vector<ReplyCallback> PendingTable::take_all() {
  std::vector<ReplyCallback> out;
  for (auto& entry : entries_) {
    if (std::exchange(entry.used, false)) out.push_back(std::move(entry.callback));
  }
  used_ = 0;
  return out;
}

}  // namespace witan::rt::detail
