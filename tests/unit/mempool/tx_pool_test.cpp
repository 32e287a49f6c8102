#include "actors/mempool/core/tx_pool.hpp"

#include <algorithm>

#include "messages/base/random.hpp"
#include "tests/support/property.hpp"

using namespace witan;
using namespace witan::mempool;

namespace {

template <class Fixed>
Fixed numbered(std::uint64_t n) {
  Fixed out;
  std::memcpy(out.data.data(), &n, sizeof n);
  out.data[31] = 1;
  return out;
}

PoolTx transfer(std::uint64_t id, std::uint64_t sender, std::uint64_t nonce, std::uint64_t fee,
                std::size_t bytes = 100) {
  PoolTx tx;
  tx.id = numbered<TxId>(id);
  tx.bytes = Bytes(bytes, 1);
  tx.is_transfer = true;
  tx.verified = id % 2 == 0;
  tx.sender = numbered<AccountId>(sender);
  tx.nonce = nonce;
  tx.fee = fee;
  return tx;
}

PoolTx opaque(std::uint64_t id, std::uint64_t last_height, std::size_t bytes = 100) {
  return PoolTx::make(numbered<TxId>(id), Bytes(bytes, 2), Opaque{Height(last_height), {}}, false);
}

PoolLimits limits_of(std::size_t count, std::size_t bytes) {
  PoolLimits out;
  out.count_max = count;
  out.bytes_max = bytes;
  out.per_sender_max = 8;
  out.opaque_allowed = true;
  return out;
}

std::vector<std::uint64_t> ids(const std::vector<const PoolTx*>& reaped) {
  std::vector<std::uint64_t> out;
  for (const PoolTx* tx : reaped) {
    std::uint64_t n = 0;
    std::memcpy(&n, tx->id.data.data(), sizeof n);
    out.push_back(n);
  }
  return out;
}
using Ids = std::vector<std::uint64_t>;
constexpr std::size_t plenty = 1U << 20U;

}  // namespace

BOOST_AUTO_TEST_SUITE(tx_pool)

BOOST_AUTO_TEST_CASE(higher_fees_come_first_nonces_stay_in_order_and_opaque_follows) {
  TxPool pool(limits_of(100, plenty));
  WITAN_REQUIRE_OK(pool.add(opaque(1, 9), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(2, 1, 0, 5), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(3, 1, 1, 50), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(4, 2, 7, 9), 7));
  WITAN_REQUIRE_OK(pool.add(transfer(5, 3, 0, 5), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(6, 4, 1, 99), 0));  // gap: nonce 0 is missing
  WITAN_REQUIRE_OK(pool.add(opaque(7, 9), 0));
  BOOST_CHECK((ids(pool.reap(plenty, 100)) == Ids{4, 2, 3, 5, 1, 7}));
  BOOST_CHECK((ids(pool.reap(plenty, 3)) == Ids{4, 2, 3}));
  BOOST_CHECK((ids(pool.reap(2 * 108, 100)) == Ids{4, 2}));
  BOOST_CHECK_EQUAL(pool.count(), 7U);
  BOOST_CHECK_EQUAL(pool.next_nonce(numbered<AccountId>(1)), 2U);
  BOOST_CHECK_EQUAL(pool.next_nonce(numbered<AccountId>(2)), 8U);
  BOOST_CHECK_EQUAL(pool.next_nonce(numbered<AccountId>(4)), 0U);  // its own 1 waits for 0
  BOOST_CHECK_EQUAL(pool.next_nonce(numbered<AccountId>(9)), 0U);
  WITAN_REQUIRE_OK(pool.add(transfer(8, 4, 0, 1), 0));
  BOOST_CHECK_EQUAL(pool.next_nonce(numbered<AccountId>(4)), 2U);
  BOOST_CHECK((ids(pool.reap(plenty, 100)) == Ids{4, 2, 3, 5, 8, 6, 1, 7}));
  WITAN_REQUIRE_OK(pool.check());
}

BOOST_AUTO_TEST_CASE(a_small_one_still_fits_after_a_large_one_does_not) {
  TxPool pool(limits_of(100, plenty));
  WITAN_REQUIRE_OK(pool.add(transfer(1, 1, 0, 9, 500), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(2, 1, 1, 9, 10), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(3, 2, 0, 5, 10), 0));
  BOOST_CHECK((ids(pool.reap(100, 100)) == Ids{3}));
}

