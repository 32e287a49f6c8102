#include "messages/types/id_set.hpp"

#include <set>

#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

namespace witan {
namespace {
// Few different ids, many of them in one slot.
TxId id_of(std::uint8_t a, std::uint8_t b) {
  TxId id;
  id.data[0] = a;
  id.data[15] = b;
  return id;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(id_set_test)

WITAN_PROPERTY(holds_what_a_set_holds, [](const std::vector<std::pair<std::uint8_t, bool>>& steps,
                                          std::uint64_t salt) {
  IdSet ids(salt);
  std::set<TxId> model;
  for (const auto& [value, reserve] : steps) {
    const TxId id = id_of(value % 4, value);
    if (reserve) ids.reserve(model.size() + value % 8);
    const bool is_new = id != TxId{} && model.insert(id).second;
    RC_ASSERT(ids.insert(id) == is_new);
    RC_ASSERT(ids.size() == model.size());
  }
  for (unsigned value = 0; value < 256; ++value) {
    const TxId id = id_of(static_cast<std::uint8_t>(value % 4), static_cast<std::uint8_t>(value));
    RC_ASSERT(ids.contains(id) == (model.count(id) == 1));
  }
})

BOOST_AUTO_TEST_CASE(the_first_half_names_an_id_and_zero_names_none) {
  IdSet ids;
  TxId a = id_of(1, 2);
  BOOST_CHECK(ids.insert(a));
  a.data[16] = 9;
  BOOST_CHECK(ids.contains(a));
  BOOST_CHECK(!ids.insert(a));
  BOOST_CHECK(!ids.insert(TxId{}));
  BOOST_CHECK(!ids.contains(TxId{}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan
