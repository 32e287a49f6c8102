// Points, bans, fading, and the bound on what is remembered.
#include "actors/peers/conduct.hpp"

#include "tests/support/boost_test.hpp"

namespace witan::peers {
namespace {

NodeId id_of(std::uint32_t n) {
  NodeId out;
  out.data.fill(2);
  for (std::size_t i = 0; i < 4; ++i) out.data[i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  return out;
}
constexpr Instant start{5'000'000'000};
constexpr Duration hour = Duration::from_s(3600);

}  // namespace

BOOST_AUTO_TEST_SUITE(conduct_test)

BOOST_AUTO_TEST_CASE(points_add_up_to_a_ban_that_ends) {
  Conduct conduct;
  BOOST_CHECK(!conduct.offend(id_of(1), 50, false, start));
  BOOST_CHECK_EQUAL(conduct.points(id_of(1), start), 50u);
  BOOST_CHECK(!conduct.is_banned(id_of(1), start));
  const auto ban = conduct.offend(id_of(1), 50, false, start);
  BOOST_REQUIRE(ban.has_value());
  BOOST_CHECK_EQUAL(ban->ns, Duration::from_s(60).ns);
  BOOST_CHECK(conduct.is_banned(id_of(1), start + Duration{ban->ns - 1}));
  BOOST_CHECK(!conduct.is_banned(id_of(1), start + *ban));
  BOOST_CHECK(!conduct.is_banned(id_of(2), start));
  BOOST_CHECK_EQUAL(conduct.banned(start), 1u);
  BOOST_CHECK_EQUAL(conduct.banned(start + *ban), 0u);
}

BOOST_AUTO_TEST_CASE(bans_double_to_a_cap_and_start_over_after_good_conduct) {
  Conduct conduct;
  Instant now = start;
  const auto next = [&](bool persistent, std::uint32_t who) {
    const auto ban = conduct.offend(id_of(who), protocol_violation_points, persistent, now);
    BOOST_REQUIRE(ban.has_value());
    now = now + *ban;
    return ban->ns / 1'000'000'000;
  };
  for (const std::int64_t want : {60, 120, 240, 480, 960, 1920, 3600, 3600})
    BOOST_CHECK_EQUAL(next(false, 1), want);
  now = now + hour + Duration{-1};
  BOOST_CHECK_EQUAL(next(false, 1), 3600);
  now = now + hour;
  BOOST_CHECK_EQUAL(next(false, 1), 60);
  for (const std::int64_t want : {10, 20, 40, 80, 120, 120})  // a peer we want back sooner
    BOOST_CHECK_EQUAL(next(true, 2), want);
  for (int i = 0; i < 100; ++i) (void)next(false, 3);
  BOOST_CHECK_EQUAL(next(false, 3), 3600);
}

BOOST_AUTO_TEST_CASE(points_fade) {
  Conduct conduct;
  (void)conduct.offend(id_of(1), 20, false, start);
  BOOST_CHECK_EQUAL(conduct.points(id_of(1), start + Duration::from_s(6)), 19u);
  BOOST_CHECK_EQUAL(conduct.points(id_of(1), start + Duration::from_s(119)), 1u);
  BOOST_CHECK_EQUAL(conduct.points(id_of(1), start + Duration::from_s(120)), 0u);
  Instant now = start;
  for (int i = 0; i < 100; ++i) {  // rare small offences never add up
    now = now + Duration::from_s(120);
    BOOST_CHECK(!conduct.offend(id_of(2), 20, false, now));
  }
}

BOOST_AUTO_TEST_CASE(what_follows_within_a_ban_is_part_of_it) {
  Conduct conduct;
  BOOST_REQUIRE(conduct.offend(id_of(1), 100, false, start));
  for (int i = 0; i < 10; ++i) BOOST_CHECK(!conduct.offend(id_of(1), 100, false, start));
  const auto second = conduct.offend(id_of(1), 100, false, start + Duration::from_s(60));
  BOOST_REQUIRE(second.has_value());
  BOOST_CHECK_EQUAL(second->ns, Duration::from_s(120).ns);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_bans_go_last) {
  Conduct conduct({.records_max = 8});
  BOOST_REQUIRE(conduct.offend(id_of(1), 100, false, start));
  for (std::uint32_t i = 2; i < 1000; ++i) (void)conduct.offend(id_of(i), 20, false, start);
  BOOST_CHECK_EQUAL(conduct.records(), 8u);
  BOOST_CHECK(conduct.is_banned(id_of(1), start));
  // More bans than records: the one that ends first goes.
  for (std::uint32_t i = 1001; i < 1009; ++i)
    (void)conduct.offend(id_of(i), 100, false, start + Duration::from_s(1));
  BOOST_CHECK_EQUAL(conduct.records(), 8u);
  BOOST_CHECK(!conduct.is_banned(id_of(1), start + Duration::from_s(1)));
  BOOST_CHECK_EQUAL(conduct.banned(start + Duration::from_s(1)), 8u);
}

BOOST_AUTO_TEST_CASE(reports_of_other_actors_cost_by_what_they_prove) {
  BOOST_CHECK_EQUAL(points_for("malformed"), 100u);
  BOOST_CHECK_EQUAL(points_for("invalid_block"), 100u);
  BOOST_CHECK_EQUAL(points_for("bad_signature"), 50u);
  BOOST_CHECK_EQUAL(points_for("wrong_proposer"), 20u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::peers
