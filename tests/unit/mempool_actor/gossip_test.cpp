// What peers are told, and what is taken from them.
#include "tests/unit/mempool_actor/fixture.hpp"

using namespace witan;
using namespace witan::mempool;
using namespace witan::mempool::test;

namespace {

std::vector<Bytes> many_opaque(std::size_t count, std::size_t payload = 16) {
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(opaque(i, 100, payload));
  return out;
}
std::vector<std::size_t> sizes(const World& world) {
  std::vector<std::size_t> out;
  for (const auto& batch : world.broadcasts) out.push_back(batch.size());
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gossip_test)

BOOST_AUTO_TEST_CASE(admitted_ones_of_the_api_are_told_after_two_milliseconds) {
  Harness h(default_options(), rich({1}));
  h.submit(opaque(1));
  h.submit(transfer(1, 0));
  h.submit(transfer(1, 0, 10, 1, 0));
  BOOST_CHECK(h.world.broadcasts.empty());
  h.advance(Duration::from_ms(2));
  BOOST_REQUIRE_EQUAL(h.world.broadcasts.size(), 1U);
  BOOST_CHECK((h.world.broadcasts[0] == std::vector<Bytes>{opaque(1), transfer(1, 0)}));
}

BOOST_AUTO_TEST_CASE(a_full_batch_does_not_wait) {
  Harness h;
  h.submit_batch(many_opaque(450));
  BOOST_CHECK((sizes(h.world) == std::vector<std::size_t>{200, 200}));
  h.advance(Duration::from_ms(2));
  BOOST_CHECK((sizes(h.world) == std::vector<std::size_t>{200, 200, 50}));
}

BOOST_AUTO_TEST_CASE(the_timer_of_a_batch_that_went_early_does_not_cut_the_next_one) {
  Harness h;
  h.submit(opaque(1000));
  h.advance(Duration::from_ms(1));
  h.submit_batch(many_opaque(200));  // full after 199: one is left, its timer is due at 3 ms
  BOOST_CHECK((sizes(h.world) == std::vector<std::size_t>{200}));
  h.advance(Duration::from_ms(1));
  BOOST_CHECK((sizes(h.world) == std::vector<std::size_t>{200}));
  h.advance(Duration::from_ms(1));
  BOOST_CHECK((sizes(h.world) == std::vector<std::size_t>{200, 1}));
}

BOOST_AUTO_TEST_CASE(a_batch_is_bounded_in_bytes_too) {
  Harness h;
  h.submit_batch(many_opaque(5, 30'000));
  BOOST_CHECK((sizes(h.world) == std::vector<std::size_t>{3}));
}

BOOST_AUTO_TEST_CASE(what_comes_from_a_peer_is_kept_and_not_told_on) {
  Harness h(default_options(), rich({1}));
  h.from_peer(Harness::blob_of({opaque(1), transfer(1, 0), opaque(1)}));
  BOOST_CHECK_EQUAL(h.view().size, 2U);
  h.advance(Duration::from_s(20));
  BOOST_CHECK(h.world.broadcasts.empty());
  BOOST_CHECK(h.world.misbehaved.empty());
}

BOOST_AUTO_TEST_CASE(a_peer_that_passes_on_rubbish_is_reported) {
  Harness h(default_options(), rich({1}));
  h.from_peer({1, 2, 3});
  h.from_peer(Harness::blob_of({Bytes(8, 0xff), opaque(1)}));
  h.from_peer(Harness::blob_of({transfer(1, 0, 10, 1, 0)}));
  const std::vector<std::string> want{"malformed", "malformed", "bad_signature"};
  BOOST_CHECK_EQUAL_COLLECTIONS(h.world.misbehaved.begin(), h.world.misbehaved.end(), want.begin(),
                                want.end());
  BOOST_CHECK_EQUAL(h.view().size, 1U);
  // What merely comes late is nobody's fault.
  h.from_peer(Harness::blob_of({opaque(5, 1), opaque(1)}));
  BOOST_CHECK_EQUAL(h.world.misbehaved.size(), 3U);
}

BOOST_AUTO_TEST_CASE(own_pending_ones_are_repeated_until_they_are_committed) {
  Harness h;
  h.submit_batch({opaque(1), opaque(2)});
  h.from_peer(Harness::blob_of({opaque(3)}));
  h.advance(Duration::from_s(1));
  h.commit(2, {opaque(1)});
  h.world.broadcasts.clear();
  h.advance(Duration::from_s(10));
  BOOST_REQUIRE(!h.world.broadcasts.empty());
  for (const auto& batch : h.world.broadcasts)
    BOOST_CHECK((batch == std::vector<Bytes>{opaque(2)}));
  BOOST_CHECK_LE(h.world.broadcasts.size(), 2U);
  h.commit(3, {opaque(2)});
  h.world.broadcasts.clear();
  h.advance(Duration::from_s(20));
  BOOST_CHECK(h.world.broadcasts.empty());
}

BOOST_AUTO_TEST_SUITE_END()
