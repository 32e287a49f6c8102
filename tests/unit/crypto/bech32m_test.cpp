#include "crypto/bech32m.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(bech32m)

BOOST_AUTO_TEST_CASE(texts_of_bip_350_are_accepted) {
  for (const char* text :
       {"A1LQFN3A", "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7h"
        "g6",
        "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr"
        "8",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "?1v759aa"}) {
    const auto decoded = bech32m_decode_words(text);
    WITAN_REQUIRE_OK(decoded);
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    BOOST_CHECK_EQUAL(bech32m_encode_words(decoded->prefix, decoded->words).value(), lower);
  }
}

BOOST_AUTO_TEST_CASE(texts_that_break_bip_350_are_rejected) {
  for (const char* text :
       {"\x20"
        "1xj0phk",
        "\x7f"
        "1g6xzxy",
        "\x80"
        "1vctc34",
        "qyrz8wqd2c9m", "1qyrz8wqd2c9m", "y1b0jsk6g", "lt1igcx5c0", "in1muywd", "mm1crxm3i",
        "au1s5cgom", "M1VUXWEZ", "16plkw9", "1p2gdwpf", "", "1", "a1LQFN3A", "a12uel5l"})
    WITAN_CHECK_ERROR(bech32m_decode_words(text), ErrorCode::bad_address);
}

BOOST_AUTO_TEST_CASE(a_key_sized_value_round_trips_with_its_prefix) {
  const Bytes key(32, 0xab);
  const auto text = bech32m_encode("wit", key);
  WITAN_REQUIRE_OK(text);
  BOOST_CHECK(text->starts_with("wit1"));
  BOOST_CHECK(bech32m_decode("wit", *text).value() == key);
  WITAN_CHECK_ERROR(bech32m_decode("witest", *text), ErrorCode::bad_address);
}

BOOST_AUTO_TEST_CASE(unusable_prefixes_and_sizes_are_refused) {
  WITAN_CHECK_ERROR(bech32m_encode("", {}), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(bech32m_encode("Wit", {}), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(bech32m_encode("w t", {}), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(bech32m_encode(std::string(84, 'a'), {}), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(bech32m_encode("wit", Bytes(51)), ErrorCode::too_large);
  WITAN_CHECK_ERROR(bech32m_encode("wit", Bytes(1000)), ErrorCode::too_large);
  WITAN_CHECK_ERROR(bech32m_encode_words("wit", Bytes{32}), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(padding_that_is_too_long_or_not_zero_is_rejected) {
  // 8 bits take two words; their last two bits are padding.
  const auto nonzero = bech32m_encode_words("wit", Bytes{1, 1}).value();
  WITAN_CHECK_ERROR(bech32m_decode("wit", nonzero), ErrorCode::bad_address);
  const auto too_long = bech32m_encode_words("wit", Bytes{1, 0, 0}).value();
  WITAN_CHECK_ERROR(bech32m_decode("wit", too_long), ErrorCode::bad_address);
  const auto exact = bech32m_encode_words("wit", Bytes{1, 4}).value();
  BOOST_CHECK(bech32m_decode("wit", exact).value() == Bytes{9});
}

BOOST_AUTO_TEST_CASE(every_single_wrong_character_is_found) {
  const std::string text = bech32m_encode("wit", Bytes(32, 0x5c)).value();
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const char c : std::string_view("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio")) {
      if (text[i] == c) continue;
      std::string wrong = text;
      wrong[i] = c;
      WITAN_CHECK_ERROR(bech32m_decode("wit", wrong), ErrorCode::bad_address);
    }
}

WITAN_PROPERTY(short_values_round_trip, [](Bytes bytes) {
  bytes.resize(std::min<std::size_t>(bytes.size(), 50));
  const auto text = bech32m_encode("wit", bytes);
  RC_ASSERT(text.has_value());
  RC_ASSERT(text->size() <= bech32m_max_chars);
  RC_ASSERT(bech32m_decode("wit", *text) == bytes);
})

WITAN_PROPERTY(arbitrary_text_decodes_to_nothing_or_to_itself, [](const std::string& text) {
  const auto decoded = bech32m_decode_words(text);
  if (decoded) {
    RC_ASSERT(bech32m_encode_words(decoded->prefix, decoded->words).has_value());
  } else {
    RC_ASSERT(decoded.error().code == ErrorCode::bad_address);
  }
})

BOOST_AUTO_TEST_SUITE_END()
