#include "actors/consensus/early_messages.hpp"

#include "messages/schema/consensus.capnp.h"
#include "tests/support/boost_test.hpp"

using namespace witan;
using namespace witan::consensus;
using Origin = EarlyMessages::Origin;

namespace {
Envelope vote(std::uint64_t height, std::size_t padding = 0) {
  Draft<schema::Vote> draft(padding / 8 + 48);
  draft->setHeight(height);
  draft->initValue(static_cast<kj::uint>(padding));
  return std::move(draft).seal();
}
std::uint64_t height_of(const Envelope& envelope) {
  return Received<schema::Vote>(envelope)->getHeight();
}
}  // namespace

BOOST_AUTO_TEST_SUITE(early_messages)

BOOST_AUTO_TEST_CASE(each_height_is_given_once_in_order_and_lower_ones_are_dropped) {
  EarlyMessages early;
  for (const std::uint64_t h : {9U, 8U, 9U, 7U})
    BOOST_CHECK(early.keep(Height(h), 1, vote(h), Origin::signed_by_validator));
  BOOST_CHECK_EQUAL(early.take(Height(8)).size(), 1U);  // 7 is gone with it
  BOOST_CHECK_EQUAL(early.size(), 2U);
  BOOST_CHECK(early.take(Height(8)).empty());
  BOOST_CHECK_EQUAL(early.take(Height(9)).size(), 2U);
  BOOST_CHECK_EQUAL(early.size(), 0U);
}

BOOST_AUTO_TEST_CASE(when_full_the_highest_height_makes_room_and_is_refused_itself) {
  EarlyMessages early;
  const std::size_t mib = 1024 * 1024;
  for (std::uint64_t h = 1; h <= 15; ++h)
    BOOST_REQUIRE(early.keep(Height(h), 1, vote(h, mib), Origin::signed_by_validator));
  BOOST_CHECK(!early.keep(Height(16), 1, vote(16, 2 * mib),
                          Origin::signed_by_validator));  // the highest: nothing goes for it
  BOOST_CHECK(
      early.keep(Height(3), 1, vote(3, 2 * mib), Origin::signed_by_validator));  // 15 and more went
  BOOST_CHECK(early.take(Height(15)).empty());
  early = EarlyMessages();
  for (std::uint32_t i = 0; i < early_messages_max; ++i)
    BOOST_REQUIRE(early.keep(Height(5), i % 8, vote(5), Origin::signed_by_validator));
  BOOST_CHECK(!early.keep(Height(6), 9, vote(6), Origin::signed_by_validator));
  BOOST_CHECK_EQUAL(early.size(), early_messages_max);
  BOOST_CHECK_EQUAL(height_of(early.take(Height(5)).front()), 5U);
}

BOOST_AUTO_TEST_CASE(unsigned_parts_fill_half_and_displace_nothing) {
  EarlyMessages early;
  for (std::uint32_t i = 0; i < early_messages_max / 2; ++i)
    BOOST_REQUIRE(early.keep(Height(9), i % 4, vote(9), Origin::unsigned_part));
  BOOST_CHECK(!early.keep(Height(2), 5, vote(2), Origin::unsigned_part));
  BOOST_CHECK(early.keep(Height(9), 5, vote(9), Origin::signed_by_validator));
}

// One signer of endless rounds does not take the places of the others.
BOOST_AUTO_TEST_CASE(a_peer_has_its_share_and_gets_it_back) {
  EarlyMessages early;
  for (std::size_t i = 0; i < early_messages_per_peer; ++i)
    BOOST_REQUIRE(early.keep(Height(i % 2 == 0 ? 5 : 6), 1, vote(5), Origin::signed_by_validator));
  BOOST_CHECK(!early.keep(Height(5), 1, vote(5), Origin::signed_by_validator));
  BOOST_CHECK(early.keep(Height(5), 2, vote(5), Origin::signed_by_validator));
  BOOST_CHECK_EQUAL(early.take(Height(5)).size(), early_messages_per_peer / 2 + 1);
  BOOST_CHECK(early.keep(Height(6), 1, vote(6), Origin::signed_by_validator));
}

BOOST_AUTO_TEST_SUITE_END()
