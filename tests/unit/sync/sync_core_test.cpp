#include "actors/sync/core/sync_core.hpp"

#include "tests/unit/sync/sync_support.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(sync_core_test)

namespace {

SyncCore core_at(std::uint64_t tip) { return SyncCore(Params{}, tip, 42); }

// Polls and requires exactly one request.
Ask one_ask(SyncCore& core, Instant now) {
  const Poll poll = core.poll(now);
  BOOST_REQUIRE_EQUAL(poll.asks.size(), 1u);
  return poll.asks[0];
}

// A core that has one open request for 1..20 to peer 1.
struct Asked {
  SyncCore core = core_at(0);
  Ask ask;
  Asked() {
    core.on_claim(1, {20, 1});
    ask = one_ask(core, at_ms(0));
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_node_that_is_behind_asks_for_the_next_heights_in_order) {
  SyncCore core = core_at(10);
  core.on_claim(1, {100, 1});
  const Poll poll = core.poll(at_ms(0));
  BOOST_REQUIRE_EQUAL(poll.asks.size(), 2u);
  BOOST_CHECK((poll.asks[0].range == Range{11, 74}));
  BOOST_CHECK((poll.asks[1].range == Range{75, 100}));
  BOOST_CHECK_NE(poll.asks[0].id, poll.asks[1].id);
  BOOST_CHECK(poll.change == Change::started);
  BOOST_CHECK(core.poll(at_ms(1)).asks.empty());
}

BOOST_AUTO_TEST_CASE(a_small_gap_is_left_to_consensus_for_the_grace) {
  SyncCore core = core_at(0);
  core.on_committed(10, at_ms(100));
  core.on_claim(1, {12, 1});
  BOOST_CHECK(core.poll(at_ms(149)).asks.empty());
  core.on_committed(11, at_ms(149));  // it moved
  BOOST_CHECK(core.poll(at_ms(198)).asks.empty());
  BOOST_CHECK((one_ask(core, at_ms(199)).range == Range{12, 12}));
  BOOST_CHECK(!core.view(at_ms(199)).syncing);  // one height behind is not syncing
}

BOOST_AUTO_TEST_CASE(a_large_gap_is_fetched_at_once) {
  SyncCore core = core_at(0);
  core.on_committed(10, at_ms(100));
  core.on_claim(1, {10 + Params{}.gap_small + 1, 1});
  BOOST_CHECK_EQUAL(core.poll(at_ms(100)).asks.size(), 1u);
}

BOOST_AUTO_TEST_CASE(blocks_are_verified_and_handed_over_in_order) {
  Asked a;
  BOOST_CHECK(a.core.on_answer(1, answer_of(a.ask), at_ms(5)).verdict == Verdict::useful);
  BOOST_CHECK(a.core.to_hand_over(at_ms(5)) == nullptr);  // nothing verified yet
  for (std::uint64_t h = 1; h <= 20; ++h) {
    BOOST_REQUIRE(a.core.to_verify() != nullptr);
    BOOST_CHECK_EQUAL(a.core.to_verify()->block.certificate.height, Height(h));
    a.core.set_verified();
  }
  BOOST_CHECK(a.core.to_verify() == nullptr);
  for (std::uint64_t h = 1; h <= 20; ++h) {
    const SyncBlock* block = a.core.to_hand_over(at_ms(6));
    BOOST_REQUIRE(block != nullptr);
    BOOST_CHECK_EQUAL(block->certificate.height, Height(h));
    BOOST_CHECK(a.core.to_hand_over(at_ms(6)) == nullptr);  // one at a time
    BOOST_CHECK(a.core.was_handed_over(h));
    a.core.on_committed(h, at_ms(6));
  }
  BOOST_CHECK(a.core.poll(at_ms(7)).change == Change::finished);
  BOOST_CHECK(!a.core.is_busy());
}

BOOST_AUTO_TEST_CASE(a_block_consensus_did_not_take_is_handed_over_again) {
  Asked a;
  (void)a.core.on_answer(1, answer_of(a.ask), at_ms(5));
  a.core.set_verified();
  BOOST_CHECK(a.core.to_hand_over(at_ms(10)) != nullptr);
  BOOST_CHECK(a.core.to_hand_over(at_ms(509)) == nullptr);
  BOOST_CHECK(a.core.to_hand_over(at_ms(510)) != nullptr);
}

BOOST_AUTO_TEST_CASE(p40_syncing_ends_when_no_credible_peer_is_ahead) {
  SyncCore core = core_at(0);
  core.on_claim(1, {~std::uint64_t{0}, 1});  // and never answers
  core.on_claim(2, {0, 0});
  std::int64_t now = 0;
  for (; now < 60'000; now += 25) (void)core.poll(at_ms(now));
  BOOST_CHECK(!core.view(at_ms(now)).syncing);
  BOOST_CHECK_EQUAL(core.view(at_ms(now)).target, 0u);
  BOOST_CHECK(core.is_busy());  // it is still asked now and then
}

BOOST_AUTO_TEST_CASE(p41_a_poisoned_tip_does_not_hide_the_real_one) {
  SyncCore core = core_at(0);
  core.on_claim(1, {~std::uint64_t{0}, 1});
  core.on_claim(2, {20, 1});
  std::int64_t now = 0;
  while (core.view(at_ms(now)).height < 20 && now < 60'000) {
    for (const Ask& ask : core.poll(at_ms(now)).asks)
      if (ask.peer == 2) (void)core.on_answer(2, answer_of(ask), at_ms(now));
    while (core.to_verify() != nullptr) core.set_verified();
    if (const SyncBlock* block = core.to_hand_over(at_ms(now)))
      core.on_committed(block->certificate.height.get(), at_ms(now));
    now += 25;
  }
  BOOST_CHECK_EQUAL(core.view(at_ms(now)).height, 20u);
}

BOOST_AUTO_TEST_CASE(p42_a_late_answer_is_used_and_not_punished) {
  Asked a;
  a.core.on_claim(2, {20, 1});
  const Ask second = one_ask(a.core, at_ms(2000));  // the first has expired
  BOOST_CHECK_EQUAL(second.peer, 2u);
  const std::uint32_t score = a.core.peers().score_permille(1);
  BOOST_CHECK(a.core.on_answer(1, answer_of(a.ask), at_ms(2100)).verdict == Verdict::useful);
  BOOST_CHECK_GT(a.core.peers().score_permille(1), score);
  BOOST_CHECK_EQUAL(a.core.window().held_blocks(), 20u);
  // The one it was given to next answers in vain, and is not punished either.
  BOOST_CHECK(a.core.on_answer(2, answer_of(second), at_ms(2200)).verdict == Verdict::not_needed);
  BOOST_CHECK_GE(a.core.peers().score_permille(2), 500u);
}

BOOST_AUTO_TEST_CASE(p42_a_late_empty_answer_changes_nothing) {
  Asked a;
  (void)a.core.poll(at_ms(2000));
  const std::uint32_t score = a.core.peers().score_permille(1);
  BOOST_CHECK(a.core.on_answer(1, {a.ask.id, 1, 0, {}}, at_ms(2100)).verdict == Verdict::denied);
  BOOST_CHECK_EQUAL(a.core.peers().score_permille(1), score);
  BOOST_CHECK_EQUAL(a.core.peers().highest_claim(), 20u);
}

BOOST_AUTO_TEST_CASE(p62_answers_that_contradict_the_request_are_misbehaviour) {
  const auto judge = [](const std::function<void(Answer&)>& spoil) {
    Asked a;
    Answer answer = answer_of(a.ask);
    spoil(answer);
    const Judgement judged = a.core.on_answer(1, std::move(answer), at_ms(5));
    BOOST_CHECK_EQUAL(a.core.window().held_blocks(), 0u);
    BOOST_CHECK(a.core.peers().is_banned(1));
    BOOST_CHECK(!judged.text.empty());
    return judged.verdict;
  };
  BOOST_CHECK(judge([](Answer& x) { x.first = 2; }) == Verdict::misbehaved);
  BOOST_CHECK(judge([](Answer& x) { x.first = 0; }) == Verdict::misbehaved);
  // Sound in itself, and not what was asked for: it would delay what is needed first.
  BOOST_CHECK(judge([](Answer& x) {
                x.first += 2;
                x.blocks.erase(x.blocks.begin(), x.blocks.begin() + 2);
              }) == Verdict::misbehaved);
  BOOST_CHECK(judge([](Answer& x) {
                x.first += 2;
                x.blocks.clear();
              }) == Verdict::misbehaved);
  BOOST_CHECK(judge([](Answer& x) { x.blocks.push_back(block_of(21)); }) == Verdict::misbehaved);
  BOOST_CHECK(judge([](Answer& x) { x.blocks[5] = block_of(7); }) == Verdict::misbehaved);
  BOOST_CHECK(judge([](Answer& x) { x.blocks[1] = block_of(1); }) == Verdict::misbehaved);
  BOOST_CHECK(judge([](Answer& x) { x.bytes = 64 * 1024 * 1024; }) == Verdict::misbehaved);
}

BOOST_AUTO_TEST_CASE(p63_an_answer_counts_only_for_its_own_request) {
  Asked a;
  a.core.on_claim(2, {20, 1});
  Answer wrong = answer_of(a.ask);
  wrong.first = 9;
  BOOST_CHECK(a.core.on_answer(2, wrong, at_ms(5)).verdict == Verdict::unknown);
  BOOST_CHECK(!a.core.peers().is_banned(1));
  BOOST_CHECK(!a.core.peers().is_banned(2));
  Answer foreign = answer_of(a.ask);
  foreign.id += 1;
  BOOST_CHECK(a.core.on_answer(1, foreign, at_ms(5)).verdict == Verdict::unknown);
  BOOST_CHECK(a.core.on_answer(1, answer_of(a.ask), at_ms(6)).verdict == Verdict::useful);
  BOOST_CHECK(a.core.on_answer(1, answer_of(a.ask), at_ms(7)).verdict == Verdict::unknown);
}

BOOST_AUTO_TEST_CASE(p63_a_bad_block_is_blamed_on_who_sent_it) {
  SyncCore core = core_at(0);
  core.on_claim(1, {64, 1});
  const Ask first = one_ask(core, at_ms(0));
  core.on_claim(1, {64, 1});
  core.on_claim(2, {128, 65});
  const Ask second = one_ask(core, at_ms(0));
  (void)core.on_answer(2, answer_of(second), at_ms(1));
  (void)core.on_answer(1, answer_of(first), at_ms(2));
  core.set_verified();
  BOOST_CHECK(core.refuse() == std::optional<PeerId>(1));
  BOOST_CHECK_EQUAL(core.window().held_blocks(), 1u + 64u);  // height 1 and peer 2's
  BOOST_CHECK(core.peers().is_banned(1));
  BOOST_CHECK(!core.peers().is_banned(2));
  core.on_claim(3, {128, 1});
  BOOST_CHECK((one_ask(core, at_ms(3)).range == Range{2, 64}));
}

BOOST_AUTO_TEST_CASE(a_bad_block_of_a_peer_that_has_gone_blames_nobody) {
  Asked a;
  (void)a.core.on_answer(1, answer_of(a.ask), at_ms(1));
  a.core.on_peer_gone(1);
  BOOST_CHECK(!a.core.refuse());
  BOOST_CHECK_EQUAL(a.core.window().held_blocks(), 19u);
}

BOOST_AUTO_TEST_CASE(p60_a_lost_peer_frees_its_range_at_once) {
  Asked a;
  a.core.on_claim(2, {20, 1});
  BOOST_CHECK(a.core.poll(at_ms(1)).asks.empty());
  a.core.on_peer_gone(1);
  const Ask again = one_ask(a.core, at_ms(1));
  BOOST_CHECK_EQUAL(again.peer, 2u);
  BOOST_CHECK((again.range == a.ask.range));
}

BOOST_AUTO_TEST_CASE(p60_a_truncated_answer_is_taken_and_the_rest_is_asked_for) {
  Asked a;
  Answer answer = answer_of(a.ask);
  answer.blocks.resize(3);
  BOOST_CHECK(a.core.on_answer(1, std::move(answer), at_ms(1)).verdict == Verdict::useful);
  BOOST_CHECK((one_ask(a.core, at_ms(1)).range == Range{4, 20}));
}

BOOST_AUTO_TEST_CASE(p61_an_empty_answer_frees_the_range_for_others) {
  Asked a;
  a.core.on_claim(2, {20, 1});
  BOOST_CHECK(a.core.on_answer(1, {a.ask.id, 1, 0, {}}, at_ms(1)).verdict == Verdict::denied);
  BOOST_CHECK_EQUAL(one_ask(a.core, at_ms(1)).peer, 2u);
  BOOST_CHECK(!a.core.peers().is_banned(1));
}

BOOST_AUTO_TEST_CASE(an_expired_request_that_no_longer_matters_costs_nothing) {
  Asked a;
  a.core.on_committed(20, at_ms(100));
  const std::uint32_t score = a.core.peers().score_permille(1);
  (void)a.core.poll(at_ms(2000));
  BOOST_CHECK_EQUAL(a.core.peers().score_permille(1), score);
}

BOOST_AUTO_TEST_CASE(consensus_overtaking_sync_lets_go_of_what_was_fetched) {
  Asked a;
  (void)a.core.on_answer(1, answer_of(a.ask), at_ms(1));
  a.core.set_verified();
  a.core.on_committed(15, at_ms(2));
  BOOST_CHECK_EQUAL(a.core.window().held_blocks(), 5u);
  BOOST_CHECK_EQUAL(a.core.to_verify()->block.certificate.height, Height(16));
  BOOST_CHECK(a.core.to_hand_over(at_ms(2)) == nullptr);
}

BOOST_AUTO_TEST_CASE(ids_of_two_incarnations_differ) {
  SyncCore first(Params{}, 0, 1);
  SyncCore second(Params{}, 0, 2);
  first.on_claim(1, {5, 1});
  second.on_claim(1, {5, 1});
  BOOST_CHECK_NE(one_ask(first, at_ms(0)).id, one_ask(second, at_ms(0)).id);
}

BOOST_AUTO_TEST_SUITE_END()
