// The one way to include Boost.Test (precompiled for every test program).
#pragma once
#include <boost/test/unit_test.hpp>
#include <ostream>

#include "messages/base/hex.hpp"
#include "messages/base/result.hpp"
#include "messages/types/height.hpp"

// Readable failures for our own types.
namespace witan {
template <class Tag, std::size_t N>
std::ostream& operator<<(std::ostream& os, const FixedBytes<Tag, N>& b) {
  return os << to_hex(b);
}
template <class Tag, class Rep>
std::ostream& operator<<(std::ostream& os, const Strong<Tag, Rep>& s) {
  return os << +s.get();
}
inline std::ostream& operator<<(std::ostream& os, Round r) { return os << r.get(); }
inline std::ostream& operator<<(std::ostream& os, Step s) { return os << name_of(s); }
inline std::ostream& operator<<(std::ostream& os, ErrorCode c) { return os << name_of(c); }
inline std::ostream& operator<<(std::ostream& os, const Error& e) { return os << e.to_string(); }
}  // namespace witan

// REQUIRE that a Result holds a value, printing the error if it does not.
#define WITAN_REQUIRE_OK(result)                                                                \
  do {                                                                                          \
    const auto& witan_r = (result);                                                             \
    BOOST_REQUIRE_MESSAGE(witan_r.has_value(),                                                  \
                          #result " failed: " << (witan_r ? "" : witan_r.error().to_string())); \
  } while (false)
// CHECK that a Result failed with this code.
#define WITAN_CHECK_ERROR(result, expected_code)                                  \
  do {                                                                            \
    const auto& witan_r = (result);                                               \
    BOOST_CHECK_MESSAGE(!witan_r.has_value(), #result " unexpectedly succeeded"); \
    if (!witan_r) BOOST_CHECK_EQUAL(witan_r.error().code, expected_code);         \
  } while (false)
