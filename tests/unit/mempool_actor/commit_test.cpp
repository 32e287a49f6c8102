// Blocks: what is reaped, what a commit does to the pool, and who is told.
#include "tests/unit/mempool_actor/fixture.hpp"

using namespace witan;
using namespace witan::mempool;
using namespace witan::mempool::test;

namespace {
constexpr auto commit_mode = schema::SubmitMode::COMMIT;
}  // namespace

BOOST_AUTO_TEST_SUITE(commit_test)

BOOST_AUTO_TEST_CASE(reap_follows_fees_then_nonces_then_arrival_and_removes_nothing) {
  Harness h(default_options(), rich({1, 2}));
  const std::vector<Bytes> want{transfer(2, 0, 20), transfer(1, 0, 10), transfer(1, 1, 30),
                                opaque(1), opaque(2)};
  h.submit_batch(
      {opaque(1), transfer(1, 1, 30), transfer(2, 0, 20), transfer(1, 0, 10), opaque(2)});
  BOOST_CHECK(h.reap() == want);
  BOOST_CHECK(h.reap() == want);
  BOOST_CHECK_EQUAL(h.reap(1U << 20U, 2).size(), 2U);
  BOOST_CHECK_EQUAL(h.reap(static_cast<std::uint32_t>(want[0].size()) + 8).size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_gap_in_a_lane_waits_for_what_is_missing) {
  Harness h(default_options(), rich({1}));
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1)), "ok");
  BOOST_CHECK(h.reap().empty());
  BOOST_CHECK(h.world.available.empty());
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "ok");
  BOOST_CHECK_EQUAL(h.reap().size(), 2U);
  BOOST_CHECK_EQUAL(h.world.available.size(), 1U);
}

BOOST_AUTO_TEST_CASE(known_means_verified_pending_or_recently_so) {
  Harness h(default_options(), rich({1}));
  h.submit(transfer(1, 0));
  h.submit(transfer(1, 1, 10, 1, 0));
  const std::vector<Bytes> asked{transfer(1, 0), transfer(1, 1, 10, 1, 0), transfer(1, 2)};
  BOOST_CHECK((h.known(asked) == std::vector<int>{1, 0, 0}));
  h.commit(2, {transfer(1, 0)}, {{1, 1, 900}});
  BOOST_CHECK((h.known(asked) == std::vector<int>{1, 0, 0}));
}

BOOST_AUTO_TEST_CASE(a_waiting_submission_is_answered_by_its_block) {
  Harness h(default_options(), rich({1}));
  const auto answer = h.submit(transfer(1, 0), commit_mode);
  BOOST_CHECK(!answer->given);
  h.commit(2, {opaque(9), transfer(1, 0)}, {{1, 1, 900}});
  BOOST_CHECK(answer->given);
  BOOST_CHECK_EQUAL(answer->code, "ok");
  BOOST_CHECK_EQUAL(answer->height, 2U);
  BOOST_CHECK_EQUAL(answer->index, 1U);
  BOOST_CHECK_EQUAL(answer->fee, 11U);
  BOOST_CHECK_EQUAL(h.view().size, 0U);
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "duplicate");  // committed already
}

BOOST_AUTO_TEST_CASE(a_second_submitter_waits_for_the_same_commit) {
  Harness h(default_options(), rich({1}));
  const auto first = h.submit(transfer(1, 0), commit_mode);
  const auto second = h.submit(transfer(1, 0), commit_mode);
  const auto batch = h.submit_batch({opaque(1), transfer(1, 0), transfer(1, 0)}, true);
  BOOST_CHECK(!first->given && !second->given && !batch->given);
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "duplicate");  // who does not wait is told so
  BOOST_CHECK_EQUAL(h.view().size, 2U);
  h.commit(2, {opaque(1), transfer(1, 0)}, {{1, 1, 900}});
  for (const auto& answer : {first, second}) {
    BOOST_CHECK_EQUAL(answer->code, "ok");
    BOOST_CHECK(answer->id == tx_id(transfer(1, 0)));
    BOOST_CHECK_EQUAL(answer->height, 2U);
    BOOST_CHECK_EQUAL(answer->index, 1U);
    BOOST_CHECK_EQUAL(answer->fee, 11U);
  }
  BOOST_CHECK(batch->given);
  BOOST_CHECK_EQUAL(batch->accepted, 2U);
  BOOST_CHECK_EQUAL(batch->committed, 2U);
  BOOST_CHECK((batch->failures == std::vector<std::string>{"2 duplicate"}));
}

