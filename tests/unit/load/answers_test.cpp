#include "tools/load/answers.hpp"

#include <vector>

#include "tests/support/boost_test.hpp"

namespace witan::loadgen {
namespace {

std::uint64_t total(const BatchAnswer& answer) {
  std::uint64_t out = answer.committed;
  for (const auto& [code, count] : answer.errors) out += count;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answers_test)

BOOST_AUTO_TEST_CASE(status_gives_chain_and_height_or_says_what_is_wrong) {
  const std::string chain(64, 'a');
  const auto good = parse_status(R"({"chainId":")" + chain + R"(","latestHeight":"42"})");
  BOOST_REQUIRE(good.has_value());
  BOOST_CHECK_EQUAL(good->latest_height, 42);
  const std::vector<std::string> bad_answers{
      "x",
      "{}",
      "[]",
      R"({"chainId":"aa","latestHeight":"1"})",
      R"({"chainId":")" + chain + R"(","latestHeight":"-1"})",
      R"({"chainId":")" + chain + "\"}"};
  for (const std::string& bad : bad_answers)
    BOOST_CHECK(parse_status(bad).error().code == ErrorCode::malformed ||
                parse_status(bad).error().code == ErrorCode::out_of_range);
  BOOST_CHECK_EQUAL(parse_account_nonce(R"({"nonce":"7"})").value(), 7);
  BOOST_CHECK(!parse_account_nonce(R"({"nonce":"x7"})"));
}

BOOST_AUTO_TEST_CASE(every_transaction_of_a_batch_is_counted_once) {
  const auto all = parse_batch_answer(
      200, R"({"accepted":10,"rejected":0,"committed":10,"height":"5","failures":[]})", 10);
  BOOST_CHECK_EQUAL(all.committed, 10);
  BOOST_CHECK(all.errors.empty());

  const auto mixed =
      parse_batch_answer(200,
                         R"({"accepted":6,"rejected":4,"committed":5,"height":"5","failures":[
        {"position":0,"code":"bad_nonce","text":""},{"position":1,"code":"bad_nonce","text":""},
        {"position":2,"code":"pool_full","text":""}]})",
                         10);
  BOOST_CHECK_EQUAL(mixed.committed, 5);
  BOOST_CHECK_EQUAL(mixed.errors.at("bad_nonce"), 2);
  BOOST_CHECK_EQUAL(mixed.errors.at("pool_full"), 1);
  BOOST_CHECK_EQUAL(mixed.errors.at("not_listed"), 1);
  BOOST_CHECK_EQUAL(mixed.errors.at("not_committed"), 1);
  BOOST_CHECK(mixed.retry_later);
  BOOST_CHECK_EQUAL(total(mixed), 10);
}

BOOST_AUTO_TEST_CASE(errors_of_a_request_count_for_all_its_transactions) {
  const auto busy = parse_batch_answer(503, R"({"error":{"code":"busy","field":"","text":""}})", 9);
  BOOST_CHECK_EQUAL(busy.errors.at("busy"), 9);
  BOOST_CHECK(busy.retry_later);
  BOOST_CHECK_EQUAL(parse_batch_answer(502, "<html>", 3).errors.at("http_502"), 3);
  for (const char* bad : {"", "{}", R"({"accepted":3,"rejected":3,"committed":3})",
                          R"({"accepted":5,"rejected":0,"committed":6})"})
    BOOST_CHECK_EQUAL(parse_batch_answer(200, bad, 5).errors.at("malformed"), 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::loadgen
