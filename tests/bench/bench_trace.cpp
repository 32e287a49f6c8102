// What tracing costs. Run: build/release/bin/bench_trace
//   deliver_untraced   one actor on one worker forwards 64 envelopes to itself in a circle
//   deliver_ring       the same with the flight recorder on; target: at most 10 % less
//   deliver_recording  the same with everything recorded to files; target: at most 35 % less;
//   `lost`
//                      is the share of hops the recording thread could not keep
//   query_height       1,000,000 hops in files, one height of 2,000 asked; target: at most 1 s
//   query_all          the same files, every hop loaded and put in order
// `ratios` measures the three deliveries in turn, so that a busy machine spoils them alike. Losses
// are of rates, and of the worker's own processor time (`cpu`), which a busy machine spoils less.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "actors/telemetry/trace/core/query.hpp"
#include "actors/telemetry/trace/recorder.hpp"
#include "actors/telemetry/trace/trace_reader.hpp"

namespace {
using namespace witan;

struct HopRole {
  static constexpr std::string_view name = "hop";
  using accepts = rt::Accepts<rt::Consensus<schema::Failure>>;
};

struct Finish {
  void set() {
    const std::lock_guard guard(mutex);
    done = true;
    changed.notify_all();
  }
  void wait() {
    std::unique_lock guard(mutex);
    changed.wait(guard, [&] { return done; });
    done = false;
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

constexpr std::int64_t batch = 200'000;
double cpu_per_hop = 0;  // of the last batch, in ns

class Hopper final : public rt::ActorFor<HopRole> {
 public:
  Hopper(rt::ActorContext& context, std::int64_t& left, Finish& finish)
      : ActorFor(context), left_(left), finish_(finish), self_(context.ref<HopRole>("/node/a")) {
    handle<schema::Failure>(&Hopper::on_message);
  }

 private:
  void on_message(schema::Failure::Reader, const Envelope& envelope) {
    if (left_ == batch_) begin_ = cpu_ns();
    if (left_ == 1) cpu_per_hop = (cpu_ns() - begin_) / static_cast<double>(batch_);
    if (--left_ > 0) {
      (void)self_.send<schema::Failure>(envelope);
    } else if (left_ == 0) {
      finish_.set();
    }
  }
  // Of this worker alone: what others do with the machine does not count.
  static double cpu_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
  }
  std::int64_t& left_;
  Finish& finish_;
  rt::ActorRef<HopRole> self_;
  std::int64_t batch_ = batch;
  double begin_ = 0;
};

struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / "witan-bench-trace") {
    std::filesystem::remove_all(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  FilePath path;
};

enum class Mode { untraced, ring, recording };

// Hops a second of one worker.
class Circle {
 public:
  explicit Circle(Mode mode) {
    trace::RecorderOptions options;
    options.clock = &rt::system_clock();
    options.files.folder = folder_.path;
    recorder_ = std::make_unique<trace::Recorder>(std::move(options), posix_file_system());
    rt::RuntimeOptions runtime;
    runtime.worker_threads = 1;
    if (mode != Mode::untraced) runtime.trace = recorder_.get();
    runtime_ = std::make_unique<rt::Runtime>(std::move(runtime));
    rt::SupervisorSpec root{.name = "node", .children = {}};
    rt::ChildSpec spec;
    spec.name = "a";
    spec.factory = [this](rt::ActorContext& c) {
      return std::make_unique<Hopper>(c, left_, finish_);
    };
    root.children.emplace_back(std::move(spec));
    runtime_->start(std::move(root));
    if (mode == Mode::recording) (void)recorder_->start_recording();
  }
  ~Circle() { runtime_.reset(); }

  double run(std::int64_t hops) {
    const auto begin = std::chrono::steady_clock::now();
    left_ = hops;
    for (int i = 0; i < 64; ++i)
      (void)runtime_->ref<HopRole>("/node/a").send(Draft<schema::Failure>());
    finish_.wait();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return static_cast<double>(hops) / took.count();
  }
  double lost() {
    recorder_->stop_recording();
    const trace::RecorderStatus status = recorder_->status();
    return static_cast<double>(status.lost) /
           static_cast<double>(std::max<std::uint64_t>(1, status.hops));
  }

 private:
  Folder folder_;
  Finish finish_;
  std::int64_t left_ = 0;
  std::unique_ptr<trace::Recorder> recorder_;
  std::unique_ptr<rt::Runtime> runtime_;
};

void deliver(benchmark::State& state, Mode mode) {
  Circle circle(mode);
  (void)circle.run(batch);
  for (auto _ : state) (void)circle.run(batch);
  state.SetItemsProcessed(state.iterations() * batch);
  if (mode == Mode::recording) state.counters["lost"] = circle.lost();
}
void deliver_untraced(benchmark::State& s) { deliver(s, Mode::untraced); }
void deliver_ring(benchmark::State& s) { deliver(s, Mode::ring); }
void deliver_recording(benchmark::State& s) { deliver(s, Mode::recording); }

// Medians of many short turns of each, one after the other.
void ratios(benchmark::State& state) {
  std::vector<double> rates[3], cpu[3];
  double lost = 0;
  for (auto _ : state) {
    for (int turn = 0; turn < 9; ++turn)
      for (int mode = 0; mode < 3; ++mode) {
        Circle circle(static_cast<Mode>(mode));
        (void)circle.run(batch / 4);
        rates[mode].push_back(circle.run(batch));
        cpu[mode].push_back(cpu_per_hop);
        if (mode == 2) lost = std::max(lost, circle.lost());
      }
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  const double plain = median(rates[0]);
  const double plain_cpu = median(cpu[0]);
  state.counters["per_s"] = plain;
  state.counters["per_core_s"] = 1e9 / plain_cpu;
  state.counters["ring_loss_%"] = 100 * (1 - median(rates[1]) / plain);
  state.counters["ring_cpu_loss_%"] = 100 * (1 - plain_cpu / median(cpu[1]));
  state.counters["recording_loss_%"] = 100 * (1 - median(rates[2]) / plain);
  state.counters["recording_cpu_loss_%"] = 100 * (1 - plain_cpu / median(cpu[2]));
  state.counters["not_recorded_%"] = 100 * lost;
}

// 1,000,000 hops of 2,000 heights, as one node writes them.
FilePath million() {
  static const Folder folder;
  static const FilePath path = [] {
    trace::SegmentOptions options;
    options.folder = folder.path;
    trace::SegmentWriter writer(posix_file_system(), options, {});
    (void)writer.open(1);
    std::vector<trace::HopRecord> block;
    std::uint64_t seed = 1;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
      seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
      trace::HopRecord hop;
      hop.trace_hi = hop.trace_lo = seed >> 8;
      hop.span = seed;
      hop.parent = block.empty() ? 0 : block.back().span;
      hop.sent = static_cast<std::int64_t>(i * 1000);
      hop.started = hop.sent + static_cast<std::int64_t>(seed >> 50);
      hop.finished = hop.started + static_cast<std::int64_t>(seed >> 48);
      hop.type = seed % 20;
      hop.from = static_cast<std::uint32_t>(seed >> 40) % 30;
      hop.to = static_cast<std::uint32_t>(seed >> 44) % 30;
      hop.height = i % 3 == 0 ? 0 : 1 + i / 500;
      block.push_back(hop);
      if (block.size() < 4096 && i + 1 < 1'000'000) continue;
      trace::BlockHeader header;
      trace::index_records(header, block);
      (void)writer.append(
          header,
          {reinterpret_cast<const std::uint8_t*>(block.data()), block.size() * trace::record_bytes},
          i, {}, 0);
      block.clear();
    }
    return folder.path;
  }();
  return path;
}

void query_height(benchmark::State& state) {
  const FilePath path = million();
  std::size_t found = 0;
  for (auto _ : state) {
    trace::ReadOptions options;
    options.heights = {1234, 1234};
    auto set = trace::load_traces(posix_file_system(), {path}, options);
    if (!set) return state.SkipWithError("cannot be read");
    trace::Filter filter;
    filter.heights = options.heights;
    found = trace::select(*set, filter).size();
  }
  state.counters["found"] = static_cast<double>(found);
}

void query_all(benchmark::State& state) {
  const FilePath path = million();
  std::size_t hops = 0;
  for (auto _ : state) {
    auto set = trace::load_traces(posix_file_system(), {path}, {});
    if (!set) return state.SkipWithError("cannot be read");
    hops = set->hops().size();
  }
  state.counters["hops"] = static_cast<double>(hops);
}

BENCHMARK(deliver_untraced)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(deliver_ring)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(deliver_recording)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ratios)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(query_height)->Unit(benchmark::kMillisecond);
BENCHMARK(query_all)->Unit(benchmark::kMillisecond);
}  // namespace

BENCHMARK_MAIN();
