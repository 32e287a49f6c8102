// RFC 3339 times in UTC, as the genesis file writes them.
#pragma once
#include <string>
#include <string_view>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan {

// "2026-01-02T03:04:05Z" with an optional fraction of 1 to 9 digits; years 1970..2261.
// Errors: genesis, field = `field`.
[[nodiscard]] Result<UnixTime> parse_rfc3339(std::string_view text, std::string field);
// The shortest such text: no fraction when it is 0, no trailing zeros. REQUIRES: time.ns >= 0.
[[nodiscard]] std::string to_rfc3339(UnixTime time);

}  // namespace witan