BOOST_AUTO_TEST_CASE(what_a_peer_or_a_caller_who_left_brought_can_be_waited_for) {
  Harness h(default_options(), rich({1}));
  h.from_peer(Harness::blob_of({opaque(1)}));
  BOOST_CHECK_EQUAL(h.submit_code(opaque(2)), "ok");
  const auto of_peer = h.submit(opaque(1), commit_mode);
  const auto of_caller = h.submit(opaque(2), commit_mode);
  h.commit(2, {opaque(2), opaque(1)});
  BOOST_CHECK_EQUAL(of_peer->code, "ok");
  BOOST_CHECK_EQUAL(of_peer->index, 1U);
  BOOST_CHECK_EQUAL(of_caller->code, "ok");
  BOOST_CHECK_EQUAL(of_caller->index, 0U);
}

BOOST_AUTO_TEST_CASE(only_so_many_wait_for_one_transaction) {
  Harness h;
  std::vector<std::shared_ptr<Answer>> waiting;
  for (std::size_t i = 0; i < waiters_per_tx_max; ++i)
    waiting.push_back(h.submit(opaque(1), commit_mode));
  BOOST_CHECK_EQUAL(h.submit(opaque(1), commit_mode)->code, "busy");
  h.commit(2, {opaque(1)});
  for (const auto& answer : waiting) BOOST_CHECK_EQUAL(answer->code, "ok");
}

BOOST_AUTO_TEST_CASE(waiters_for_a_transfer_that_is_being_verified_share_its_outcome) {
  Harness h(default_options(), rich({1, 2}));
  h.world.verifiers_silent = true;
  const Bytes bad = transfer(1, 0, 10, 1, 0);
  const Bytes good = transfer(2, 0);
  std::vector<std::shared_ptr<Answer>> answers;
  for (const Bytes& tx : {bad, bad, good, good}) answers.push_back(h.submit(tx, commit_mode));
  BOOST_CHECK_EQUAL(h.world.slices.size(), 2U);
  // Committed by others before it is verified here: that is the answer, too.
  h.commit(2, {good}, {{2, 1, 900}});
  h.advance(Duration::from_s(5));  // the verifiers' deadline
  BOOST_CHECK_EQUAL(answers[0]->code, "timeout");
  BOOST_CHECK_EQUAL(answers[1]->code, "timeout");
  BOOST_CHECK_EQUAL(answers[2]->code, "ok");
  BOOST_CHECK_EQUAL(answers[3]->code, "ok");
  BOOST_CHECK_EQUAL(answers[2]->height, 2U);
}

BOOST_AUTO_TEST_CASE(a_pending_nonce_counts_what_waits_without_a_gap) {
  Harness h(default_options(), rich({1}, 5));
  BOOST_CHECK_EQUAL(h.pending_nonce(1), 0U);
  for (const std::uint64_t nonce : {5, 6, 8}) h.submit(transfer(1, nonce));
  BOOST_CHECK_EQUAL(h.pending_nonce(1), 7U);
  BOOST_CHECK_EQUAL(h.pending_nonce(2), 0U);
  h.commit(2, {transfer(1, 5)}, {{1, 6, 900}});
  BOOST_CHECK_EQUAL(h.pending_nonce(1), 7U);
  h.commit(3, {transfer(1, 6)}, {{1, 7, 900}});
  BOOST_CHECK_EQUAL(h.pending_nonce(1), 7U);  // 8 waits for 7
}

BOOST_AUTO_TEST_CASE(a_transfer_that_failed_in_its_block_says_so) {
  Harness h(default_options(), rich({1}));
  const auto answer = h.submit(transfer(1, 0), commit_mode);
  h.commit(2, {transfer(1, 0)}, {{1, 1, 900}}, ErrorCode::insufficient_funds);
  BOOST_CHECK_EQUAL(answer->code, "insufficient_funds");
  BOOST_CHECK_EQUAL(answer->height, 2U);
}

BOOST_AUTO_TEST_CASE(a_waiting_submission_that_is_refused_is_answered_at_once) {
  Harness h(default_options(), rich({1}));
  BOOST_CHECK_EQUAL(h.submit(transfer(1, 0, 10, 1, 0), commit_mode)->code, "bad_signature");
  BOOST_CHECK_EQUAL(h.submit(opaque(1, 1), commit_mode)->code, "expired");
}

