#include "actors/api/router.hpp"

#include <fstream>

#include "crypto/keys.hpp"
#include "tests/support/property.hpp"

namespace witan {
namespace {
RoutedRequest get(std::string_view target) {
  auto r = route_request("GET", target);
  WITAN_REQUIRE_OK(r);
  return *r;
}
void check_refused(std::string_view target, ErrorCode code, std::string_view field,
                   std::string_view method = "GET") {
  const auto r = route_request(method, target);
  BOOST_REQUIRE_MESSAGE(!r.has_value(), target);
  BOOST_CHECK_MESSAGE(r.error().code == code, target << " " << r.error().to_string());
  BOOST_CHECK_MESSAGE(r.error().field == field, target << " " << r.error().to_string());
}
const std::string id64(64, 'a');
}  // namespace

BOOST_AUTO_TEST_SUITE(router_test)

BOOST_AUTO_TEST_CASE(every_route_of_the_table_is_reached_by_its_own_path) {
  const std::string address = to_address(SecretKey::generate().public_key());
  for (const RouteInfo& info : route_table) {
    std::string path(info.pattern);
    for (const auto& [name, value] : std::initializer_list<std::pair<std::string, std::string>>{
             {"{height}", "7"}, {"{id}", id64}, {"{address}", address}})
      if (const auto at = path.find(name); at != std::string::npos)
        path.replace(at, name.size(), value);
    const auto r = route_request(name_of(info.method), path);
    WITAN_REQUIRE_OK(r);
    BOOST_CHECK_MESSAGE(r->route == info.route, path);
  }
}

BOOST_AUTO_TEST_CASE(path_parameters_are_typed) {
  BOOST_CHECK_EQUAL(get("/api/v1/blocks/7").height.value(), 7U);
  BOOST_CHECK(get("/api/v1/blocks/latest").route == Route::block_latest);
  BOOST_CHECK_EQUAL(get("/api/v1/blocks/by-id/" + id64).id.value().data[31], 0xaa);
  const PublicKey key = SecretKey::generate().public_key();
  BOOST_CHECK(get("/api/v1/accounts/" + to_address(key)).account == key);
  BOOST_CHECK(get("/api/v1/accounts/" + to_hex(key) + "?prove=1").account == key);
  BOOST_CHECK(get("/api/v1/accounts/" + to_hex(key) + "?prove=1").prove);
}

BOOST_AUTO_TEST_CASE(errors_name_the_parameter) {
  check_refused("/api/v1/blocks/x", ErrorCode::malformed, "height");
  check_refused("/api/v1/blocks/-1", ErrorCode::malformed, "height");
  check_refused("/api/v1/blocks/18446744073709551616", ErrorCode::out_of_range, "height");
  check_refused("/api/v1/blocks/by-id/abc", ErrorCode::malformed, "id");
  check_refused("/api/v1/blocks/by-id/abcd", ErrorCode::out_of_range, "id");
  check_refused("/api/v1/accounts/wit1qqqq", ErrorCode::bad_address, "address");
  check_refused("/api/v1/accounts/%zz", ErrorCode::malformed, "address");
  check_refused("/api/v1/accounts/" + id64 + "?prove=maybe", ErrorCode::malformed, "prove");
  check_refused("/api/v1/mempool?limit=101", ErrorCode::out_of_range, "limit");
  check_refused("/api/v1/events?from=x", ErrorCode::malformed, "from");
  check_refused("/api/v1/transactions?wait=ever", ErrorCode::malformed, "wait", "POST");
  check_refused("/api/v1/status?color=red", ErrorCode::malformed, "query");
  check_refused("/api/v1/validators?height=1&height=2", ErrorCode::duplicate, "height");
  check_refused("/api/v1/blocks?from=1", ErrorCode::missing, "to");
  check_refused("/api/v1/blocks?to=1", ErrorCode::missing, "from");
  check_refused("/api/v1/blocks?from=5&to=4", ErrorCode::out_of_range, "from");
  check_refused("/api/v1/blocks?from=1&to=21", ErrorCode::out_of_range, "to");
  BOOST_CHECK_EQUAL(get("/api/v1/blocks?from=1&to=20").to.value(), 20U);
}

BOOST_AUTO_TEST_CASE(unknown_paths_and_methods_are_told_apart) {
  check_refused("/api/v1/nothing", ErrorCode::not_found, "path");
  check_refused("/api/v1/status/", ErrorCode::not_found, "path");
  check_refused("/api/v1/blocks/", ErrorCode::not_found, "path");
  check_refused("/api/v1/blocks/7/8", ErrorCode::not_found, "path");
  check_refused("//api/v1/status", ErrorCode::not_found, "path");
  check_refused("/api/v1/status", ErrorCode::not_allowed, "GET", "DELETE");
  check_refused("/api/v1/transactions", ErrorCode::not_allowed, "POST");
  check_refused("status", ErrorCode::malformed, "path");
  check_refused("", ErrorCode::malformed, "path");
  check_refused("/" + std::string(target_bytes_max, 'a'), ErrorCode::too_large, "path");
}

BOOST_AUTO_TEST_CASE(rpc_parameters_are_kept_as_text) {
  const auto r = get("/broadcast_tx_sync?tx=0xAB%22");
  BOOST_CHECK(r.route == Route::rpc_tx_sync);
  BOOST_CHECK_EQUAL(r.rpc.at("tx"), "0xAB\"");
}

BOOST_AUTO_TEST_CASE(percent_decoding_is_exact) {
  BOOST_CHECK_EQUAL(*percent_decode("a%2Fb+c%20d", true), "a/b c d");
  BOOST_CHECK_EQUAL(*percent_decode("a+b", false), "a+b");
  for (const char* bad : {"%", "%1", "%g0", "%0g", "abc%"})
    WITAN_CHECK_ERROR(percent_decode(bad, true), ErrorCode::malformed);
}

WITAN_PROPERTY(any_text_is_routed_or_refused, [](const std::string& text) {
  for (const std::string& target :
       {text, "/api/v1/blocks/" + text, "/api/v1/validators?" + text, "/abci_query?data=" + text}) {
    const auto r = route_request("GET", target);
    if (!r) RC_ASSERT(!r.error().text.empty());
  }
});

BOOST_AUTO_TEST_CASE(the_reference_page_lists_exactly_the_routes) {
  std::ifstream in(WITAN_SOURCE_DIR "/docs/reference/api.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  BOOST_CHECK_MESSAGE(page.find(routes_markdown()) != std::string::npos,
                      "docs/reference/api.md must contain:\n"
                          << routes_markdown());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
