// Back-pressure: what a message of each mailbox class waits while another class floods the same
// actor. Run: build/release/bin/bench_flood
//   flood/FLOODED/PROBE   the actor works 5 us on every message. It is stopped, 2048 messages of
//                         the class FLOODED (0 control, 1 consensus, 2 bulk) and one of PROBE are
//                         put into its mailbox, and it goes on: p50_us and p99_us from there until
//                         PROBE is handled. fifo_us: the same in the order of arrival
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
constexpr std::uint32_t flood_messages = 2048;

// One type of each class; what they hold does not matter.
struct TargetRole {
  static constexpr std::string_view name = "target";
  using accepts =
      Accepts<Control<schema::GetTip>, Consensus<schema::Failure>, Bulk<schema::GetStatus>>;
};
using Target = ActorRef<TargetRole>;

struct Shared {
  std::atomic<bool> stopped{false};  // the actor waits in a handler
  std::atomic<bool> inside{false};   // and is there
  std::atomic<int> probe{-1};        // class of the probe
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::int64_t> probe_at{0};  // ns of its handling; 0: not yet
};

class Worker final : public ActorFor<TargetRole> {
 public:
  Worker(ActorContext& context, Shared& shared) : ActorFor(context), shared_(shared) {
    handle<schema::GetTip>(&Worker::on_control);
    handle<schema::Failure>(&Worker::on_consensus);
    handle<schema::GetStatus>(&Worker::on_bulk);
  }

 private:
  void on_control(schema::GetTip::Reader, const Envelope&) { toil(0); }
  void on_consensus(schema::Failure::Reader, const Envelope&) { toil(1); }
  void on_bulk(schema::GetStatus::Reader, const Envelope&) { toil(2); }
  void toil(int kind) {
    while (shared_.stopped.load(std::memory_order_acquire)) shared_.inside = true;
    const auto start = SteadyClock::now();
    if (kind == shared_.probe.load(std::memory_order_relaxed))
      shared_.probe_at.store(start.time_since_epoch().count(), std::memory_order_release);
    while (SteadyClock::now() - start < work) benchmark::DoNotOptimize(kind);
    shared_.handled.fetch_add(1, std::memory_order_release);
  }
  Shared& shared_;
};

Delivery send(const Target& to, int kind) {
  if (kind == 0) return to.send(Draft<schema::GetTip>());
  if (kind == 1) return to.send(Draft<schema::Failure>());
  return to.send(Draft<schema::GetStatus>());
}

// Waits until the worker has done it; the worker has a core of its own.
template <class Done>
void wait_until(Done&& done) {
  while (!done()) std::this_thread::yield();
}

// Microseconds that the probe waits behind a mailbox full of `flooded`.
double measure(const Target& to, Shared& shared, int flooded, int probe) {
  shared.stopped = true;
  shared.inside = false;
  shared.handled = 0;
  shared.probe_at = 0;
  (void)send(to, flooded);
  wait_until([&] { return shared.inside.load(); });
  for (std::uint64_t i = 0; i < flood_messages; ++i) (void)send(to, flooded);
  (void)send(to, probe);
  const auto start = SteadyClock::now();
  shared.stopped = false;
  wait_until([&] { return shared.handled.load() == flood_messages + 2; });
  return static_cast<double>(shared.probe_at - start.time_since_epoch().count()) / 1000;
}

void flood(benchmark::State& state) {
  const int flooded = static_cast<int>(state.range(0)), probe = static_cast<int>(state.range(1));
  Shared shared;
  shared.probe = probe;
  RuntimeOptions options;
  options.worker_threads = 1;
  Runtime runtime(std::move(options));
  SupervisorSpec root{.name = "node", .children = {}};
  ChildSpec spec;
  spec.name = "target";
  spec.mailbox = {.consensus = flood_messages, .bulk = flood_messages};
  spec.factory = [&](ActorContext& c) { return std::make_unique<Worker>(c, shared); };
  root.children.emplace_back(std::move(spec));
  runtime.start(std::move(root));
  const auto to = runtime.ref<TargetRole>("/node/target");
  std::vector<double> waited;
  for (auto _ : state) waited.push_back(measure(to, shared, flooded, probe));
  std::sort(waited.begin(), waited.end());
  state.counters["p50_us"] = waited[waited.size() / 2];
  state.counters["p99_us"] = waited[waited.size() * 99 / 100];
  state.counters["fifo_us"] = static_cast<double>(work.count() * flood_messages);
}

BENCHMARK(flood)
    ->ArgNames({"flooded", "probe"})
    ->Args({0, 1})
    ->Args({0, 2})
    ->Args({1, 0})
    ->Args({1, 2})
    ->Args({2, 0})
    ->Args({2, 1})
    ->Iterations(100)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
}  // namespace

BENCHMARK_MAIN();
