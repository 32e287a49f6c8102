// Heights that are taken back: by an operator, or at the start after stores lost different amounts.
#include "actors/ledger/rollback.hpp"

#include "actors/ledger/core/evidence_rules.hpp"
#include "tests/unit/evidence/samples.hpp"
#include "tests/unit/ledger/chain_sites.hpp"

namespace witan::test {

BOOST_AUTO_TEST_SUITE(rollback_test)

BOOST_FIXTURE_TEST_CASE(heights_taken_back_are_executed_or_fetched_again, TwoSites) {
  std::vector<Hash32> roots{a->state->latest()->state_root};
  std::vector<Bytes> txs;  // each is signed once: a second signature is another transaction
  for (std::uint64_t h = 1; h <= 6; ++h) {
    txs.push_back(transfer(h - 1));
    grow({txs.back()});
    roots.push_back(a->state->latest()->state_root);
  }
  a->chain.reset();
  const auto back = [&](std::uint64_t to, bool drop) {
    return ledger::roll_back(*a->blocks, *a->state, a->index.get(), Height(to), drop);
  };
  WITAN_CHECK_ERROR(back(7, false), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(back(0, true), ErrorCode::out_of_range);
  const auto done = back(3, false);
  WITAN_REQUIRE_OK(done);
  BOOST_CHECK_EQUAL(done->from, Height(6));
  BOOST_CHECK_EQUAL(done->state_root, roots[3]);
  BOOST_CHECK_EQUAL(done->blocks_last, Height(6));
  WITAN_REQUIRE_OK(a->state->verify_integrity());
  a->open();
  BOOST_CHECK_EQUAL(a->chain->tip().height, Height(6));
  BOOST_CHECK_EQUAL(a->chain->tip().state_root, roots[6]);
  BOOST_CHECK(a->indexed(txs[5]));

  a->chain.reset();
  const auto dropped = back(4, true);
  WITAN_REQUIRE_OK(dropped);
  BOOST_CHECK_EQUAL(dropped->blocks_dropped, 2U);
  BOOST_CHECK(!a->indexed(txs[5]));
  BOOST_CHECK(a->indexed(txs[3]));
  a->open();
  BOOST_CHECK_EQUAL(a->chain->tip().height, Height(4));
  for (const std::uint64_t h : {5U, 6U}) {
    const auto stored = b->blocks->block_at(Height(h));
    WITAN_REQUIRE_OK(stored);
    WITAN_REQUIRE_OK(a->check(stored->block));
    WITAN_REQUIRE_OK(a->commit(stored->block));
  }
  BOOST_CHECK_EQUAL(a->chain->tip().state_root, roots[6]);
  BOOST_CHECK(a->indexed(txs[5]));
}

BOOST_FIXTURE_TEST_CASE(a_state_ahead_of_the_blocks_is_taken_back_to_them, TwoSites) {
  std::vector<Hash32> roots{a->state->latest()->state_root};
  for (std::uint64_t h = 1; h <= 4; ++h) {
    grow({transfer(h - 1)});
    roots.push_back(a->state->latest()->state_root);
  }
  a->chain.reset();
  WITAN_REQUIRE_OK(a->blocks->drop_above(Height(2)));
  bool rebuilt = false;
  const auto rebuild = [&rebuilt]() -> Status {
    rebuilt = true;
    return {};
  };
  WITAN_REQUIRE_OK(ledger::settle_stores(*a->blocks, *a->state, *a->index, Height(1), rebuild));
  BOOST_CHECK(!rebuilt);
  BOOST_CHECK_EQUAL(a->state->latest()->state_root, roots[2]);
  // Nothing to go back to: all is built again from the genesis.
  auto empty = open_memory();
  auto no_blocks = BlockStore::open(std::move(*empty));
  WITAN_REQUIRE_OK(no_blocks);
  WITAN_REQUIRE_OK(ledger::settle_stores(**no_blocks, *a->state, *a->index, Height(1), rebuild));
  BOOST_CHECK(rebuilt);
}

// ---- evidence

struct Charged : TwoSites {
  // Blocks 1 to 5; that of height 3 holds two offences of height 1 and one of height 2.
  Charged() {
    for (std::uint64_t h = 1; h <= 5; ++h) {
      if (h == 3)
        for (const Evidence& e :
             {Evidence(duplicate_vote(world, 2, 1)), Evidence(duplicate_proposal(world, 3, 1)),
              Evidence(amnesia(world, 2, 2))})
          evidence.push_back(encode_evidence(e));
      const Bytes bytes = a->build({transfer(h - 1)}, 0, h == 3 ? evidence : std::vector<Bytes>{});
      stored.push_back(bytes);
      WITAN_REQUIRE_OK(a->commit(bytes));
    }
    root = a->chain->tip().state_root;
    BOOST_REQUIRE_EQUAL(entries(keys::committed_evidence), 3u);
    BOOST_REQUIRE_EQUAL(committed_of(2), 2u);
    a->chain.reset();
  }
  [[nodiscard]] std::size_t entries(std::uint8_t column) const {
    std::size_t count = 0;
    WITAN_REQUIRE_OK(a->index->scan(KeyRange::prefix(Bytes{column}), Direction::forward,
                                    [&](ByteView, ByteView) { return ++count > 0; }));
    return count;
  }
  [[nodiscard]] std::uint64_t committed_of(std::uint8_t n) const {
    const auto value =
        a->state->get(Module::validators, ledger::accused_state_key(key_number(n).public_key()));
    WITAN_REQUIRE_OK(value);
    return value->has_value() ? ledger::decode_accused(**value)->committed : 0;
  }
  [[nodiscard]] bool is_pending(const Bytes& item) const {
    const auto value = a->index->get(
        keys::of_pending_evidence(key_of(*decode_evidence(item)).height, evidence_hash(item)));
    return value && *value == item;
  }
  std::vector<Bytes> evidence, stored;
  Hash32 root;
};

BOOST_FIXTURE_TEST_CASE(evidence_of_dropped_blocks_is_pending_again_and_charged_to_nobody,
                        Charged) {
  WITAN_REQUIRE_OK(ledger::roll_back(*a->blocks, *a->state, a->index.get(), Height(2), true));
  BOOST_CHECK_EQUAL(committed_of(2) + committed_of(3), 0u);
  BOOST_CHECK_EQUAL(entries(keys::committed_evidence), 0u);
  BOOST_CHECK_EQUAL(entries(keys::pending_evidence), 3u);
  for (const Bytes& item : evidence) BOOST_CHECK(is_pending(item));
  // It may be committed again: by the block that comes back, or by another one.
  a->open();
  WITAN_REQUIRE_OK(a->chain->check_evidence(*decode_evidence(evidence[0]), evidence[0].size()));
  for (std::size_t h = 3; h <= 5; ++h) {
    WITAN_REQUIRE_OK(a->check(stored[h - 1]));
    WITAN_REQUIRE_OK(a->commit(stored[h - 1]));
  }
  BOOST_CHECK_EQUAL(a->chain->tip().state_root, root);
  BOOST_CHECK_EQUAL(committed_of(2), 2u);
  BOOST_CHECK_EQUAL(entries(keys::committed_evidence), 3u);
}

BOOST_FIXTURE_TEST_CASE(evidence_below_the_height_taken_back_to_stays_committed, Charged) {
  WITAN_REQUIRE_OK(ledger::roll_back(*a->blocks, *a->state, a->index.get(), Height(3), true));
  BOOST_CHECK_EQUAL(committed_of(2), 2u);
  BOOST_CHECK_EQUAL(entries(keys::committed_evidence), 3u);
  BOOST_CHECK_EQUAL(entries(keys::pending_evidence), 0u);
  a->open();
  WITAN_CHECK_ERROR(a->chain->check_evidence(*decode_evidence(evidence[0]), evidence[0].size()),
                    ErrorCode::duplicate);
}

// The blocks stay, so what they hold is charged again when they are executed, and once.
BOOST_FIXTURE_TEST_CASE(evidence_of_blocks_that_stay_is_charged_again_by_their_execution, Charged) {
  WITAN_REQUIRE_OK(ledger::roll_back(*a->blocks, *a->state, a->index.get(), Height(1), false));
  BOOST_CHECK_EQUAL(committed_of(2) + committed_of(3), 0u);
  a->open();
  BOOST_CHECK_EQUAL(a->chain->tip().state_root, root);
  BOOST_CHECK_EQUAL(committed_of(2), 2u);
  BOOST_CHECK_EQUAL(entries(keys::committed_evidence), 3u);
  BOOST_CHECK_EQUAL(entries(keys::pending_evidence), 0u);
}

// Power was lost, and of the three databases the blocks lost the most.
BOOST_FIXTURE_TEST_CASE(evidence_of_blocks_that_were_lost_is_pending_again_at_the_start, Charged) {
  WITAN_REQUIRE_OK(a->blocks->drop_above(Height(2)));
  const auto rebuild = []() -> Status { return fail(ErrorCode::io, "not needed"); };
  WITAN_REQUIRE_OK(ledger::settle_stores(*a->blocks, *a->state, *a->index, Height(1), rebuild));
  BOOST_CHECK_EQUAL(committed_of(2), 0u);
  BOOST_CHECK_EQUAL(entries(keys::committed_evidence), 0u);
  for (const Bytes& item : evidence) BOOST_CHECK(is_pending(item));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