BOOST_AUTO_TEST_CASE(what_must_not_enter_is_refused_by_name) {
  TxPool pool(limits_of(100, plenty));
  WITAN_REQUIRE_OK(pool.add(transfer(1, 1, 3, 10), 3));
  WITAN_CHECK_ERROR(pool.add(transfer(1, 1, 3, 10), 3), ErrorCode::duplicate);
  WITAN_CHECK_ERROR(pool.add(transfer(2, 1, 2, 10), 3), ErrorCode::bad_nonce);
  WITAN_CHECK_ERROR(pool.add(transfer(2, 1, 3, 10), 3), ErrorCode::bad_nonce);
  WITAN_CHECK_ERROR(pool.add(transfer(2, 1, 11, 10), 3), ErrorCode::out_of_range);
  WITAN_CHECK_ERROR(pool.add(transfer(2, 1, 4, 0), 3), ErrorCode::fee_too_low);
  WITAN_CHECK_ERROR(pool.add(opaque(3, 0), 0), ErrorCode::expired);
  WITAN_CHECK_ERROR(pool.add(opaque(3, 1 + opaque_window_heights), 0), ErrorCode::out_of_range);
  PoolLimits live = limits_of(10, plenty);
  live.opaque_allowed = false;
  TxPool other(live);
  WITAN_CHECK_ERROR(other.add(opaque(3, 5), 0), ErrorCode::not_allowed);
}

BOOST_AUTO_TEST_CASE(a_fee_higher_by_a_tenth_replaces_the_pending_transfer) {
  TxPool pool(limits_of(100, plenty));
  WITAN_REQUIRE_OK(pool.add(transfer(1, 1, 0, 100), 0));
  WITAN_CHECK_ERROR(pool.add(transfer(2, 1, 0, 109), 0), ErrorCode::bad_nonce);
  WITAN_REQUIRE_OK(pool.add(transfer(2, 1, 0, 110), 0));
  BOOST_CHECK(!pool.contains(numbered<TxId>(1)));
  BOOST_CHECK((ids(pool.reap(plenty, 9)) == Ids{2}));
  WITAN_REQUIRE_OK(pool.check());
}

BOOST_AUTO_TEST_CASE(a_full_pool_drops_what_pays_least_and_never_leaves_a_gap) {
  TxPool pool(limits_of(4, plenty));
  WITAN_REQUIRE_OK(pool.add(transfer(1, 1, 0, 1), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(2, 1, 1, 9), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(3, 2, 0, 5), 0));
  WITAN_REQUIRE_OK(pool.add(opaque(4, 9), 0));
  WITAN_CHECK_ERROR(pool.add(opaque(5, 9), 0), ErrorCode::pool_full);
  WITAN_REQUIRE_OK(pool.add(transfer(6, 3, 0, 6), 0));  // opaque leaves first
  BOOST_CHECK(!pool.contains(numbered<TxId>(4)));
  WITAN_CHECK_ERROR(pool.add(transfer(7, 4, 0, 5), 0), ErrorCode::pool_full);
  WITAN_REQUIRE_OK(pool.add(transfer(7, 4, 0, 7), 0));  // the tail with the lowest fee: 3
  BOOST_CHECK(!pool.contains(numbered<TxId>(3)));
  BOOST_CHECK(pool.contains(numbered<TxId>(1)));
  // Its own earlier transfers are no victims.
  WITAN_CHECK_ERROR(pool.add(transfer(8, 3, 1, 7), 0), ErrorCode::pool_full);
  WITAN_REQUIRE_OK(pool.check());
}

BOOST_AUTO_TEST_CASE(when_eviction_cannot_make_room_nothing_is_evicted) {
  TxPool pool(limits_of(100, 300));
  WITAN_REQUIRE_OK(pool.add(transfer(1, 1, 0, 1), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(2, 2, 0, 9), 0));
  WITAN_REQUIRE_OK(pool.add(opaque(3, 9), 0));
  WITAN_CHECK_ERROR(pool.add(transfer(4, 3, 0, 5, 250), 0), ErrorCode::pool_full);
  BOOST_CHECK_EQUAL(pool.count(), 3U);
  WITAN_REQUIRE_OK(pool.add(transfer(4, 3, 0, 5, 200), 0));
  BOOST_CHECK((ids(pool.reap(plenty, 9)) == Ids{2, 4}));
  WITAN_REQUIRE_OK(pool.check());
}

