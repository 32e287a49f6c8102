#include "actors/ledger/core/executor.hpp"

#include "actors/ledger/core/block_builder.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/ledger/ledger_model.hpp"

using namespace witan;
using namespace witan::ledger;
using namespace witan::test;

namespace {

constexpr ExecutionRules rules{2, true};
const AccountId proposer = numbered<AccountId>(99);

struct Fixture {
  MapAccounts state;
  OpaqueWindow window;
  TxList txs;
  Fixture() {
    for (std::uint64_t n = 0; n < 4; ++n) state.accounts[numbered<AccountId>(n)] = {100, 0};
  }
  ExecutionResult run(Height height = Height(5), ExecutionRules r = rules) {
    auto result = execute(r, height, state, window, txs.all(), proposer);
    WITAN_REQUIRE_OK(result);
    return std::move(*result);
  }
  Account after(const ExecutionResult& result, std::uint64_t n) {
    MapAccounts copy = state;
    copy.take(result);
    return copy.accounts[numbered<AccountId>(n)];
  }
};

ErrorCode first_invalid(const ExecutionResult& r) {
  return r.invalid.empty() ? ErrorCode::ok : r.invalid.front().error.code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(executor)

BOOST_AUTO_TEST_CASE(a_transfer_moves_the_amount_and_pays_the_proposer) {
  Fixture f;
  f.txs.transfer(0, 1, 30, 5, 0);
  f.txs.transfer(0, 2, 10, 2, 1);
  const auto r = f.run();
  BOOST_CHECK(r.invalid.empty());
  BOOST_CHECK(check_executed(r).has_value());
  BOOST_CHECK_EQUAL(r.fees_total, 7U);
  BOOST_CHECK((f.after(r, 0) == Account{53, 2}));
  BOOST_CHECK((f.after(r, 1) == Account{130, 0}));
  BOOST_CHECK((f.after(r, 99) == Account{7, 0}));
  BOOST_CHECK((r.receipts == std::vector<Receipt>{{0, 5}, {0, 2}}));
}

BOOST_AUTO_TEST_CASE(a_failing_transfer_changes_only_fee_and_nonce) {
  Fixture f;
  f.txs.transfer(0, 1, 99, 2, 0);
  const auto r = f.run();
  BOOST_CHECK(r.invalid.empty());
  BOOST_CHECK((f.after(r, 0) == Account{98, 1}));
  BOOST_CHECK((f.after(r, 1) == Account{100, 0}));
  BOOST_CHECK_EQUAL(r.receipts.at(0).code,
                    static_cast<std::uint16_t>(ErrorCode::insufficient_funds));
  BOOST_CHECK_EQUAL(r.receipts.at(0).fee_charged, 2U);
}

BOOST_AUTO_TEST_CASE(a_transfer_to_oneself_costs_the_fee) {
  Fixture f;
  f.txs.transfer(0, 0, 98, 2, 0);
  BOOST_CHECK((f.after(f.run(), 0) == Account{98, 1}));
}

BOOST_AUTO_TEST_CASE(the_proposer_may_be_sender_and_receiver) {
  Fixture f;
  f.state.accounts[proposer] = {50, 0};
  f.txs.transfer(99, 1, 10, 2, 0);
  f.txs.transfer(1, 99, 5, 3, 0);
  const auto r = f.run();
  BOOST_CHECK((f.after(r, 99) == Account{50 - 12 + 5 + 5, 1}));
}

BOOST_AUTO_TEST_CASE(what_a_block_must_not_contain_is_listed_and_changes_nothing) {
  const auto only = [](auto add) {
    Fixture f;
    add(f);
    const auto r = f.run();
    BOOST_CHECK(r.accounts.empty());
    BOOST_CHECK(r.receipts.empty());
    WITAN_CHECK_ERROR(check_executed(r), ErrorCode::invalid_block);
    return first_invalid(r);
  };
  using E = ErrorCode;
  BOOST_CHECK_EQUAL(only([](Fixture& f) { f.txs.transfer(0, 1, 1, 2, 0, false); }),
                    E::bad_signature);
  BOOST_CHECK_EQUAL(only([](Fixture& f) { f.txs.transfer(0, 1, 1, 1, 0); }), E::fee_too_low);
  BOOST_CHECK_EQUAL(only([](Fixture& f) { f.txs.transfer(0, 1, 1, 2, 1); }), E::bad_nonce);
  BOOST_CHECK_EQUAL(only([](Fixture& f) { f.txs.transfer(0, 1, 0, 101, 0); }),
                    E::insufficient_funds);
  BOOST_CHECK_EQUAL(only([](Fixture& f) { f.txs.transfer(8, 1, 0, 2, 0); }), E::insufficient_funds);
  BOOST_CHECK_EQUAL(only([](Fixture& f) { f.txs.add(Opaque{Height(4), {1}}); }), E::expired);
  BOOST_CHECK_EQUAL(only([](Fixture& f) {
                      f.txs.add(Opaque{Height(5 + opaque_window_heights), {1}});
                    }),
                    E::out_of_range);
}

BOOST_AUTO_TEST_CASE(the_field_of_the_first_invalid_transaction_is_named) {
  Fixture f;
  f.txs.transfer(0, 1, 1, 2, 0);
  f.txs.transfer(0, 1, 1, 2, 7);
  const auto status = check_executed(f.run());
  WITAN_CHECK_ERROR(status, ErrorCode::invalid_block);
  BOOST_CHECK_EQUAL(status.error().field, "txs[1].nonce");
}

BOOST_AUTO_TEST_CASE(opaque_bytes_are_included_once_and_only_on_development_chains) {
  Fixture f;
  const ExecTx tx = f.txs.add(Opaque{Height(6), {1}});
  BOOST_CHECK_EQUAL(first_invalid(f.run(Height(5), {2, false})), ErrorCode::not_allowed);
  const auto r = f.run();
  BOOST_CHECK(r.invalid.empty());
  f.txs.all().push_back(tx);
  BOOST_CHECK_EQUAL(first_invalid(f.run()), ErrorCode::duplicate);
  f.txs.all().pop_back();
  f.window.commit(Height(5), r.opaque);
  BOOST_CHECK_EQUAL(first_invalid(f.run(Height(6))), ErrorCode::duplicate);
  f.window.commit(Height(6), {});
  BOOST_CHECK_EQUAL(f.window.size(), 0U);
  BOOST_CHECK_EQUAL(first_invalid(f.run(Height(7))), ErrorCode::expired);
}

BOOST_AUTO_TEST_CASE(a_full_window_refuses_and_the_builder_passes_over) {
  Fixture f;
  f.window = OpaqueWindow(0, 2);
  for (std::uint8_t i = 0; i < 3; ++i) f.txs.add(Opaque{Height(6), {i}});
  BOOST_CHECK_EQUAL(first_invalid(f.run()), ErrorCode::too_large);
  std::vector<Candidate> candidates;
  for (const ExecTx& tx : f.txs.all()) candidates.push_back({tx, 40});
  const auto built =
      build(Execution(rules, Height(5), f.state, f.window), candidates, {1000, 10}, proposer);
  WITAN_REQUIRE_OK(built);
  BOOST_CHECK_EQUAL(built->accepted.size(), 2U);
  BOOST_CHECK(built->rejected.empty());
}

BOOST_AUTO_TEST_CASE(a_state_that_cannot_be_read_judges_no_transaction) {
  Fixture f;
  f.txs.transfer(0, 1, 1, 2, 0);
  f.state.broken = true;
  WITAN_CHECK_ERROR(execute(rules, Height(5), f.state, f.window, f.txs.all(), proposer),
                    ErrorCode::io);
}

BOOST_AUTO_TEST_CASE(signature_checks_lists_transfers_not_yet_verified) {
  Fixture f;
  f.txs.transfer(0, 1, 1, 2, 0, true);
  f.txs.transfer(0, 1, 1, 2, 1, false);
  f.txs.add(Opaque{Height(6), {1}}, false);
  const auto checks = signature_checks(numbered<Hash32>(1), f.txs.all());
  BOOST_REQUIRE_EQUAL(checks.size(), 1U);
  BOOST_CHECK_EQUAL(checks[0].index, 1U);
  BOOST_CHECK(checks[0].key == numbered<AccountId>(0));
}

WITAN_PROPERTY(supply_is_conserved_and_nonces_advance_once_per_receipt, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Fixture f;
  for (std::uint64_t height = 1; height < 10; ++height) {
    f.txs = {};
    std::map<std::uint64_t, std::uint64_t> expected_nonce;
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t from = random.below(5);
      const auto& account = f.state.accounts[numbered<AccountId>(from)];
      f.txs.transfer(from, random.below(6), random.below(60), random.below(8),
                     account.nonce + random.below(4), random.chance_permille(900));
    }
    const u128 before = f.state.supply();
    const MapAccounts prior = f.state;
    const auto r = f.run(Height(height));
    f.state.take(r);
    RC_ASSERT(f.state.supply() == before);
    std::uint64_t nonces = 0;
    for (const auto& [id, account] : f.state.accounts) {
      const auto old = prior.account(id).value();
      RC_ASSERT(account.nonce >= old.nonce);
      nonces += account.nonce - old.nonce;
    }
    RC_ASSERT(nonces == r.receipts.size());
    RC_ASSERT(r.receipts.size() + r.invalid.size() == f.txs.all().size());
    std::uint64_t fees = 0;
    for (const Receipt& receipt : r.receipts) fees += receipt.fee_charged;
    RC_ASSERT(fees == r.fees_total);
    // Deterministic: a second execution gives the same.
    MapAccounts again = prior;
    f.state = prior;
    const auto second = f.run(Height(height));
    RC_ASSERT((second.accounts == r.accounts && second.receipts == r.receipts));
    f.state.take(second);
  }
});

