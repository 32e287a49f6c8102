#include "crypto/aead.hpp"
#include "crypto/hkdf.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }
const Bytes a_key(32, 1);
const Bytes a_nonce(12, 2);

}  // namespace

BOOST_AUTO_TEST_SUITE(cipher)

BOOST_AUTO_TEST_CASE(hkdf_matches_rfc_5869_cases_1_and_3) {
  const Bytes key_material(22, 0x0b);
  const auto first =
      hkdf_sha256(hex("000102030405060708090a0b0c"), key_material, hex("f0f1f2f3f4f5f6f7f8f9"), 42);
  WITAN_REQUIRE_OK(first);
  BOOST_CHECK_EQUAL(to_hex(*first),
                    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b8"
                    "87185865");
  const auto third = hkdf_sha256({}, key_material, {}, 42);
  WITAN_REQUIRE_OK(third);
  BOOST_CHECK_EQUAL(to_hex(*third),
                    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4"
                    "b61a96c8");
}

BOOST_AUTO_TEST_CASE(hkdf_ends_at_255_blocks) {
  const auto longest = hkdf_sha256(a_nonce, a_key, {}, hkdf_max_bytes);
  WITAN_REQUIRE_OK(longest);
  BOOST_CHECK_EQUAL(longest->size(), hkdf_max_bytes);
  WITAN_CHECK_ERROR(hkdf_sha256(a_nonce, a_key, {}, hkdf_max_bytes + 1), ErrorCode::out_of_range);
}

WITAN_PROPERTY(hkdf_pair_is_hkdf_of_64_bytes, [](const Bytes& salt, const Bytes& key_material) {
  const auto [first, second] = hkdf_pair(salt, key_material);
  const auto both = hkdf_sha256(salt, key_material, {}, 64);
  RC_ASSERT(both.has_value());
  RC_ASSERT(Hash32::from(ByteView(*both).first(32)) == first);
  RC_ASSERT(Hash32::from(ByteView(*both).subspan(32)) == second);
})

BOOST_AUTO_TEST_CASE(aead_matches_rfc_8439_section_2_8_2) {
  Bytes key;
  for (int i = 0x80; i < 0xa0; ++i) key.push_back(static_cast<std::uint8_t>(i));
  const auto sealed = aead_seal(
      key, hex("070000004041424344454647"), hex("50515253c0c1c2c3c4c5c6c7"),
      as_bytes("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
               "the future, sunscreen would be it."));
  WITAN_REQUIRE_OK(sealed);
  BOOST_CHECK_EQUAL(to_hex(ByteView(*sealed).first(16)), "d31a8d34648e60db7b86afbc53ef7ec2");
  BOOST_CHECK_EQUAL(to_hex(ByteView(*sealed).last(16)), "1ae10b594f09e26a7e902ecbd0600691");
}

BOOST_AUTO_TEST_CASE(aead_refuses_other_key_and_nonce_sizes) {
  for (const std::size_t size : {0U, 8U, 11U, 13U, 24U}) {
    WITAN_CHECK_ERROR(aead_seal(a_key, Bytes(size), {}, {}), ErrorCode::out_of_range);
    WITAN_CHECK_ERROR(aead_open(a_key, Bytes(size), {}, Bytes(16)), ErrorCode::out_of_range);
  }
  WITAN_CHECK_ERROR(aead_seal(Bytes(31), a_nonce, {}, {}), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(aead_open(Bytes(33), a_nonce, {}, Bytes(16)), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(aead_refuses_an_output_of_another_size) {
  Bytes out(20);
  WITAN_CHECK_ERROR(aead_seal_into(a_key, a_nonce, {}, Bytes(5), out), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(aead_open_into(a_key, a_nonce, {}, Bytes(30), out), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(input_shorter_than_a_tag_does_not_open) {
  for (std::size_t size = 0; size < aead_tag_bytes; ++size)
    WITAN_CHECK_ERROR(aead_open(a_key, a_nonce, {}, Bytes(size)), ErrorCode::decrypt_failed);
}

BOOST_AUTO_TEST_CASE(any_changed_bit_is_noticed) {
  const Bytes message{1, 2, 3, 4, 5};
  auto sealed = aead_seal(a_key, a_nonce, as_bytes("context"), message).value();
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    sealed[bit / 8] ^= mask;
    WITAN_CHECK_ERROR(aead_open(a_key, a_nonce, as_bytes("context"), sealed),
                      ErrorCode::decrypt_failed);
    sealed[bit / 8] ^= mask;
  }
  WITAN_CHECK_ERROR(aead_open(a_key, a_nonce, as_bytes("other"), sealed),
                    ErrorCode::decrypt_failed);
  BOOST_CHECK(aead_open(a_key, a_nonce, as_bytes("context"), sealed).value() == message);
}

WITAN_PROPERTY(what_is_sealed_opens_also_in_place, [](const Bytes& message, const Bytes& extra) {
  const auto sealed = aead_seal(a_key, a_nonce, extra, message);
  RC_ASSERT(sealed.has_value());
  RC_ASSERT(aead_open(a_key, a_nonce, extra, *sealed) == message);
  Bytes buffer = message;
  buffer.resize(message.size() + aead_tag_bytes);
  const ByteView front = ByteView(buffer).first(message.size());
  RC_ASSERT(aead_seal_into(a_key, a_nonce, extra, front, buffer).has_value());
  RC_ASSERT(buffer == *sealed);
  const std::span<std::uint8_t> out = std::span(buffer).first(message.size());
  RC_ASSERT(aead_open_into(a_key, a_nonce, extra, buffer, out).has_value());
  buffer.resize(message.size());
  RC_ASSERT(buffer == message);
})

BOOST_AUTO_TEST_SUITE_END()
