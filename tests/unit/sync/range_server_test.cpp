#include "actors/sync/range_server.hpp"

#include "actors/sync/core/sync_core.hpp"
#include "messages/wire/limits.hpp"
#include "tests/unit/sync/chain_support.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(range_server_test)

namespace {

const TestChain& chain() {
  static const TestChain made(20, 3000);
  return made;
}

struct Asked {
  std::uint64_t first;
  std::uint64_t last;
  std::uint32_t bytes_max = 1'000'000;
};
struct Answered {
  std::uint64_t first = 0;
  std::uint64_t id = 0;
  std::size_t flat_bytes = 0;
  std::vector<SyncBlock> blocks;
};

Answered serve(RangeServer& server, Asked asked, Instant now = Instant{}) {
  Draft<schema::RangeRequest> request;
  request->setFirst(asked.first);
  request->setLast(asked.last);
  request->setBytesMax(asked.bytes_max);
  request->setId(77);
  const Envelope in = std::move(request).seal();
  const Received<schema::RangeRequest> received(in);
  const Envelope out = std::move(server.serve(1, received.get(), now).response).seal();
  const Received<schema::RangeResponse> response(out);
  auto blocks = read_blocks(response.get());
  WITAN_REQUIRE_OK(blocks);
  return {response->getFirst(), response->getId(), out.words->flat_bytes(), std::move(*blocks)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_range_is_served_as_it_was_stored) {
  const auto store = chain().store(1, 20);
  RangeServer server(*store);
  const Answered answer = serve(server, {5, 9});
  BOOST_CHECK_EQUAL(answer.first, 5u);
  BOOST_CHECK_EQUAL(answer.id, 77u);
  BOOST_REQUIRE_EQUAL(answer.blocks.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    BOOST_CHECK(answer.blocks[i].bytes == chain().at(5 + i).bytes);
    BOOST_CHECK(answer.blocks[i].certificate == chain().at(5 + i).certificate);
  }
}

BOOST_AUTO_TEST_CASE(requests_are_clamped_to_what_is_there) {
  const auto store = chain().store(5, 20);
  RangeServer server(*store);
  BOOST_CHECK_EQUAL(serve(server, {18, 1000}).blocks.size(), 3u);
  BOOST_CHECK(serve(server, {21, 30}).blocks.empty());
  BOOST_CHECK(serve(server, {4, 10}).blocks.empty());  // pruned
  BOOST_CHECK(serve(server, {9, 8}).blocks.empty());   // inverted
  BOOST_CHECK(serve(server, {0, 8}).blocks.empty());
  BOOST_CHECK_EQUAL(serve(server, {6, ~std::uint64_t{0}}).blocks.size(), 15u);
  BOOST_CHECK_EQUAL(server.own_claim().tip, 20u);
  BOOST_CHECK_EQUAL(server.own_claim().base, 5u);
}

BOOST_AUTO_TEST_CASE(an_empty_store_answers_too) {
  const auto store = chain().store(1, 0);
  RangeServer server(*store);
  BOOST_CHECK(serve(server, {1, 5}).blocks.empty());
  BOOST_CHECK_EQUAL(server.own_claim().tip, 0u);
}

BOOST_AUTO_TEST_CASE(an_answer_stops_before_its_bytes_but_brings_at_least_one_block) {
  const auto store = chain().store(1, 20);
  RangeServer server(*store);
  const Answered some = serve(server, {1, 20, 20'000});
  BOOST_CHECK_GT(some.blocks.size(), 2u);
  BOOST_CHECK_LT(some.blocks.size(), 8u);
  BOOST_CHECK_LE(some.flat_bytes, 20'000u + 256u);  // never more than an asker tolerates
  BOOST_CHECK_EQUAL(serve(server, {1, 20, 10}).blocks.size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_asks_too_much_gets_empty_answers_until_its_budget_refills) {
  const auto store = chain().store(1, 20);
  RangeServer server(*store, {.bytes_per_second = 100'000, .burst_bytes = 200'000});
  std::size_t blocks = 0;
  for (int i = 0; i < 50; ++i) blocks += serve(server, {1, 20}).blocks.size();
  BOOST_CHECK_GT(blocks, 20u);
  BOOST_CHECK_LT(blocks, 70u);
  BOOST_CHECK(serve(server, {1, 20}).blocks.empty());
  BOOST_CHECK(!serve(server, {1, 20}, Instant{} + Duration::from_s(1)).blocks.empty());
}

BOOST_AUTO_TEST_CASE(the_largest_block_with_the_largest_certificate_fits_what_a_node_asks_for) {
  BOOST_CHECK_LE(item_bytes(block_bytes_max, validators_max), Params{}.request_bytes);
  BOOST_CHECK_LE(Params{}.request_bytes, limits::range_bytes_max);
  BOOST_CHECK_LE(Params{}.range_blocks, limits::range_blocks_max);
}

BOOST_AUTO_TEST_SUITE_END()