WITAN_PROPERTY(a_built_block_executes_without_an_invalid_transaction, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Fixture f;
  std::vector<Candidate> candidates;
  for (int i = 0; i < 40; ++i) {
    if (random.chance_permille(200)) {
      f.txs.add(Opaque{Height(3 + random.below(5)), Bytes(random.below(9), 1)});
    } else {
      f.txs.transfer(random.below(5), random.below(6), random.below(60), random.below(8),
                     random.below(5), random.chance_permille(900));
    }
    candidates.push_back(
        {f.txs.all().back(), static_cast<std::uint32_t>(40 + 8 * random.below(20))});
  }
  const BuildLimits limits{random.below(4000), 25};
  const auto built =
      build(Execution(rules, Height(5), f.state, f.window), candidates, limits, proposer);
  RC_ASSERT(built.has_value());
  std::vector<ExecTx> block;
  std::uint64_t bytes = 0;
  for (const std::uint32_t i : built->accepted) {
    block.push_back(candidates[i].tx);
    bytes += tx_block_bytes(candidates[i].bytes);
  }
  RC_ASSERT((bytes <= limits.tx_bytes_max && block.size() <= limits.count_max));
  const auto r = execute(rules, Height(5), f.state, f.window, block, proposer);
  RC_ASSERT((r.has_value() && r->invalid.empty()));
  RC_ASSERT((r->accounts == built->result.accounts && r->receipts == built->result.receipts));
});

