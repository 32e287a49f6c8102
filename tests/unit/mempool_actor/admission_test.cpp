#include <algorithm>

// What is admitted, what is refused and why, and what the neighbours are asked for it.
#include "tests/unit/mempool_actor/fixture.hpp"

using namespace witan;
using namespace witan::mempool;
using namespace witan::mempool::test;

BOOST_AUTO_TEST_SUITE(admission_test)

BOOST_AUTO_TEST_CASE(an_opaque_transaction_is_answered_when_admitted) {
  Harness h;
  const auto answer = h.submit(opaque(1));
  BOOST_CHECK_EQUAL(answer->code, "ok");
  BOOST_CHECK(answer->id == tx_id(opaque(1)));
  BOOST_CHECK_EQUAL(answer->height, 0U);
  BOOST_CHECK(h.world.slices.empty());
  BOOST_CHECK_EQUAL(h.world.account_questions, 0U);
  const auto view = h.view();
  BOOST_CHECK_EQUAL(view.size, 1U);
  BOOST_CHECK_EQUAL(view.bytes, opaque(1).size());
  BOOST_REQUIRE_EQUAL(view.ids.size(), 1U);
  BOOST_CHECK(view.ids[0] == tx_id(opaque(1)));
  BOOST_CHECK(h.view(0).ids.empty());
}

BOOST_AUTO_TEST_CASE(a_transfer_is_verified_once_and_its_account_asked_once) {
  Harness h(default_options(), rich({1}));
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "ok");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1)), "ok");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1)), "duplicate");
  BOOST_CHECK_EQUAL(h.world.slices.size(), 2U);
  BOOST_CHECK_EQUAL(h.world.account_questions, 1U);
}

BOOST_AUTO_TEST_CASE(what_breaks_a_rule_gets_its_own_code) {
  Harness h(default_options(), rich({1}, 5));
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 5, 10, 1, 0)), "bad_signature");
  BOOST_CHECK_EQUAL(h.world.account_questions, 0U);  // strangers make nobody read
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 4)), "bad_nonce");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 5, 0)), "fee_too_low");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 5, 1, 1000)), "insufficient_funds");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 5 + 2000)), "out_of_range");
  BOOST_CHECK_EQUAL(h.submit_code(Bytes(24, 0xff)), "malformed");
  BOOST_CHECK_EQUAL(h.submit_code(opaque(1, 1)), "expired");
  BOOST_CHECK_EQUAL(h.submit_code(opaque(1, 5000)), "out_of_range");
  BOOST_CHECK_EQUAL(h.submit_code(opaque(1, 100, tx_bytes_max)), "too_large");
  BOOST_CHECK_EQUAL(h.view().size, 0U);
  BOOST_CHECK(h.logged("tx_rejected"));
}

BOOST_AUTO_TEST_CASE(what_a_cached_account_cannot_pay_is_refused_unverified) {
  Harness h(default_options(), rich({1}));
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "ok");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1, 1, 1000)), "insufficient_funds");
  h.commit(2, {transfer(1, 0)}, {{1, 1, 20}});
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0, 11)), "bad_nonce");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1, 10, 11)), "insufficient_funds");
  BOOST_CHECK_EQUAL(h.world.slices.size(), 1U);
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1, 10, 10)), "ok");
}

BOOST_AUTO_TEST_CASE(opaque_bytes_are_refused_where_the_chain_does_not_carry_them) {
  auto options = default_options();
  options.limits.opaque_allowed = false;
  Harness h(options);
  BOOST_CHECK_EQUAL(h.submit_code(opaque(1)), "not_allowed");
}

BOOST_AUTO_TEST_CASE(a_batch_fails_in_part_and_names_the_positions) {
  Harness h(default_options(), rich({1, 2}));
  const auto answer = h.submit_batch({transfer(1, 0), transfer(2, 0, 10, 1, 0), opaque(1),
                                      opaque(1), Bytes(8, 0xff), transfer(2, 0)});
  BOOST_CHECK_EQUAL(answer->accepted, 3U);
  BOOST_CHECK_EQUAL(answer->rejected, 3U);
  auto failures = answer->failures;
  std::sort(failures.begin(), failures.end());
  const std::vector<std::string> want{"1 bad_signature", "3 duplicate", "4 malformed"};
  BOOST_CHECK_EQUAL_COLLECTIONS(failures.begin(), failures.end(), want.begin(), want.end());
  BOOST_CHECK_EQUAL(h.world.account_questions, 1U);
  BOOST_CHECK_EQUAL(h.world.accounts_asked, 2U);
}

