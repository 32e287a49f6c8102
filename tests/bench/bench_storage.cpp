// What durability costs: WAL sync by appending and by overwriting preallocated blocks, block puts.
// WITAN_BENCH_DIR chooses the device (default: the system's folder for temporary files, which must
// not be in memory for the figures to mean anything).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "messages/base/check.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/random.hpp"
#include "storage/block_store.hpp"
#include "storage/keys.hpp"
#include "storage/wal.hpp"

namespace {
using namespace witan;

class BenchDir {
 public:
  BenchDir() {
    const char* base = ::getenv("WITAN_BENCH_DIR");
    const FilePath parent =
        base != nullptr ? FilePath(base) : std::filesystem::temp_directory_path();
    std::string name = (parent / "witan-bench-XXXXXX").string();
    WITAN_CHECK(::mkdtemp(name.data()) != nullptr, name);
    path_ = name;
  }
  ~BenchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  BenchDir(const BenchDir&) = delete;
  BenchDir& operator=(const BenchDir&) = delete;
  [[nodiscard]] const FilePath& path() const { return path_; }

 private:
  FilePath path_;
};

template <class T>
T must(Result<T> result) {
  if (!result) check_failed("must", __FILE__, __LINE__, result.error().to_string());
  return std::move(*result);
}
void must(const Status& status) {
  if (!status) check_failed("must", __FILE__, __LINE__, status.error().to_string());
}

// The floor: a plain file that grows.
void plain_append_and_sync(benchmark::State& state) {
  const BenchDir dir;
  const auto file = must(posix_file_system().open(dir.path() / "plain", OpenMode::create));
  const Bytes data(static_cast<std::size_t>(state.range(0)), 0x5a);
  std::uint64_t at = 0;
  for (auto _ : state) {
    must(file->write_at(at, data));
    must(file->sync());
    at += data.size();
  }
}
BENCHMARK(plain_append_and_sync)->Arg(200)->Arg(4096)->UseRealTime()->Unit(benchmark::kMicrosecond);

// The WAL: overwrites preallocated, zeroed blocks. Rolling over to new segments is included.
void wal_append_and_sync(benchmark::State& state) {
  const BenchDir dir;
  WalOptions options;
  options.folder = dir.path() / "wal";
  options.chain_id = "bench";
  const auto wal = must(WalWriter::open(posix_file_system(), options));
  const Bytes data(static_cast<std::size_t>(state.range(0)), 0x5a);
  must(wal->append(1, Height(1), data));
  must(wal->sync());
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(1); ++i) must(wal->append(1, Height(1), data));
    must(wal->sync());
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(wal_append_and_sync)
    ->Args({200, 1})
    ->Args({200, 10})
    ->Args({4096, 1})
    ->Args({65536, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// Encoding and checksums alone.
void wal_append(benchmark::State& state) {
  const BenchDir dir;
  WalOptions options;
  options.folder = dir.path() / "wal";
  options.chain_id = "bench";
  const auto wal = must(WalWriter::open(posix_file_system(), options));
  const Bytes data(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) {
    must(wal->append(1, Height(1), data));
    if (wal->pending_bytes() > (1U << 20U)) {
      state.PauseTiming();
      must(wal->sync());
      must(wal->prune_below(Height(1)));
      state.ResumeTiming();
    }
  }
}
BENCHMARK(wal_append)->Arg(200)->Iterations(200'000);

void block_put(benchmark::State& state) {
  const BenchDir dir;
  const auto store = must(BlockStore::open(must(open_leveldb(dir.path() / "blocks.db"))));
  const Bytes block(static_cast<std::size_t>(state.range(0)), 0x5a);
  const Bytes certificate(400, 0x11);
  const Durability durability = state.range(1) != 0 ? Durability::synced : Durability::buffered;
  std::uint64_t height = 0;
  for (auto _ : state) {
    ++height;
    Hash32 id;
    std::memcpy(id.data.data(), &height, sizeof height);
    must(store->put(Height(height), id, block, certificate, certificate, durability));
  }
}
BENCHMARK(block_put)
    ->ArgNames({"bytes", "synced"})
    ->Args({300, 0})
    ->Args({300, 1})
    ->Args({65536, 0})
    ->Args({65536, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// The transaction index: blocks of so many ids, 1,000,000 in all. The CPU time is that of the
// process, so what LevelDB sorts and merges in the background is in it.
void index_put(benchmark::State& state) {
  const BenchDir dir;
  KvOptions options;  // the node's, see actors/node/stores.cpp
  options.write_buffer_bytes = 4U << 20U;
  options.block_cache_bytes = 2U << 20U;
  const auto index = must(open_leveldb(dir.path() / "index.db", options));
  Random random(1);
  std::uint64_t height = 0;
  for (auto _ : state) {
    ++height;
    WriteBatch batch;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      Hash32 id;
      for (std::size_t at = 0; at < id.data.size(); at += 8) {
        const std::uint64_t word = random.next();
        std::memcpy(id.data.data() + at, &word, sizeof word);
      }
      const Bytes place = ByteWriter(12).u64(height).u32(static_cast<std::uint32_t>(i)).take();
      batch.put(keys::for_id(keys::transaction, id), place);
    }
    must(index->write(batch, Durability::buffered));
  }
  const auto entries =
      static_cast<double>(state.iterations()) * static_cast<double>(state.range(0));
  state.counters["cpu_per_entry"] =
      benchmark::Counter(entries, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(index_put)
    ->ArgName("per_block")
    ->Arg(500)
    ->Iterations(2000)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
