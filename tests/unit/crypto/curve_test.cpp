// ECDH and ECDSA verification. The ECDSA signature and its key were made with OpenSSL.
#include "crypto/ecdh.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/hash.hpp"
#include "tests/support/boost_test.hpp"

using namespace witan;

namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// BOLT-8 appendix A: responder's static key and initiator's ephemeral secret of act one.
const Bytes point = hex("028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7");
const Bytes secret(32, 0x12);

const Bytes signer =
    hex("04b07f668513c49a340cf682948338bd3ff2912487cc2960c806667f594b198b765d50b6dba8613d34ce48f733"
        "0ae7c236632b599a32271cbc9337150be56eb333");
const std::string r = "9cf144bb75afeacd786f383824f5291b03a9a7193c73b33e9df1b9c614e14736";
const std::string low = "1a584c2f8e1e29efa7eacb56ac6a67f9ba929afd627273154f2cad977bf6d225";
const std::string high = "e5a7b3d071e1d610581534a953959805001c41e94cd62d2670a5b0f5543f6f1c";
const Bytes der_low = hex("3045022100" + r + "0220" + low);
const Bytes der_high = hex("3046022100" + r + "022100" + high);
const ByteView message = as_bytes("witan");

bool der_valid(ByteView signature, bool low_s = false) {
  return ecdsa_verify(EcdsaEncoding::der, low_s, signer, message, signature);
}
bool p1363_valid(ByteView signature, bool low_s = false) {
  return ecdsa_verify(EcdsaEncoding::p1363, low_s, signer, message, signature);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(curve)

BOOST_AUTO_TEST_CASE(hashed_shared_point_is_the_secret_of_bolt_8) {
  const auto shared = ecdh(secret, point);
  WITAN_REQUIRE_OK(shared);
  BOOST_CHECK_EQUAL(to_hex(sha256(shared->view())),
                    "1e2fb3c8fe8fb9f262f649f64d26ecf0f2c0a805a767cf02dc2d77a6ef1fdcc3");
}

BOOST_AUTO_TEST_CASE(only_points_on_the_curve_and_scalars_in_range_are_accepted) {
  Bytes off_curve = point;
  off_curve[0] = 5;
  Bytes hybrid = signer;
  hybrid[0] = 7;
  for (const Bytes& bad : {Bytes{}, Bytes(33, 0), Bytes(point.begin(), point.end() - 1),
                           Bytes(65, 4), off_curve, hybrid})
    WITAN_CHECK_ERROR(ecdh(secret, bad), ErrorCode::bad_key);
  for (const Bytes& bad : {Bytes{}, Bytes(32, 0), Bytes(32, 0xff), Bytes(31, 1), Bytes(33, 1)})
    WITAN_CHECK_ERROR(ecdh(bad, point), ErrorCode::bad_key);
  WITAN_REQUIRE_OK(ecdh(secret, signer));
}

BOOST_AUTO_TEST_CASE(both_encodings_of_a_signature_verify) {
  BOOST_CHECK(der_valid(der_low));
  BOOST_CHECK(p1363_valid(hex(r + low)));
}

BOOST_AUTO_TEST_CASE(the_high_form_is_valid_only_where_it_is_allowed) {
  BOOST_CHECK(der_valid(der_high));
  BOOST_CHECK(p1363_valid(hex(r + high)));
  BOOST_CHECK(!der_valid(der_high, true));
  BOOST_CHECK(!p1363_valid(hex(r + high), true));
  BOOST_CHECK(der_valid(der_low, true));
}

BOOST_AUTO_TEST_CASE(damaged_signatures_keys_and_messages_do_not_verify) {
  for (std::size_t i = 0; i < der_low.size(); ++i) {
    Bytes wrong = der_low;
    wrong[i] ^= 1;
    BOOST_CHECK(!der_valid(wrong));
    BOOST_CHECK(!der_valid(ByteView(der_low).first(i)));
  }
  Bytes longer = der_low;
  longer.push_back(0);
  BOOST_CHECK(!der_valid(longer));
  BOOST_CHECK(!p1363_valid(hex(low + r)));
  BOOST_CHECK(!p1363_valid(Bytes(64, 0)));
  BOOST_CHECK(!p1363_valid(Bytes(63, 1)));
  BOOST_CHECK(!ecdsa_verify(EcdsaEncoding::der, false, signer, as_bytes("witam"), der_low));
  BOOST_CHECK(!ecdsa_verify(EcdsaEncoding::der, false, point, message, der_low));
  BOOST_CHECK(!ecdsa_verify(EcdsaEncoding::der, false, {}, message, der_low));
}

BOOST_AUTO_TEST_SUITE_END()
