#include "crypto/keys.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "crypto/bech32m.hpp"
#include "crypto/random.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

// Secret key k as a 32-byte big-endian number.
Bytes small_secret(std::uint8_t k) {
  Bytes out(32);
  out[31] = k;
  return out;
}

constexpr auto group_order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr auto group_order_minus_1 =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";

template <class T>
concept Streamable = requires(std::ostream& os, const T& value) {
  os << value;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(keys_test)

static_assert(!std::is_copy_constructible_v<SecretKey>, "copies are spelled clone()");
static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!Streamable<SecretBytes>, "a secret is never printed");

BOOST_AUTO_TEST_CASE(a_moved_from_secret_is_wiped) {
  Secret<4> a = Secret<4>::from(Bytes{1, 2, 3, 4});
  Secret<4> b = std::move(a);
  BOOST_CHECK(a == Secret<4>());
  BOOST_CHECK(b == Secret<4>::from(Bytes{1, 2, 3, 4}));
  a = std::move(b);
  BOOST_CHECK(b == Secret<4>());
  BOOST_CHECK(a == a.clone());
}

BOOST_AUTO_TEST_CASE(random_bytes_differ_between_calls) {
  BOOST_CHECK(random_bytes(32) != random_bytes(32));
  BOOST_CHECK_EQUAL(random_bytes(0).size(), 0U);
}

BOOST_AUTO_TEST_CASE(zero_and_values_from_the_group_order_are_refused) {
  WITAN_CHECK_ERROR(SecretKey::from_bytes(Bytes(32)), ErrorCode::bad_key);
  WITAN_CHECK_ERROR(SecretKey::from_bytes(*from_hex(group_order)), ErrorCode::bad_key);
  WITAN_CHECK_ERROR(SecretKey::from_bytes(Bytes(32, 0xff)), ErrorCode::bad_key);
  WITAN_CHECK_ERROR(SecretKey::from_bytes(Bytes(31, 1)), ErrorCode::bad_key);
  WITAN_CHECK_ERROR(SecretKey::from_bytes(Bytes(33, 1)), ErrorCode::bad_key);
  WITAN_REQUIRE_OK(SecretKey::from_bytes(*from_hex(group_order_minus_1)));
}

BOOST_AUTO_TEST_CASE(known_public_keys_of_small_secrets) {
  // The generator and its negation share the x coordinate; only the node id tells them apart.
  const auto one = SecretKey::from_bytes(small_secret(1));
  const auto minus_one = SecretKey::from_bytes(*from_hex(group_order_minus_1));
  const std::string gx = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
  BOOST_CHECK_EQUAL(to_hex(one->public_key()), gx);
  BOOST_CHECK_EQUAL(to_hex(minus_one->public_key()), gx);
  BOOST_CHECK_EQUAL(to_hex(one->node_id()), "02" + gx);
  BOOST_CHECK_EQUAL(to_hex(minus_one->node_id()), "03" + gx);
}

BOOST_AUTO_TEST_CASE(the_secret_survives_a_round_trip) {
  const SecretKey key = SecretKey::generate();
  const auto again = SecretKey::from_bytes(key.secret_bytes().view());
  WITAN_REQUIRE_OK(again);
  BOOST_CHECK_EQUAL(again->node_id(), key.node_id());
  BOOST_CHECK_EQUAL(key.clone().public_key(), key.public_key());
}

BOOST_AUTO_TEST_CASE(keys_off_the_curve_are_refused) {
  BOOST_CHECK(!is_valid(PublicKey{}));
  BOOST_CHECK(!is_valid(NodeId{}));
  WITAN_CHECK_ERROR(ParsedKey::parse(PublicKey{}), ErrorCode::bad_key);
  const SecretKey key = SecretKey::generate();
  BOOST_CHECK(is_valid(key.public_key()));
  BOOST_CHECK(is_valid(key.node_id()));
  BOOST_CHECK(!verify(PublicKey{}, as_bytes("m"), key.sign(as_bytes("m"))));
}

