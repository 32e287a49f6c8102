#include "messages/base/codec_bytes.hpp"
#include "messages/base/random.hpp"
#include "messages/base/utf8.hpp"
#include "tests/support/property.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(base)

BOOST_AUTO_TEST_CASE(hex_refuses_odd_length_and_foreign_characters) {
  WITAN_CHECK_ERROR(from_hex("abc"), ErrorCode::malformed);
  WITAN_CHECK_ERROR(from_hex("zz"), ErrorCode::malformed);
  BOOST_CHECK(*from_hex("00fF") == (Bytes{0x00, 0xff}));
}

BOOST_AUTO_TEST_CASE(utf8_has_no_overlong_forms_surrogates_or_cut_sequences) {
  BOOST_CHECK_EQUAL(utf8_length(""), 0u);
  BOOST_CHECK_EQUAL(utf8_length("ab"), 1u);
  BOOST_CHECK_EQUAL(utf8_length("\xC3\xA9z"), 2u);
  BOOST_CHECK_EQUAL(utf8_length("\xE2\x82\xAC"), 3u);
  BOOST_CHECK_EQUAL(utf8_length("\xF4\x8F\xBF\xBF"), 4u);
  for (const char* bad : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xC3", "\xE2\x82", "\xF5\x80\x80\x80"})
    BOOST_CHECK_EQUAL(utf8_length(bad), 0u);
}

WITAN_PROPERTY(hex_round_trips,
               [](const Bytes& bytes) { RC_ASSERT(*from_hex(to_hex(ByteView(bytes))) == bytes); });

WITAN_PROPERTY(fixed_layout_round_trips, [](std::uint8_t a, std::uint64_t b, const Bytes& c) {
  const Bytes encoded = ByteWriter().u8(a).u64(b).prefixed(c).take();
  ByteReader in(encoded);
  RC_ASSERT(in.u8() == a);
  RC_ASSERT(in.u64() == b);
  const ByteView back = in.prefixed(c.size());
  RC_ASSERT(Bytes(back.begin(), back.end()) == c);
  RC_ASSERT(in.done());
});

BOOST_AUTO_TEST_CASE(reader_reports_short_input_and_long_prefix) {
  const Bytes encoded = ByteWriter().prefixed(Bytes(10)).take();
  ByteReader too_long(encoded);
  BOOST_CHECK(too_long.prefixed(9).empty());
  BOOST_CHECK(too_long.failed());
  ByteReader cut(ByteView(encoded).first(8));
  (void)cut.prefixed(10);
  BOOST_CHECK(!cut.done());
}

BOOST_AUTO_TEST_CASE(random_is_the_same_everywhere_and_forks_are_independent) {
  Random a(7);
  BOOST_CHECK_EQUAL(a.next(), Random(7).next());
  Random fork_before = a.fork("x");
  (void)a.next();
  Random fork_after = a.fork("x");
  BOOST_CHECK_EQUAL(fork_before.next(), fork_after.next());
  BOOST_CHECK_NE(a.fork("x").next(), a.fork("y").next());
}

BOOST_AUTO_TEST_SUITE_END()
