#include "actors/peers/conduct.hpp"

#include <algorithm>
#include <tuple>

#include "messages/base/error_codes.hpp"

namespace witan::peers {

std::uint32_t points_for(std::string_view code) {
  if (code == name_of(ErrorCode::bad_signature)) return 50;
  if (code == name_of(ErrorCode::invalid_block)) return 100;
  if (code == name_of(ErrorCode::malformed)) return 100;
  return 20;
}

std::uint32_t Conduct::points_of(const Record& record, Instant now) const {
  const auto faded = std::max<std::int64_t>(0, (now - record.counted).ns / limits_.point_life.ns);
  return faded >= record.points ? 0 : record.points - static_cast<std::uint32_t>(faded);
}

// Says no more than that the id was never seen.
bool Conduct::is_spent(const Record& record, Instant now) const {
  return points_of(record, now) == 0 &&
         (record.bans == 0 || record.banned_until + limits_.forget_after <= now);
}

void Conduct::make_room(Instant now) {
  if (records_.size() < limits_.records_max) return;
  std::erase_if(records_, [&](const auto& r) { return is_spent(r.second, now); });
  if (records_.size() < limits_.records_max) return;
  records_.erase(std::min_element(records_.begin(), records_.end(), [&](auto& a, auto& b) {
    return std::tuple(a.second.banned_until, points_of(a.second, now)) <
           std::tuple(b.second.banned_until, points_of(b.second, now));
  }));
}

std::optional<Duration> Conduct::offend(const NodeId& id, std::uint32_t points, bool persistent,
                                        Instant now) {
  if (is_banned(id, now)) return std::nullopt;
  if (const auto it = records_.find(id); it == records_.end()) {
    make_room(now);
  } else if (is_spent(it->second, now)) {
    it->second = {};
  }
  Record& record = records_[id];
  record.points = points_of(record, now) + points;
  record.counted = now;
  if (record.points < ban_points) return std::nullopt;
  record.points = 0;
  const Duration first = persistent ? limits_.persistent_ban : limits_.ban;
  const Duration longest = persistent ? limits_.persistent_ban_max : limits_.ban_max;
  const Duration ban =
      std::min(longest, first * (std::int64_t{1} << std::min(record.bans, std::uint32_t{16})));
  ++record.bans;
  record.banned_until = now + ban;
  return ban;
}

bool Conduct::is_banned(const NodeId& id, Instant now) const {
  const auto it = records_.find(id);
  return it != records_.end() && it->second.banned_until > now;
}

std::uint32_t Conduct::points(const NodeId& id, Instant now) const {
  const auto it = records_.find(id);
  return it == records_.end() ? 0 : points_of(it->second, now);
}

std::size_t Conduct::banned(Instant now) const {
  return static_cast<std::size_t>(
      std::count_if(records_.begin(), records_.end(),
                    [now](const auto& r) { return r.second.banned_until > now; }));
}

}  // namespace witan::peers
