#include "actors/api/core/rate_limit.hpp"

#include <algorithm>

namespace witan {

bool RateLimit::admit(std::string_view address, Instant now) {
  if (per_second_ == 0) return true;
  const std::int64_t token_ns = 1'000'000'000 / per_second_;
  const std::int64_t full_ns = token_ns * std::max<std::int64_t>(burst_, 1);
  auto it = buckets_.find(address);
  if (it == buckets_.end()) {
    if (buckets_.size() >= addresses_max_) {
      buckets_.erase(by_use_.front());
      by_use_.pop_front();
    }
    const auto age = by_use_.emplace(by_use_.end(), address);
    it = buckets_.emplace(std::string(address), Bucket{full_ns, now, age}).first;
  }
  Bucket& bucket = it->second;
  by_use_.splice(by_use_.end(), by_use_, bucket.age);
  // Both terms are at most full_ns, so the sum cannot overflow.
  bucket.ns_worth = std::min(
      full_ns, bucket.ns_worth + std::clamp<std::int64_t>((now - bucket.filled).ns, 0, full_ns));
  bucket.filled = now;
  if (bucket.ns_worth < token_ns) return false;
  bucket.ns_worth -= token_ns;
  return true;
}

}  // namespace witan
