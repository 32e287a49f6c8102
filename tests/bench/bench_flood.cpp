// Back-pressure: what a message of each mailbox class waits while another class floods the same
// actor. Run: build/release/bin/bench_flood
//   flood/FLOODED/PROBE   the actor works 5 us on every message; its mailbox is kept full of the
//                         class FLOODED (0 control, 1 consensus, 2 bulk, 3 nothing floods) while
//                         one message of PROBE at a time is sent. p50_us and p99_us: from sending
//                         to handling. fifo_us: what the same message would wait behind a full
//                         mailbox in order of arrival. shed: refused of the flood
// Control has no bound: its flood is 2048 messages under way.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/schema/chain.capnp.h"

namespace {
using namespace witan;
using namespace witan::rt;
using SteadyClock = std::chrono::steady_clock;

constexpr auto work = std::chrono::microseconds(5);
constexpr std::uint64_t under_way_max = 2048;

// One type of each class; what they hold does not matter.
struct TargetRole {
  static constexpr std::string_view name = "target";
  using accepts =
      Accepts<Control<schema::GetTip>, Consensus<schema::Failure>, Bulk<schema::GetStatus>>;
};
using Target = ActorRef<TargetRole>;

struct Counters {
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::int64_t> probe_at{0};  // ns of its handling; 0: not yet
  std::atomic<int> probe{3};              // class of the probe
};

class Worker final : public ActorFor<TargetRole> {
 public:
  Worker(ActorContext& context, Counters& counters) : ActorFor(context), counters_(counters) {
    handle<schema::GetTip>(&Worker::on_control);
    handle<schema::Failure>(&Worker::on_consensus);
    handle<schema::GetStatus>(&Worker::on_bulk);
  }

 private:
  void on_control(schema::GetTip::Reader, const Envelope&) { toil(0); }
  void on_consensus(schema::Failure::Reader, const Envelope&) { toil(1); }
  void on_bulk(schema::GetStatus::Reader, const Envelope&) { toil(2); }
  void toil(int kind) {
    const auto start = SteadyClock::now();
    if (kind == counters_.probe.load(std::memory_order_relaxed))
      counters_.probe_at.store(start.time_since_epoch().count(), std::memory_order_release);
    while (SteadyClock::now() - start < work) benchmark::DoNotOptimize(kind);
    counters_.handled.fetch_add(1, std::memory_order_relaxed);
  }
  Counters& counters_;
};

Delivery send(const Target& to, int kind) {
  if (kind == 0) return to.send(Draft<schema::GetTip>());
  if (kind == 1) return to.send(Draft<schema::Failure>());
  return to.send(Draft<schema::GetStatus>());
}

// Keeps the mailbox full until told to end; returns how many were refused.
std::uint64_t keep_full(const Target& to, int kind, const Counters& counters,
                        const std::atomic<bool>& end) {
  std::uint64_t sent = 0, shed = 0;
  while (!end.load(std::memory_order_relaxed)) {
    const bool room = sent - counters.handled.load(std::memory_order_relaxed) < under_way_max;
    if (kind == 0 && !room) {
      std::this_thread::yield();
    } else if (send(to, kind) == Delivery::delivered) {
      ++sent;
    } else {
      ++shed;
      std::this_thread::yield();
    }
  }
  return shed;
}

void flood(benchmark::State& state) {
  const int flooded = static_cast<int>(state.range(0)), probe = static_cast<int>(state.range(1));
  Counters counters;
  counters.probe = probe;
  RuntimeOptions options;
  options.worker_threads = 1;
  Runtime runtime(std::move(options));
  SupervisorSpec root{.name = "node", .children = {}};
  ChildSpec spec;
  spec.name = "target";
  spec.mailbox = {.consensus = under_way_max, .bulk = under_way_max};
  spec.factory = [&](ActorContext& c) { return std::make_unique<Worker>(c, counters); };
  root.children.emplace_back(std::move(spec));
  runtime.start(std::move(root));
  const auto to = runtime.ref<TargetRole>("/node/target");
  std::atomic<bool> end{false};
  std::uint64_t shed = 0;
  std::thread flooder;
  if (flooded != 3) {
    flooder = std::thread([&] { shed = keep_full(to, flooded, counters, end); });
    while (counters.handled.load() < 2 * under_way_max) std::this_thread::yield();
  }
  std::vector<double> waited;
  for (auto _ : state) {
    counters.probe_at = 0;
    const auto start = SteadyClock::now();
    if (send(to, probe) != Delivery::delivered) state.SkipWithError("the probe was refused");
    std::int64_t at = 0;
    while ((at = counters.probe_at.load(std::memory_order_acquire)) == 0) std::this_thread::yield();
    waited.push_back(static_cast<double>(at - start.time_since_epoch().count()) / 1000);
  }
  end = true;
  if (flooder.joinable()) flooder.join();
  std::sort(waited.begin(), waited.end());
  state.counters["p50_us"] = waited[waited.size() / 2];
  state.counters["p99_us"] = waited[waited.size() * 99 / 100];
  state.counters["fifo_us"] =
      static_cast<double>(work.count()) * (flooded == 3 ? 0 : static_cast<double>(under_way_max));
  state.counters["shed"] = static_cast<double>(shed);
}

BENCHMARK(flood)
    ->ArgNames({"flooded", "probe"})
    ->ArgsProduct({{3}, {0, 1, 2}})
    ->Args({0, 1})
    ->Args({0, 2})
    ->Args({1, 0})
    ->Args({1, 2})
    ->Args({2, 0})
    ->Args({2, 1})
    ->Iterations(1000)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
}  // namespace

BENCHMARK_MAIN();
