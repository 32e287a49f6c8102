#include "crypto/keystore.hpp"

#include "tests/support/property.hpp"

using namespace witan;

namespace {

constexpr KdfParams cheap{1, 8};  // tests prove the format, not the cost

SecretKey key() {
  Bytes secret(32);
  secret[31] = 7;
  return *SecretKey::from_bytes(secret);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// Decodes with the given error in the given line.
void check_line(const std::string& text, ErrorCode code, const std::string& field) {
  const auto file = parse_key_file(text);
  WITAN_CHECK_ERROR(file, code);
  if (!file) BOOST_CHECK_EQUAL(file.error().field, field);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keystore_test)

BOOST_AUTO_TEST_CASE(a_key_survives_encryption_and_text) {
  const auto file = encrypt_key(key(), KeyRole::node, as_bytes("correct horse"), cheap);
  WITAN_REQUIRE_OK(file);
  const auto parsed = parse_key_file(to_text(*file));
  WITAN_REQUIRE_OK(parsed);
  BOOST_CHECK_EQUAL(parsed->public_key, key().public_key());
  BOOST_CHECK(parsed->kdf == cheap);
  const auto unlocked = unlock_key(*parsed, KeyRole::node, as_bytes("correct horse"));
  WITAN_REQUIRE_OK(unlocked);
  BOOST_CHECK(unlocked->secret_bytes() == key().secret_bytes());
}

BOOST_AUTO_TEST_CASE(a_wrong_pass_phrase_is_refused) {
  const auto file = encrypt_key(key(), KeyRole::node, as_bytes("correct horse"), cheap);
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"})
    WITAN_CHECK_ERROR(unlock_key(*file, KeyRole::node, as_bytes(wrong)), ErrorCode::decrypt_failed);
  WITAN_CHECK_ERROR(unlock_key(*file, KeyRole::node, Bytes(passphrase_bytes_max + 1)),
                    ErrorCode::usage);
}

BOOST_AUTO_TEST_CASE(an_empty_pass_phrase_needs_the_explicit_plain_mode) {
  WITAN_CHECK_ERROR(encrypt_key(key(), KeyRole::consensus, {}, cheap), ErrorCode::usage);
  const KeyFile plain = plain_key_file(key(), KeyRole::consensus);
  const std::string text = to_text(plain);
  BOOST_CHECK(text.find("DEVELOPMENT ONLY") != std::string::npos);
  const auto parsed = parse_key_file(text);
  WITAN_REQUIRE_OK(parsed);
  WITAN_CHECK_ERROR(unlock_key(*parsed, KeyRole::consensus, {}), ErrorCode::not_allowed);
  const auto unlocked = unlock_key(*parsed, KeyRole::consensus, {}, PlainFiles::allow);
  WITAN_REQUIRE_OK(unlocked);
  BOOST_CHECK_EQUAL(unlocked->public_key(), key().public_key());
  // The warning cannot be taken out of a plain file, nor put into another.
  const std::string warning = "# DEVELOPMENT ONLY: the secret below is not encrypted\n";
  WITAN_CHECK_ERROR(parse_key_file(replaced(text, warning, "")), ErrorCode::not_canonical);
  const auto encrypted = encrypt_key(key(), KeyRole::consensus, as_bytes("p"), cheap);
  WITAN_CHECK_ERROR(
      parse_key_file(replaced(to_text(*encrypted), "witan-key 1\n", "witan-key 1\n" + warning)),
      ErrorCode::not_canonical);
}

BOOST_AUTO_TEST_CASE(a_key_serves_one_role) {
  const auto file = encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap);
  WITAN_CHECK_ERROR(unlock_key(*file, KeyRole::consensus, as_bytes("p")), ErrorCode::not_allowed);
  KeyFile edited = *file;
  edited.role = KeyRole::consensus;
  WITAN_CHECK_ERROR(unlock_key(edited, KeyRole::consensus, as_bytes("p")), ErrorCode::corrupt);
}

BOOST_AUTO_TEST_CASE(an_edited_file_is_found) {
  const auto file = encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap);
  const auto refused = [&](auto change, ErrorCode code) {
    KeyFile edited = *file;
    change(edited);
    WITAN_CHECK_ERROR(unlock_key(edited, KeyRole::vrf, as_bytes("p")), code);
  };
  refused([](KeyFile& f) { f.public_key.data[0] ^= 1; }, ErrorCode::corrupt);
  refused([](KeyFile& f) { f.salt[0] ^= 1; }, ErrorCode::decrypt_failed);
  refused([](KeyFile& f) { f.nonce[0] ^= 1; }, ErrorCode::decrypt_failed);
  refused([](KeyFile& f) { f.secret[48] ^= 1; }, ErrorCode::decrypt_failed);
  refused([](KeyFile& f) { f.secret.pop_back(); }, ErrorCode::malformed);
  refused([](KeyFile& f) { f.kdf.passes = 2; }, ErrorCode::decrypt_failed);
  refused([](KeyFile& f) { f.kdf.memory_kib = UINT32_MAX; }, ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_found) {
  const auto encrypted = encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap);
  for (const std::string& text :
       {to_text(*encrypted), to_text(plain_key_file(key(), KeyRole::vrf))}) {
    for (std::size_t n = 0; n < text.size(); ++n)
      BOOST_CHECK(!parse_key_file(std::string_view(text).substr(0, n)));
    WITAN_CHECK_ERROR(parse_key_file(text + "\n"), ErrorCode::not_canonical);
    WITAN_CHECK_ERROR(parse_key_file(text + std::string(key_file_bytes_max, ' ')),
                      ErrorCode::too_large);
  }
}

