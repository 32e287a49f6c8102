// Per transaction: codec, execution, opaque window and mempool.
#include <benchmark/benchmark.h>

#include <map>

#include "actors/ledger/core/executor.hpp"
#include "actors/mempool/core/tx_pool.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/random.hpp"
#include "messages/wire/tx_codec.hpp"

namespace {

using namespace witan;

template <class Fixed>
Fixed random_fixed(Random& random) {
  Fixed out;
  for (std::size_t i = 0; i < Fixed::size_bytes; i += 8) {
    const std::uint64_t word = random.next();
    std::memcpy(out.data.data() + i, &word, 8);
  }
  return out;
}

Transfer sample_transfer(Random& random) {
  Transfer t;
  t.from = random_fixed<AccountId>(random);
  t.to = random_fixed<AccountId>(random);
  t.signature = random_fixed<Signature>(random);
  t.amount = 5;
  t.fee = 3;
  t.nonce = 9;
  return t;
}

void decode_transfer(benchmark::State& state) {
  Random random(1);
  const Bytes bytes = encode(sample_transfer(random));
  for (auto _ : state) benchmark::DoNotOptimize(decode_transaction(bytes));
}
BENCHMARK(decode_transfer);

void decode_opaque(benchmark::State& state) {
  const Bytes bytes = encode(Opaque{Height(7), Bytes(128, 1)});
  for (auto _ : state) benchmark::DoNotOptimize(decode_transaction(bytes));
}
BENCHMARK(decode_opaque);

void encode_transfer(benchmark::State& state) {
  Random random(1);
  const Transaction tx = sample_transfer(random);
  for (auto _ : state) benchmark::DoNotOptimize(encode(tx));
}
BENCHMARK(encode_transfer);

void id_of_transfer(benchmark::State& state) {
  Random random(1);
  const Bytes bytes = encode(sample_transfer(random));
  for (auto _ : state) benchmark::DoNotOptimize(tx_id(bytes));
}
BENCHMARK(id_of_transfer);

class Accounts final : public ledger::AccountReader {
 public:
  Result<ledger::Account> account(const AccountId&) const override {
    return ledger::Account{1'000'000, 0};
  }
};

void execute_transfers(benchmark::State& state) {
  constexpr std::size_t count = 2000;
  Random random(1);
  std::vector<Transaction> txs;
  std::vector<ledger::ExecTx> list;
  for (std::size_t i = 0; i < count; ++i) {
    Transfer t = sample_transfer(random);
    t.nonce = 0;
    txs.emplace_back(t);
  }
  for (const Transaction& tx : txs) list.push_back({random_fixed<TxId>(random), &tx, true});
  const Accounts accounts;
  const ledger::OpaqueWindow window;
  for (auto _ : state)
    benchmark::DoNotOptimize(ledger::execute({1, true}, Height(1), accounts, window, list, {}));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}
BENCHMARK(execute_transfers);

void opaque_window(benchmark::State& state) {
  constexpr std::size_t per_block = 1000;
  Random random(1);
  ledger::OpaqueWindow window;
  std::uint64_t height = 0;
  std::vector<ledger::OpaqueEntry> entries(per_block);
  std::size_t peak = 0;
  for (auto _ : state) {
    ++height;
    for (auto& e : entries) e = {random_fixed<TxId>(random), Height(height + 900)};
    for (const auto& e : entries) benchmark::DoNotOptimize(window.contains(e.id, e.last_height));
    window.commit(Height(height), entries);
    peak = std::max(peak, window.bytes());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * per_block));
  state.counters["peak_mb"] = static_cast<double>(peak) / 1048576.0;
}
BENCHMARK(opaque_window);

// Steady state of a loaded node: 50,000 pending, blocks of `range(0)` opaque transactions.
void pool_opaque(benchmark::State& state) {
  const auto per_block = static_cast<std::size_t>(state.range(0));
  mempool::PoolLimits limits;
  limits.opaque_allowed = true;
  mempool::TxPool pool(limits, 7);
  Random random(1);
  std::uint64_t height = 0;
  const auto add = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Opaque tx{Height(height + 500), {}};
      if (!pool.add(mempool::PoolTx::make(random_fixed<TxId>(random), Bytes(128, 1), tx, false), 0))
        std::abort();
    }
  };
  add(50'000);
  for (auto _ : state) {
    add(per_block);
    const auto reaped = pool.reap(16U << 20U, per_block);
    std::vector<TxId> ids;
    ids.reserve(reaped.size());
    for (const auto* tx : reaped) ids.push_back(tx->id);
    pool.on_committed(Height(++height), ids, {});
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * per_block));
}
BENCHMARK(pool_opaque)->Arg(500)->Arg(5000);

// 500 senders, 10 pending each; each block takes one of every sender.
void pool_transfers(benchmark::State& state) {
  constexpr std::uint64_t senders = 500;
  mempool::TxPool pool({}, 7);
  Random random(1);
  std::vector<AccountId> ids;
  for (std::uint64_t i = 0; i < senders; ++i) ids.push_back(random_fixed<AccountId>(random));
  std::map<AccountId, std::uint64_t> done;
  const auto add = [&](std::uint64_t ahead) {
    for (const AccountId& id : ids) {
      Transfer t;
      t.from = id;
      t.nonce = done[id] + ahead;
      t.fee = 1 + random.below(1000);
      const auto tx = mempool::PoolTx::make(random_fixed<TxId>(random), Bytes(200, 1), t, true);
      if (!pool.add(tx, done[id])) std::abort();
    }
  };
  for (std::uint64_t n = 0; n < 10; ++n) add(n);
  std::uint64_t height = 0;
  for (auto _ : state) {
    const auto reaped = pool.reap(16U << 20U, senders);
    std::vector<TxId> committed;
    std::vector<mempool::TxPool::SenderNonce> nonces;
    for (const auto* tx : reaped) {
      committed.push_back(tx->id);
      nonces.push_back({tx->sender, ++done[tx->sender]});
    }
    const std::size_t taken = reaped.size();
    pool.on_committed(Height(++height), committed, nonces);
    for (std::size_t i = 0; i < taken; ++i) {
      Transfer t;
      t.from = nonces[i].sender;
      t.nonce = nonces[i].nonce + 9;
      while (pool.count() < senders * 10) {
        t.fee = 1 + random.below(1000);
        const auto tx = mempool::PoolTx::make(random_fixed<TxId>(random), Bytes(200, 1), t, true);
        if (pool.add(tx, nonces[i].nonce) || t.nonce == 0) break;
        ++t.nonce;
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * senders));
}
BENCHMARK(pool_transfers);

}  // namespace
