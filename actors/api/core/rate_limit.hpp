// Requests per second of each remote address: one token bucket per address, in bounded memory.
// Pure; one thread. When the table is full, the bucket used longest ago makes room: an attacker
// with many addresses can refill a bucket early, which only gives it what new addresses give
// anyway.
#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "messages/base/time.hpp"

namespace witan {

class RateLimit {
 public:
  // `per_second` tokens flow into a bucket that holds `burst`. per_second 0: no limit.
  RateLimit(std::uint32_t per_second, std::uint32_t burst, std::size_t addresses_max = 4096)
      : per_second_(per_second), burst_(burst), addresses_max_(addresses_max) {}

  // Takes one token of `address`; false when there is none. `now` never goes back.
  bool admit(std::string_view address, Instant now);
  [[nodiscard]] std::size_t addresses() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::int64_t ns_worth = 0;  // tokens in nanoseconds of refill time: exact integers
    Instant filled;
    std::list<std::string>::iterator age;
  };
  std::uint32_t per_second_;
  std::uint32_t burst_;
  std::size_t addresses_max_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::list<std::string> by_use_;  // front: used longest ago
};

}  // namespace witan