BOOST_AUTO_TEST_CASE(a_blob_that_does_not_split_is_an_error_of_the_request) {
  Harness h;
  BOOST_CHECK_EQUAL(h.submit_blob({9, 0, 0, 0, 1}, false)->code, "malformed");
  BOOST_CHECK_EQUAL(h.submit_batch({})->accepted, 0U);
}

BOOST_AUTO_TEST_CASE(many_signatures_are_shared_between_the_workers) {
  Harness h(default_options(), rich({1, 2, 3, 4}));
  std::vector<Bytes> txs;
  for (std::uint8_t s = 1; s <= 4; ++s)
    for (std::uint64_t n = 0; n < 25; ++n) txs.push_back(transfer(s, n));
  BOOST_CHECK_EQUAL(h.submit_batch(txs)->accepted, 100U);
  std::sort(h.world.slices.begin(), h.world.slices.end());  // two workers: order is the scheduler's
  const std::vector<std::size_t> want{4, 32, 32, 32};
  BOOST_CHECK_EQUAL_COLLECTIONS(h.world.slices.begin(), h.world.slices.end(), want.begin(),
                                want.end());
}

BOOST_AUTO_TEST_CASE(a_signature_known_to_be_good_is_not_verified_again) {
  Harness h(default_options(), rich({1}));
  // Signature good, nonce too far: refused, but remembered.
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1500)), "out_of_range");
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 1500)), "out_of_range");
  BOOST_CHECK_EQUAL(h.world.slices.size(), 1U);
}

BOOST_AUTO_TEST_CASE(what_the_ledger_verified_for_a_block_is_not_verified_again) {
  Harness h(default_options(), rich({1}));
  h.tell_verified({transfer(1, 0)});
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "ok");
  BOOST_CHECK(h.world.slices.empty());
}

BOOST_AUTO_TEST_CASE(silent_neighbours_end_in_a_typed_error_and_a_retry_works) {
  Harness h(default_options(), rich({1}));
  h.world.verifiers_silent = true;
  const auto first = h.submit(transfer(1, 0));
  BOOST_CHECK(!first->given);
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "duplicate");  // being verified
  h.advance(Duration::from_s(5));
  BOOST_CHECK_EQUAL(first->code, "timeout");
  h.world.verifiers_silent = false;
  h.world.ledger_silent = true;
  const auto second = h.submit(transfer(1, 0));
  h.advance(Duration::from_s(5));
  BOOST_CHECK_EQUAL(second->code, "busy");
  h.world.ledger_silent = false;
  BOOST_CHECK_EQUAL(h.submit_code(transfer(1, 0)), "ok");
}

BOOST_AUTO_TEST_CASE(nothing_is_accepted_before_the_height_is_known) {
  World world;
  world.ledger_silent = true;
  world.tip = 500;
  Harness h(default_options(), world);
  BOOST_CHECK_EQUAL(h.submit_code(opaque(1, 600)), "unavailable");
  h.world.ledger_silent = false;
  h.advance(Duration::from_s(6));
  BOOST_CHECK_EQUAL(h.submit_code(opaque(1, 600)), "ok");
  BOOST_CHECK_EQUAL(h.submit_code(opaque(2, 500)), "expired");
}

BOOST_AUTO_TEST_CASE(a_full_pool_refuses_with_its_own_code_and_says_so_once) {
  auto options = default_options();
  options.limits.count_max = 3;
  Harness h(options);
  for (std::uint64_t i = 0; i < 3; ++i) BOOST_CHECK_EQUAL(h.submit_code(opaque(i)), "ok");
  BOOST_CHECK_EQUAL(h.submit_code(opaque(3)), "pool_full");
  BOOST_CHECK_EQUAL(h.submit_code(opaque(4)), "pool_full");
  BOOST_CHECK_EQUAL(std::count_if(h.log.begin(), h.log.end(),
                                  [](const std::string& line) {
                                    return line.find("mempool_full") != std::string::npos;
                                  }),
                    1);
}

BOOST_AUTO_TEST_SUITE_END()