BOOST_AUTO_TEST_CASE(a_commit_removes_what_is_in_it_and_what_it_makes_stale) {
  TxPool pool(limits_of(100, plenty));
  WITAN_REQUIRE_OK(pool.add(transfer(2, 1, 0, 5), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(3, 1, 1, 5), 0));
  WITAN_REQUIRE_OK(pool.add(transfer(4, 1, 2, 5), 0));
  WITAN_REQUIRE_OK(pool.add(opaque(5, 1), 0));
  WITAN_REQUIRE_OK(pool.add(opaque(6, 2), 0));
  WITAN_REQUIRE_OK(pool.add(opaque(7, 2), 0));
  BOOST_CHECK(pool.is_verified(numbered<TxId>(2)));
  BOOST_CHECK(!pool.is_verified(numbered<TxId>(3)));
  const std::vector<TxId> committed{numbered<TxId>(2), numbered<TxId>(6), numbered<TxId>(99)};
  // Another transfer with nonce 1 was in the block.
  const std::vector<TxPool::SenderNonce> nonces{{numbered<AccountId>(1), 2}};
  pool.on_committed(Height(1), committed, nonces);
  BOOST_CHECK((ids(pool.reap(plenty, 100)) == Ids{4, 7}));
  WITAN_CHECK_ERROR(pool.add(opaque(6, 5), 0), ErrorCode::duplicate);
  WITAN_CHECK_ERROR(pool.add(opaque(99, 5), 0), ErrorCode::duplicate);
  pool.on_committed(Height(2), {}, {});
  BOOST_CHECK_EQUAL(pool.count(), 1U);
  WITAN_REQUIRE_OK(pool.check());
}

// Everything the pool promises, against vectors: order of reap by brute force, bounds, indices.
WITAN_PROPERTY(pool_agrees_with_a_model_over_random_histories, [] {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  TxPool pool(limits_of(5 + random.below(30), 500 + random.below(3000)), random.next());
  std::map<std::uint64_t, std::uint64_t> account_nonce;
  std::uint64_t height = 0;
  std::uint64_t next_id = 1;
  for (int i = 0; i < 150; ++i) {
    const std::uint64_t action = random.below(10);
    const std::uint64_t sender = random.below(5);
    if (action < 6) {
      const std::uint64_t nonce = account_nonce[sender] + random.below(6);
      const auto done =
          pool.add(transfer(next_id++, sender, nonce, 1 + random.below(6), 20 + random.below(200)),
                   account_nonce[sender]);
      RC_ASSERT((done.has_value() || done.error().code == ErrorCode::pool_full ||
                 done.error().code == ErrorCode::bad_nonce));
    } else if (action < 8) {
      const auto done = pool.add(opaque(next_id++, height + 1 + random.below(4), 50), 0);
      RC_ASSERT((done.has_value() || done.error().code == ErrorCode::pool_full));
    } else {
      const auto reaped = pool.reap(200 + random.below(2000), 1 + random.below(12));
      std::vector<TxId> committed;
      std::map<std::uint64_t, std::uint64_t> expected = account_nonce;
      std::vector<TxPool::SenderNonce> nonces;
      for (const PoolTx* tx : reaped) {
        committed.push_back(tx->id);
        if (!tx->is_transfer) continue;
        std::uint64_t s = 0;
        std::memcpy(&s, tx->sender.data.data(), sizeof s);
        RC_ASSERT(tx->nonce == expected[s]);  // contiguous, in order
        ++expected[s];
      }
      account_nonce = expected;
      for (const auto& [s, n] : account_nonce) nonces.push_back({numbered<AccountId>(s), n});
      pool.on_committed(Height(++height), committed, nonces);
      for (const TxId& id : committed) RC_ASSERT(!pool.contains(id));
    }
    const auto sound = pool.check();
    RC_ASSERT(sound.has_value());
    // First reaped: highest fee among all ready heads; transfers before opaque.
    const auto all = pool.reap(plenty, 1000);
    RC_ASSERT(std::is_partitioned(all.begin(), all.end(),
                                  [](const PoolTx* tx) { return tx->is_transfer; }));
    for (const PoolTx* tx : all) {
      if (!tx->is_transfer) continue;
      std::uint64_t s = 0;
      std::memcpy(&s, tx->sender.data.data(), sizeof s);
      if (tx->nonce == account_nonce[s]) RC_ASSERT(tx->fee <= all.front()->fee);
    }
    RC_ASSERT(ids(all) == ids(pool.reap(plenty, 1000)));
  }
});

WITAN_PROPERTY(the_salt_changes_nothing_that_can_be_observed, [] {
  const std::uint64_t seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto run = [&](std::uint64_t salt) {
    Random random(seed);
    TxPool pool(limits_of(20, 3000), salt);
    for (std::uint64_t id = 1; id < 80; ++id) {
      if (random.chance_permille(300)) {
        (void)pool.add(opaque(id, 1 + random.below(5)), 0);
      } else {
        (void)pool.add(transfer(id, random.below(6), random.below(5), 1 + random.below(9)), 0);
      }
    }
    return ids(pool.reap(plenty, 100));
  };
  RC_ASSERT(run(0) == run(0x1234567890abcdefULL));
});

BOOST_AUTO_TEST_SUITE_END()