BOOST_AUTO_TEST_CASE(a_bad_line_is_named) {
  const std::string text = to_text(*encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap));
  check_line(replaced(text, "witan-key 1", "witan-key 2"), ErrorCode::wrong_version, "key file");
  check_line(replaced(text, "role = vrf", "role = king"), ErrorCode::malformed, "role");
  check_line(replaced(text, "public-key", "public_key"), ErrorCode::malformed, "public-key");
  check_line(replaced(text, "argon2id", "scrypt"), ErrorCode::malformed, "protection");
  check_line(replaced(text, "kdf-passes = 1", "kdf-passes = 0"), ErrorCode::out_of_range,
             "kdf-passes");
  check_line(replaced(text, "kdf-passes = 1", "kdf-passes = 17"), ErrorCode::out_of_range,
             "kdf-passes");
  check_line(replaced(text, "kdf-passes = 1", "kdf-passes = x"), ErrorCode::malformed,
             "kdf-passes");
  check_line(replaced(text, "kdf-passes = 1", "kdf-passes = 01"), ErrorCode::not_canonical,
             "key file");
  check_line(replaced(text, "kib = 8", "kib = 7"), ErrorCode::out_of_range, "kdf-memory-kib");
  check_line(replaced(text, "kib = 8", "kib = 1048577"), ErrorCode::out_of_range, "kdf-memory-kib");
  check_line(replaced(text, "kib = 8", "kib = 99999999999"), ErrorCode::malformed,
             "kdf-memory-kib");
  check_line(replaced(text, "salt = ", "salt = 00"), ErrorCode::malformed, "salt");
  check_line(replaced(text, "nonce = ", "nonce = zz"), ErrorCode::malformed, "nonce");
}

BOOST_AUTO_TEST_CASE(two_files_of_one_key_share_nothing_secret) {
  const auto a = encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap);
  const auto b = encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap);
  BOOST_CHECK(a->salt != b->salt);
  BOOST_CHECK(a->nonce != b->nonce);
  BOOST_CHECK(a->secret != b->secret);
}

WITAN_PROPERTY(any_other_text_is_refused_or_parses_back_to_itself, [] {
  static const std::string good = to_text(*encrypt_key(key(), KeyRole::vrf, as_bytes("p"), cheap));
  std::string text = good;
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text[at] = *rc::gen::arbitrary<char>();
  const auto file = parse_key_file(text);
  RC_ASSERT((!file || to_text(*file) == text));
})

BOOST_AUTO_TEST_SUITE_END()
