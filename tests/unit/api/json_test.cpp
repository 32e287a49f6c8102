#include "actors/api/json.hpp"

#include <nlohmann/json.hpp>

#include "actors/api/http_error.hpp"
#include "messages/wire/envelope.hpp"
#include "tests/support/boost_test.hpp"

namespace witan {
BOOST_AUTO_TEST_SUITE(json_test)

BOOST_AUTO_TEST_CASE(numbers_of_64_bits_are_strings_and_data_is_hex) {
  Draft<schema::AccountView> draft;
  const Bytes key{0x00, 0xab, 0xff};
  draft->setAddress("wit1x");
  draft->setKey(as_data(key));
  draft->setBalance(~std::uint64_t{0});
  const Envelope sealed = std::move(draft).seal();
  const auto json =
      nlohmann::json::parse(to_json_text(Received<schema::AccountView>(sealed).get()));
  BOOST_CHECK_EQUAL(json["balance"].get<std::string>(), "18446744073709551615");
  BOOST_CHECK_EQUAL(json["key"].get<std::string>(), "00abff");
  BOOST_CHECK_EQUAL(json["nonce"].get<std::string>(), "0");
  BOOST_CHECK(!json.contains("proof"));
}

BOOST_AUTO_TEST_CASE(lists_and_nested_structs_keep_their_shape) {
  Draft<schema::BlockView> draft;
  draft->initHeader().setHeight(7);
  auto ids = draft->initTxIds(2);
  const Hash32 id{};
  ids.set(0, as_data(id));
  ids.set(1, as_data(id));
  draft->initReceipts(1)[0].setCode("ok");
  const Envelope sealed = std::move(draft).seal();
  const auto json = nlohmann::json::parse(to_json_text(Received<schema::BlockView>(sealed).get()));
  BOOST_CHECK_EQUAL(json["header"]["height"].get<std::string>(), "7");
  BOOST_CHECK_EQUAL(json["txIds"][1].get<std::string>(), std::string(64, '0'));
  BOOST_CHECK_EQUAL(json["receipts"][0]["code"].get<std::string>(), "ok");
}

BOOST_AUTO_TEST_CASE(an_event_is_named_by_its_union_member) {
  Draft<schema::PublishedEvent> draft;
  auto block = draft->initNewBlock();
  block.setHeight(7);
  block.setTxCount(3);
  const Envelope sealed = std::move(draft).seal();
  const EventText text = event_text(Received<schema::PublishedEvent>(sealed).get(),
                                    UnixTime{1'767'225'600'000'000'000});
  const auto json = nlohmann::json::parse(text.json);
  BOOST_CHECK_EQUAL(text.name, "newBlock");
  BOOST_CHECK_EQUAL(json["type"].get<std::string>(), "newBlock");
  BOOST_CHECK_EQUAL(json["time"].get<std::string>(), "2026-01-01T00:00:00.000000000Z");
  BOOST_CHECK_EQUAL(json["data"]["txCount"].get<int>(), 3);
  BOOST_CHECK_EQUAL(text.height, 7u);
  BOOST_CHECK(text.json.find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(errors_are_json_whatever_they_quote) {
  const Error error{ErrorCode::malformed, "a\"b\n", "\xff\xfe"};
  const auto json = nlohmann::json::parse(error_json(error));
  BOOST_CHECK_EQUAL(json["error"]["code"].get<std::string>(), "malformed");
  BOOST_CHECK_EQUAL(json["error"]["field"].get<std::string>(), "a\"b\n");
  BOOST_CHECK_EQUAL(http_status_of(ErrorCode::malformed), 400U);
  BOOST_CHECK_EQUAL(http_status_of(ErrorCode::not_found), 404U);
  BOOST_CHECK_EQUAL(http_status_of(ErrorCode::internal), 500U);
}

BOOST_AUTO_TEST_CASE(foreign_text_is_cleaned) {
  BOOST_CHECK_EQUAL(clean_text("ok \u00e9\xff!"), "ok \u00e9\uFFFD!");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
