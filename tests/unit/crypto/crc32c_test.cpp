#include "messages/base/crc32c.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(crc32c_checksum)

BOOST_AUTO_TEST_CASE(known_values) {
  BOOST_CHECK_EQUAL(crc32c({}), 0U);
  BOOST_CHECK_EQUAL(crc32c(as_bytes("123456789")), 0xe3069283U);
  BOOST_CHECK_EQUAL(crc32c_portable(as_bytes("123456789")), 0xe3069283U);
  BOOST_CHECK_EQUAL(crc32c(Bytes(32, 0)), 0x8a9136aaU);
  BOOST_CHECK_EQUAL(crc32c(Bytes(32, 0xff)), 0x62a8ab43U);
}

WITAN_PROPERTY(hardware_and_table_agree_at_any_alignment,
               [](const Bytes& bytes, std::uint32_t seed) {
                 for (std::size_t skip = 0; skip < std::min<std::size_t>(bytes.size(), 9); ++skip) {
                   const ByteView part = ByteView(bytes).subspan(skip);
                   RC_ASSERT(crc32c(part, seed) == crc32c_portable(part, seed));
                 }
               })

WITAN_PROPERTY(a_checksum_continues_from_its_seed, [](const Bytes& a, const Bytes& b) {
  Bytes both = a;
  append(both, b);
  RC_ASSERT(crc32c(both) == crc32c(b, crc32c(a)));
})

WITAN_PROPERTY(one_changed_bit_changes_the_checksum, [](Bytes bytes, std::size_t at) {
  RC_PRE(!bytes.empty());
  const std::uint32_t before = crc32c(bytes);
  bytes[at % bytes.size()] ^= static_cast<std::uint8_t>(1U << at / 7 % 8);
  RC_ASSERT(crc32c(bytes) != before);
})

BOOST_AUTO_TEST_SUITE_END()