BOOST_AUTO_TEST_CASE(roles_have_names_both_ways) {
  for (auto role :
       {KeyRole::consensus, KeyRole::node, KeyRole::operator_, KeyRole::vrf, KeyRole::governance}) {
    BOOST_CHECK(key_role_from(name_of(role)) == role);
  }
  WITAN_CHECK_ERROR(key_role_from("unknown"), ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(an_address_names_one_account) {
  const PublicKey key = SecretKey::from_bytes(small_secret(1))->public_key();
  const std::string text = to_address(key);
  BOOST_CHECK_EQUAL(text.substr(0, 4), "wit1");
  BOOST_CHECK_EQUAL(text.size(), 62U);
  BOOST_CHECK(from_address(text) == Result<AccountId>(key));
  std::string typo = text;
  typo[20] = typo[20] == 'q' ? 'p' : 'q';
  WITAN_CHECK_ERROR(from_address(typo), ErrorCode::bad_address);
  WITAN_CHECK_ERROR(from_address(*bech32m_encode("tst", key.view())), ErrorCode::bad_address);
  WITAN_CHECK_ERROR(from_address(*bech32m_encode("wit", Bytes(31, 1))), ErrorCode::bad_address);
  WITAN_CHECK_ERROR(from_address(*bech32m_encode("wit", Bytes(32))), ErrorCode::bad_key);
  WITAN_CHECK_ERROR(from_address(""), ErrorCode::bad_address);
}

WITAN_PROPERTY(a_signature_verifies_for_its_message_only, [](const std::vector<std::uint8_t>& m) {
  const SecretKey key = SecretKey::generate();
  const auto parsed = ParsedKey::parse(key.public_key());
  const Signature signature = key.sign(m);
  RC_ASSERT(parsed->verify(m, signature));
  RC_ASSERT(verify(key.public_key(), m, signature));
  Bytes other = m;
  other.push_back(0);
  RC_ASSERT(!parsed->verify(other, signature));
  RC_ASSERT(!verify(SecretKey::generate().public_key(), m, signature));
})

WITAN_PROPERTY(a_changed_bit_breaks_a_signature, [] {
  static const SecretKey key = SecretKey::generate();
  Signature signature = key.sign(as_bytes("message"));
  const auto bit = *rc::gen::inRange(0, 512);
  signature.data[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(1 << (bit % 8));
  RC_ASSERT(!verify(key.public_key(), as_bytes("message"), signature));
})

BOOST_AUTO_TEST_CASE(bip340_vectors_pass) {
  std::ifstream file(WITAN_SOURCE_DIR "/../shared/conformance/bip340.json");
  if (!file) {
    BOOST_TEST_MESSAGE("bip340.json is not beside the project: vectors skipped");
    return;
  }
  const auto vectors = nlohmann::json::parse(file);
  std::size_t signed_count = 0;
  for (const auto& test : vectors.at("tests")) {
    BOOST_TEST_CONTEXT("vector " << test.at("index")) {
      const auto key = fixed_from_hex<PublicKey>(test.at("public_key").get<std::string>(), "key");
      if (!test.contains("message")) {  // a vector about parsing the key only
        BOOST_CHECK_EQUAL(is_valid(*key), test.at("result").get<bool>());
        continue;
      }
      const Bytes message = *from_hex(test.at("message").get<std::string>());
      const auto expected =
          *fixed_from_hex<Signature>(test.at("signature").get<std::string>(), "s");
      BOOST_CHECK_EQUAL(verify(*key, message, expected), test.at("result").get<bool>());
      if (!test.contains("secret_key")) continue;
      const auto secret =
          SecretKey::from_bytes(*from_hex(test.at("secret_key").get<std::string>()));
      WITAN_REQUIRE_OK(secret);
      const Bytes aux = *from_hex(test.at("aux_rand").get<std::string>());
      BOOST_CHECK_EQUAL(secret->public_key(), *key);
      BOOST_CHECK_EQUAL(
          secret->sign_with_aux(message, std::span<const std::uint8_t, 32>(aux.data(), 32)),
          expected);
      ++signed_count;
    }
  }
  BOOST_CHECK_GT(signed_count, 0U);
}

BOOST_AUTO_TEST_SUITE_END()
