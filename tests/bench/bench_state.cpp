// What a block costs the state: prepare (tree update) and commit (one LevelDB batch) for 500
// updated accounts out of a given population, and one empty block.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "messages/base/random.hpp"
#include "storage/state_store.hpp"

namespace {

using namespace witan;

Hash32 account_key(std::uint64_t n) {
  Hash32 out;
  std::memcpy(out.data.data(), &n, sizeof n);
  return out;
}

Bytes account_value(std::uint64_t n) {
  Bytes out(16, 0);
  std::memcpy(out.data(), &n, sizeof n);
  return out;
}

// A store on disk with `accounts` accounts, removed at the end.
class Population {
 public:
  explicit Population(std::uint64_t accounts) {
    const char* base = std::getenv("TMPDIR");
    folder_ = std::filesystem::path(base != nullptr ? base : "/tmp") /
              ("witan_bench_state_" + std::to_string(accounts));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    auto opened = StateStore::open(std::move(open_leveldb(folder_ / "state.db").value()), Hash32{});
    store = std::move(opened.value());
    StateWrites writes;
    for (std::uint64_t n = 0; n < accounts; ++n)
      writes.push_back({Module::accounts, account_key(n), account_value(n)});
    commit(Height(0), writes);
  }
  ~Population() {
    store.reset();
    std::filesystem::remove_all(folder_);
  }
  void commit(Height height, const StateWrites& writes) {
    auto delta = store->prepare(height, writes);
    if (!delta || !store->commit(std::move(*delta), Hash32{}, Durability::buffered)) std::abort();
  }
  std::unique_ptr<StateStore> store;

 private:
  std::filesystem::path folder_;
};

void block_of_accounts(benchmark::State& state) {
  const auto accounts = static_cast<std::uint64_t>(state.range(0));
  const auto updates = static_cast<std::uint64_t>(state.range(1));
  Population population(accounts);
  Random random(1);
  std::uint64_t height = 0;
  StateWrites writes;
  for (auto _ : state) {
    state.PauseTiming();
    writes.clear();
    for (std::uint64_t i = 0; i < updates; ++i)
      writes.push_back(
          {Module::accounts, account_key(random.below(accounts)), account_value(random.next())});
    state.ResumeTiming();
    population.commit(Height(++height), writes);
  }
  if (updates > 0) {
    state.counters["us_per_account"] = benchmark::Counter(
        static_cast<double>(updates) * 1e-6,
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  }
  state.counters["cache_mb"] =
      static_cast<double>(population.store->metrics().cache_bytes) / 1048576.0;
}
BENCHMARK(block_of_accounts)->Args({10'000, 500})->Args({100'000, 500})->Args({10'000, 0});

void prepare_only(benchmark::State& state) {
  const auto accounts = static_cast<std::uint64_t>(state.range(0));
  Population population(accounts);
  Random random(1);
  StateWrites writes;
  for (std::uint64_t i = 0; i < 500; ++i)
    writes.push_back(
        {Module::accounts, account_key(random.below(accounts)), account_value(random.next())});
  for (auto _ : state) benchmark::DoNotOptimize(population.store->prepare(Height(1), writes));
  state.counters["us_per_account"] = benchmark::Counter(
      500 * 1e-6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(prepare_only)->Arg(10'000)->Arg(100'000);

void prove_one(benchmark::State& state) {
  Population population(100'000);
  Random random(1);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        population.store->prove(Module::accounts, account_key(random.below(100'000))));
}
BENCHMARK(prove_one);

}  // namespace