BOOST_AUTO_TEST_CASE(blocks_of_later_rounds_are_smaller_and_hold_a_transaction_still) {
  constexpr std::uint64_t budget = 2'000'000;
  BOOST_CHECK_EQUAL(tx_bytes_wanted(budget, Round(0)), budget);
  BOOST_CHECK_EQUAL(tx_bytes_wanted(budget, Round(1)), budget / 2);
  BOOST_CHECK_EQUAL(tx_bytes_wanted(budget, Round(3)), budget / 8);
  for (const std::int32_t late : {6, 63, 64, 1'000'000})
    BOOST_CHECK_EQUAL(tx_bytes_wanted(budget, Round(late)), tx_block_bytes(tx_bytes_max));
  BOOST_CHECK_EQUAL(tx_bytes_wanted(1000, Round(2)), 1000u);  // never above the chain's own limit
}

WITAN_PROPERTY(the_opaque_window_agrees_with_a_set, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  OpaqueWindow window(random.next());
  std::map<TxId, Height> model;
  for (std::uint64_t h = 1; h < 60; ++h) {
    std::vector<OpaqueEntry> entries;
    for (std::uint64_t i = random.below(30); i > 0; --i) {
      entries.push_back({numbered<TxId>(random.next()), Height(h + random.below(20))});
      model[entries.back().id] = entries.back().last_height;
    }
    window.commit(Height(h), entries);
    std::erase_if(model, [&](const auto& e) { return e.second <= Height(h); });
    RC_ASSERT(window.size() == model.size());
    for (const auto& [id, last] : model) RC_ASSERT(window.contains(id, last));
    RC_ASSERT(!window.contains(numbered<TxId>(random.next()), Height(h + 1)));
  }
});

BOOST_AUTO_TEST_SUITE_END()
