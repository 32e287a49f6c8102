// Own messages count where a recording says they came back; what it does not say is not guessed.
#include "actors/consensus/log_order.hpp"

#include <algorithm>

#include "actors/consensus/log_replay.hpp"
#include "storage/wal.hpp"
#include "tests/unit/consensus_actor/sim_cluster.hpp"

namespace witan::test {
namespace {

using consensus::LoggedRecord;
using consensus::LogOrder;
using consensus::LogReplay;
using consensus::OrderHop;
using consensus::OrderRecord;
using consensus::RecordKind;
using What = consensus::OrderHop::What;

const Height height(5);

OrderRecord record(RecordKind kind, ValidatorIndex validator = 0,
                   SignedKind type = SignedKind::prevote) {
  return {kind, height, Round(0), validator, type};
}
OrderRecord own(SignedKind type) { return record(RecordKind::sign, 0, type); }
OrderHop hop(What what, std::int64_t time, ValidatorIndex validator = 0,
             std::optional<SignedKind> type = std::nullopt) {
  return {what, height, Round(0), validator, type, time};
}
OrderHop own_back(std::int64_t time) { return hop(What::own_vote, time, 0, SignedKind::prevote); }

LogOrder ordered(const std::vector<OrderRecord>& records, std::vector<OrderHop> hops) {
  return consensus::order_of(records, hops, {height});
}

// Signed first, then two votes and a timeout.
const std::vector<OrderRecord> plain{own(SignedKind::prevote), record(RecordKind::vote, 1),
                                     record(RecordKind::vote, 2), record(RecordKind::timeout),
                                     record(RecordKind::decided)};
std::vector<OrderHop> hops_of_plain(std::int64_t came_back) {
  return {hop(What::vote, 10, 1, SignedKind::prevote), hop(What::vote, 20, 2, SignedKind::prevote),
          hop(What::timeout, 30), hop(What::decision, 40), own_back(came_back)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_order_test)

BOOST_AUTO_TEST_CASE(an_own_message_counts_behind_what_was_fed_before_it_came_back) {
  // Before record 1, 2, 3, 4; a decision within its own handling follows from it.
  const std::pair<std::int64_t, std::size_t> cases[] = {{5, 0}, {15, 2}, {25, 3}, {35, 4}, {40, 4}};
  for (const auto& [came_back, place] : cases) {
    const LogOrder order = ordered(plain, hops_of_plain(came_back));
    BOOST_TEST(order.feed_before[0] == place, came_back);
    BOOST_TEST(order.placed == 1U);
    BOOST_TEST(order.moved == (place == 0 ? 0U : 1U));
    BOOST_TEST(order.unsure + order.unmatched == 0U);
    BOOST_TEST(order.heights.size() == 1U);
    for (std::size_t i = 1; i < plain.size(); ++i) BOOST_TEST(order.feed_before[i] == i);
  }
}

BOOST_AUTO_TEST_CASE(what_the_recording_does_not_cover_is_not_moved) {
  const LogOrder outside = consensus::order_of(plain, hops_of_plain(35), {Height(6)});
  BOOST_TEST(outside.feed_before[0] == 0U);
  BOOST_TEST(outside.heights.empty());
  BOOST_TEST(outside.placed + outside.unmatched == 0U);
  // Covered, but it never came back: the process ended before.
  std::vector<OrderHop> hops = hops_of_plain(35);
  hops.pop_back();
  BOOST_TEST(ordered(plain, hops).unmatched == 1U);
  // Another validator's, another type's.
  hops.push_back(hop(What::own_vote, 35, 1, SignedKind::prevote));
  hops.push_back(hop(What::own_vote, 35, 0, SignedKind::precommit));
  BOOST_TEST(ordered(plain, hops).unmatched == 1U);
}

BOOST_AUTO_TEST_CASE(a_record_with_several_messages_is_on_a_side_only_if_all_of_them_are) {
  // The vote of validator 1 may have come within a certificate, too.
  std::vector<OrderHop> hops = hops_of_plain(15);
  hops.push_back(hop(What::round_certificate, 12));
  LogOrder order = ordered(plain, hops);
  BOOST_TEST(order.unsure == 1U);  // validator 2's: at 12 or at 20
  BOOST_TEST(order.feed_before[0] == 2U);
  hops.back().time = 17;
  order = ordered(plain, hops);  // validator 1's: at 10 or at 17; nothing is surely before
  BOOST_TEST(order.unsure == 1U);
  BOOST_TEST(order.placed == 0U);
  BOOST_TEST(order.feed_before[0] == 0U);
  // A vote whose type nobody knows may be either.
  hops = hops_of_plain(15);
  hops.push_back(hop(What::vote, 12, 2));
  BOOST_TEST(ordered(plain, hops).unsure == 1U);
  hops.back().type = SignedKind::precommit;
  BOOST_TEST(ordered(plain, hops).unsure == 0U);
  // Unknown behind what is surely after does not matter.
  hops = hops_of_plain(5);
  hops.push_back(hop(What::vote, 3, 2));
  BOOST_TEST(ordered(plain, hops).placed == 1U);
}

BOOST_AUTO_TEST_CASE(timeouts_of_a_round_are_matched_by_their_number) {
  const std::vector<OrderRecord> records{record(RecordKind::timeout), own(SignedKind::prevote),
                                         record(RecordKind::timeout)};
  const auto at = [&](std::int64_t came_back) {
    return ordered(records, {hop(What::timeout, 10), hop(What::timeout, 30), own_back(came_back)})
        .feed_before[1];
  };
  BOOST_TEST(at(20) == 1U);
  BOOST_TEST(at(40) == 3U);
}

BOOST_AUTO_TEST_CASE(blocks_are_matched_by_their_number_when_there_are_as_many_messages) {
  const std::vector<OrderRecord> records{record(RecordKind::block), own(SignedKind::prevote),
                                         record(RecordKind::block), record(RecordKind::block)};
  std::vector<OrderHop> hops{hop(What::block, 10), hop(What::block, 30), hop(What::block, 50),
                             own_back(40)};
  BOOST_TEST(ordered(records, hops).feed_before[1] == 3U);
  BOOST_TEST(ordered(records, hops).placed == 1U);
  hops.push_back(hop(What::block, 60));  // one of them led to nothing
  BOOST_TEST(ordered(records, hops).feed_before[1] == 1U);
  BOOST_TEST(ordered(records, hops).unsure == 1U);
}

BOOST_AUTO_TEST_CASE(a_recording_that_contradicts_the_log_moves_nothing) {
  std::vector<OrderHop> hops = hops_of_plain(25);
  hops[0].time = 20;
  hops[1].time = 10;
  hops[0].time = 30;  // the first record after, the second before it came back
  const LogOrder order = ordered(plain, hops);
  BOOST_TEST(order.unmatched == 1U);
  BOOST_TEST(order.feed_before[0] == 0U);
}

namespace {

// A height in which the own prevote was slow to become durable: without it there was no polka, and
// the timer ran out.
std::vector<LoggedRecord> slow_disk_log(SimCluster& cluster) {
  std::vector<LoggedRecord> out, of_height;
  WITAN_REQUIRE_OK(read_wal(cluster.file_system(0), wal_folder, "", Height(0),
                            [&](const WalRecord& r) -> Status {
                              const LoggedRecord logged{static_cast<RecordKind>(r.kind), r.height,
                                                        Bytes(r.payload.begin(), r.payload.end())};
                              if (r.height < height) out.push_back(logged);
                              if (r.height == height) of_height.push_back(logged);
                              return {};
                            }));
  std::vector<LoggedRecord> peers;
  std::optional<LoggedRecord> prevote, precommit;
  for (const LoggedRecord& r : of_height) {
    const auto facts = consensus::order_record(r.kind, r.height, r.payload);
    WITAN_REQUIRE_OK(facts);
    if (r.kind == RecordKind::vote && facts->signed_kind == SignedKind::prevote) peers.push_back(r);
    if (r.kind == RecordKind::proposal || r.kind == RecordKind::block) out.push_back(r);
    if (r.kind != RecordKind::sign) continue;
    if (facts->signed_kind == SignedKind::prevote) prevote = r;
    if (facts->signed_kind == SignedKind::precommit) precommit = r;
  }
  BOOST_REQUIRE(prevote && precommit && peers.size() >= 2);
  peers.resize(2);
  ValidatorIndex rest = 0 + 1 + 2 + 3 - decode_sign_record(prevote->payload)->validator;
  for (const LoggedRecord& r : peers)
    rest -= consensus::decode_vote_record(r.payload)->vote.validator;
  auto third = *consensus::decode_vote_record(peers[0].payload);
  third.vote.validator = rest;
  third.vote.value.reset();
  third.vote.pol_round = Round::nil();
  peers.push_back({RecordKind::vote, height, consensus::encode_record(third)});
  auto nil = *decode_sign_record(precommit->payload);
  nil.value.reset();
  precommit->payload = encode(nil);
  out.push_back(*prevote);
  out.insert(out.end(), peers.begin(), peers.end());
  out.push_back({RecordKind::timeout, height,
                 consensus::encode_record(consensus::TimeoutRecord{Step::prevote, Round(0)})});
  out.push_back(*precommit);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(
    a_vote_that_was_slow_to_become_durable_is_no_divergence_where_the_order_is_known) {
  SimCluster cluster({.seed = 3});
  BOOST_REQUIRE(cluster.run_until(Height(7), Duration::from_s(600)));
  const std::vector<LoggedRecord> log = slow_disk_log(cluster);
  std::vector<OrderRecord> records;
  for (const LoggedRecord& r : log)
    records.push_back(*consensus::order_record(r.kind, r.height, r.payload));
  // The peers' votes at 10, 20, 30, the timeout at 40, and only then the own vote.
  std::vector<OrderHop> hops;
  std::int64_t time = 0;
  std::size_t own_at = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const OrderRecord& r = records[i];
    if (r.height != height) continue;
    if (r.kind == RecordKind::sign && r.signed_kind == SignedKind::prevote) {
      own_at = i;
      hops.push_back({What::own_vote, height, Round(0), r.validator, SignedKind::prevote, 50});
    }
    if (r.kind == RecordKind::vote)
      hops.push_back({What::vote, height, Round(0), r.validator, r.signed_kind, time += 10});
    if (r.kind == RecordKind::timeout)
      hops.push_back({What::timeout, height, Round(0), 0, std::nullopt, time += 10});
  }
  const LogOrder order = consensus::order_of(records, hops, {height});
  BOOST_TEST(order.feed_before[own_at] == own_at + 5);

  const auto diverges = [&](bool with_order) -> std::string {
    LogReplay again({cluster.world().validators, [&](Height h) {
                       return proposer_order(*cluster.world().validators, cluster.world().chain_id,
                                             h);
                     }});
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (with_order && order.feed_before[own_at] == i)
        WITAN_REQUIRE_OK(again.count_own(log[own_at]));
      const bool held = with_order && i == own_at;
      auto diverged = again.feed(log[i], held ? LogReplay::Own::held : LogReplay::Own::at_once);
      WITAN_REQUIRE_OK(diverged);
      if (*diverged) return (**diverged).redriven;
    }
    return "";
  };
  BOOST_TEST(diverges(false).starts_with("asked for precommit of round 0 for "));
  BOOST_TEST(diverges(true) == "");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
