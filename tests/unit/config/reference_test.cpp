// What people read about options is what the table says.
#include <fstream>
#include <iterator>

#include "config/field_table.hpp"
#include "config/writer.hpp"
#include "tests/support/boost_test.hpp"

using namespace witan;

BOOST_AUTO_TEST_SUITE(reference_test)

BOOST_AUTO_TEST_CASE(the_committed_page_is_the_generated_one) {
  std::ifstream stream(WITAN_SOURCE_DIR "/docs/reference/config.md");
  const std::string page{std::istreambuf_iterator<char>(stream), {}};
  BOOST_CHECK_MESSAGE(page == config_reference(),
                      "docs/reference/config.md is out of date: run `tools/dev docs`");
}

BOOST_AUTO_TEST_CASE(explain_tells_meaning_value_and_origin) {
  LoadRequest request;
  request.flags = {{"mempool.size", "7000"}};
  const auto loaded = load_with_origins(request);
  WITAN_REQUIRE_OK(loaded);
  const auto set = explain("mempool.size", *loaded);
  WITAN_REQUIRE_OK(set);
  for (const char* part : {"1..10000000 transactions", "WITAN_MEMPOOL_SIZE", "100000",
                           "7000 (flag --mempool.size)", "after a restart"}) {
    BOOST_CHECK_MESSAGE(set->find(part) != std::string::npos, part << " is not in " << *set);
  }
  const auto untouched = explain("log.level", *loaded);
  WITAN_REQUIRE_OK(untouched);
  BOOST_CHECK(untouched->find("\"info\" (default)") != std::string::npos);
  BOOST_CHECK(untouched->find("at once") != std::string::npos);
  const auto unknown = explain("mempool.siez", *loaded);
  BOOST_REQUIRE(!unknown);
  BOOST_CHECK(unknown.error().text.find("\"mempool.size\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_written_file_explains_every_key) {
  const std::string text = write_config({});
  for (const Field& field : field_table()) {
    BOOST_CHECK(text.find("# " + std::string(field.help)) != std::string::npos);
    BOOST_CHECK(text.find("\n" + std::string(leaf_of(field.key)) + " = ") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
