#include "crypto/hash.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/support/property.hpp"

using namespace witan;

namespace {

Bytes joined(std::initializer_list<ByteView> pieces) {
  Bytes out;
  for (ByteView piece : pieces) append(out, piece);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hash)

BOOST_AUTO_TEST_CASE(sha256_matches_fips_180_examples) {
  BOOST_CHECK_EQUAL(to_hex(sha256(as_bytes("abc"))),
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_CHECK_EQUAL(to_hex(sha256(ByteView{})),
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_CHECK_EQUAL(
      to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

BOOST_AUTO_TEST_CASE(tagged_hash_follows_the_bip340_definition) {
  const HashTag tag("header");
  const Hash32 name = sha256(as_bytes("witan/header/v1"));
  const Bytes message{1, 2, 3};
  const Hash32 expected = sha256(joined({name.view(), name.view(), message}));
  BOOST_CHECK_EQUAL(tagged_hash(tag, message), expected);
  BOOST_CHECK_EQUAL(tagged_hash(tag, {ByteView(message).first(1), ByteView(message).subspan(1)}),
                    expected);
}

BOOST_AUTO_TEST_CASE(different_purposes_never_share_a_hash) {
  const Bytes message(32, 7);
  BOOST_CHECK_NE(tagged_hash(HashTag("vote"), message), tagged_hash(HashTag("proposal"), message));
  BOOST_CHECK_NE(tagged_hash(HashTag("vote"), message), sha256(message));
}

BOOST_AUTO_TEST_CASE(a_tag_can_be_used_many_times) {
  const HashTag tag("vote");
  const Hash32 first = tagged_hash(tag, as_bytes("x"));
  BOOST_CHECK_NE(tagged_hash(tag, as_bytes("y")), first);
  BOOST_CHECK_EQUAL(tagged_hash(tag, as_bytes("x")), first);
}

BOOST_AUTO_TEST_CASE(a_copied_state_continues_independently) {
  Sha256 a;
  a.update(as_bytes("ab"));
  Sha256 b = a;
  BOOST_CHECK_EQUAL(a.update(as_bytes("c")).finish(), sha256(as_bytes("abc")));
  BOOST_CHECK_EQUAL(b.update(as_bytes("d")).finish(), sha256(as_bytes("abd")));
}

BOOST_AUTO_TEST_CASE(hmac_matches_rfc_4231) {
  BOOST_CHECK_EQUAL(to_hex(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There"))),
                    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  BOOST_CHECK_EQUAL(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // Case 6: the key is longer than a block.
  BOOST_CHECK_EQUAL(
      to_hex(hmac_sha256(Bytes(131, 0xaa),
                         as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

BOOST_AUTO_TEST_CASE(comparison_looks_at_every_byte_and_the_length) {
  const Bytes a(33, 5);
  BOOST_CHECK(constant_time_equal(a, a));
  BOOST_CHECK(constant_time_equal({}, {}));
  BOOST_CHECK(!constant_time_equal(a, ByteView(a).first(32)));
  for (std::size_t i = 0; i < a.size(); ++i) {
    Bytes b = a;
    b[i] ^= 1;
    BOOST_CHECK(!constant_time_equal(a, b));
  }
}

BOOST_AUTO_TEST_CASE(wipe_leaves_zeros) {
  Bytes secret(40, 9);
  wipe(secret);
  BOOST_CHECK(secret == Bytes(40, 0));
}

WITAN_PROPERTY(pieces_hash_like_their_concatenation, [](const Bytes& a, const Bytes& b) {
  static const HashTag tag("property");
  const Bytes both = joined({a, b});
  RC_ASSERT(sha256({a, b}) == sha256(both));
  RC_ASSERT(Sha256().update(a).update(b).finish() == sha256(both));
  RC_ASSERT(tagged_hash(tag, {a, b}) == tagged_hash(tag, both));
  RC_ASSERT(hmac_sha256(a, {a, b}) == hmac_sha256(a, joined({a, b})));
})

BOOST_AUTO_TEST_SUITE_END()