BOOST_AUTO_TEST_CASE(a_waiting_batch_is_answered_when_the_last_one_is_settled) {
  Harness h(default_options(), rich({1}));
  const std::vector<Bytes> txs{opaque(1), transfer(1, 0), opaque(2, 3), Bytes(8, 0xff)};
  const auto answer = h.submit_batch(txs, true);
  h.commit(2, {txs[0]});
  BOOST_CHECK(!answer->given);
  h.commit(3, {txs[1]}, {{1, 1, 900}});  // opaque(2) expires: its last height was 3
  BOOST_REQUIRE(answer->given);
  BOOST_CHECK_EQUAL(answer->accepted, 3U);
  BOOST_CHECK_EQUAL(answer->rejected, 1U);
  BOOST_CHECK_EQUAL(answer->committed, 2U);
  BOOST_CHECK_EQUAL(answer->height, 3U);
  const std::vector<std::string> want{"3 malformed", "2 expired"};
  BOOST_CHECK_EQUAL_COLLECTIONS(answer->failures.begin(), answer->failures.end(), want.begin(),
                                want.end());
}

BOOST_AUTO_TEST_CASE(a_replaced_or_evicted_transfer_answers_who_waits_for_it) {
  auto options = default_options();
  options.limits.count_max = 2;
  Harness h(options, rich({1, 2, 3}));
  const auto outbid = h.submit(transfer(1, 0, 10), commit_mode);
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0, 20)), "ok");
  BOOST_CHECK_EQUAL(outbid->code, "bad_nonce");
  const auto evicted = h.submit(transfer(2, 0, 10), commit_mode);
  BOOST_CHECK(!evicted->given);
  BOOST_CHECK_EQUAL(h.submit_code(transfer(3, 0, 30)), "ok");
  BOOST_CHECK_EQUAL(evicted->code, "pool_full");
}

BOOST_AUTO_TEST_CASE(a_transfer_whose_nonce_was_used_elsewhere_leaves) {
  Harness h(default_options(), rich({1}));
  const auto answer = h.submit(transfer(1, 0), commit_mode);
  h.commit(2, {transfer(1, 0, 77)}, {{1, 1, 900}});
  BOOST_CHECK_EQUAL(answer->code, "bad_nonce");
  BOOST_CHECK_EQUAL(h.view().size, 0U);
}

BOOST_AUTO_TEST_CASE(a_sender_who_cannot_pay_any_more_leaves_the_pool) {
  Harness h(default_options(), rich({1}));
  const auto first = h.submit(transfer(1, 0), commit_mode);
  const auto second = h.submit(transfer(1, 1), commit_mode);
  h.commit(2, {transfer(1, 0)}, {{1, 1, 9}});
  BOOST_CHECK_EQUAL(first->code, "ok");
  BOOST_CHECK_EQUAL(second->code, "insufficient_funds");
  BOOST_CHECK_EQUAL(h.view().size, 0U);
}

BOOST_AUTO_TEST_CASE(waiting_ends_at_its_limit_and_the_transaction_stays) {
  auto options = default_options();
  options.wait_timeout = Duration::from_s(3);
  Harness h(options);
  const auto single = h.submit(opaque(1), commit_mode);
  const auto batch = h.submit_batch({opaque(2), opaque(3)}, true);
  h.commit(2, {opaque(3)});
  h.advance(Duration::from_ms(2900));
  BOOST_CHECK(!single->given && !batch->given);
  h.advance(Duration::from_ms(300));
  BOOST_CHECK_EQUAL(single->code, "timeout");
  BOOST_CHECK(single->id == tx_id(opaque(1)));
  BOOST_CHECK_EQUAL(batch->accepted, 2U);
  BOOST_CHECK_EQUAL(batch->committed, 1U);
  BOOST_CHECK_EQUAL(h.view().size, 2U);
  h.commit(3, {opaque(1), opaque(2)});
  BOOST_CHECK_EQUAL(h.view().size, 0U);
}

BOOST_AUTO_TEST_CASE(consensus_hears_of_work_once_per_block) {
  Harness h;
  h.submit(opaque(1));
  h.submit(opaque(2));
  BOOST_CHECK((h.world.available == std::vector<std::uint64_t>{1}));
  h.commit(2, {opaque(1)});
  BOOST_CHECK((h.world.available == std::vector<std::uint64_t>{1, 2}));
  h.commit(3, {opaque(2)});
  BOOST_CHECK_EQUAL(h.world.available.size(), 2U);
  h.submit(opaque(3));
  BOOST_CHECK((h.world.available == std::vector<std::uint64_t>{1, 2, 3}));
  // And again after a while, should consensus have restarted.
  h.advance(Duration::from_ms(1100));
  BOOST_CHECK((h.world.available == std::vector<std::uint64_t>{1, 2, 3, 3}));
}

BOOST_AUTO_TEST_SUITE_END()
