// Where a signer listens, and that a half-filled section is a mistake that names its key.
#include "config/signer_address.hpp"

#include "config/loader.hpp"
#include "tests/support/boost_test.hpp"

using namespace witan;

namespace {

const std::string x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

// The key that is complained about; empty: none.
std::string complaint(const std::string& section) {
  const auto config = parse_config("[signer]\n" + section, "node.toml");
  if (config) return {};
  BOOST_CHECK_EQUAL(config.error().code, ErrorCode::config);
  return config.error().field;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(signer_address_test)

BOOST_AUTO_TEST_CASE(both_kinds_of_address_come_back_as_text) {
  for (const std::string text :
       {"unix:///run/witan/s.sock", "tcp://127.0.0.1:26659", "tcp://[::1]:26659"}) {
    const auto address = parse_signer_address(text);
    WITAN_REQUIRE_OK(address);
    BOOST_CHECK_EQUAL(to_string(*address), text);
    BOOST_CHECK_EQUAL(address->is_unix(), text[0] == 'u');
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_an_address_is_refused) {
  const std::string long_path = "unix:///" + std::string(unix_path_bytes_max, 'a');
  for (const std::string& text :
       {std::string(), std::string("127.0.0.1:1"), std::string("unix://relative"),
        std::string("unix://"), std::string("tcp://signer.example:1"),
        std::string("tcp://127.0.0.1"), std::string("http://127.0.0.1:1"), long_path})
    WITAN_CHECK_ERROR(parse_signer_address(text), ErrorCode::config);
}

BOOST_AUTO_TEST_CASE(a_section_is_complete_or_empty) {
  const std::string address = "address = \"unix:///s.sock\"\n";
  const std::string signer = "public_key = \"02" + x + "\"\n";
  const std::string validator = "validator_key = \"" + x + "\"\n";
  BOOST_CHECK_EQUAL(complaint(""), "");
  BOOST_CHECK_EQUAL(complaint(address + signer + validator), "");
  BOOST_CHECK_EQUAL(complaint(signer), "signer.address");
  BOOST_CHECK_EQUAL(complaint("address = \"s.sock\"\n" + signer + validator), "signer.address");
  BOOST_CHECK_EQUAL(complaint(address + validator), "signer.public_key");
  BOOST_CHECK_EQUAL(complaint(address + "public_key = \"05" + x + "\"\n" + validator),
                    "signer.public_key");
  BOOST_CHECK_EQUAL(complaint(address + signer), "signer.validator_key");
}

BOOST_AUTO_TEST_SUITE_END()
