// Cost of the door. Run: build/release/bin/bench_runtime
//   forward          one actor on one worker forwards 64 envelopes to itself in a circle
//   supervised_restart  from the message an empty actor dies of until its next incarnation has
//                    started, without backoff
//   faults_idle      forward, with a fault plan that holds no rule
//   faults_elsewhere forward, with one fault rule that is for another actor
//   faults_disabled  what the door's two questions for a plan cost when there is none; the counter
//                    percent_of_a_hop compares them with forward (below 1)
//   quarantine_empty forward, with a quarantine that holds no message
//   quarantine_other forward, with one that holds a message of another type
//   quarantine_cost  what the door's question to an empty quarantine costs: percent_of_a_hop, as
//   above
//   build            the same, but builds and seals a new message each time
//   ping_pong_*      one message in turn between two actors; items are hops (the workers stay
//   awake) request          request and reply between two actors on one worker, 64 in flight
//   idle_round_trip  Runtime::ask from a plain thread once all workers sleep: wake-up, four hops
//   and
//                    the wake-up of the asking thread
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "actors/runtime/actor.hpp"
#include "actors/runtime/faults/plan.hpp"
#include "actors/runtime/quarantine/quarantine.hpp"
#include "actors/runtime/runtime.hpp"
#include "storage/memory_file_system.hpp"

namespace {
using namespace witan;
using namespace witan::rt;

struct HopRole {
  static constexpr std::string_view name = "hop";
  using accepts = Accepts<Consensus<schema::Failure>>;
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

struct Plan {
  std::string to;
  bool build = false;
  bool ask = false;
  std::int64_t* left = nullptr;
  Finish* finish = nullptr;
  FaultPlan* faults = nullptr;
  PoisonGuard* poison = nullptr;
};

class Hopper final : public ActorFor<HopRole> {
 public:
  Hopper(ActorContext& context, const Plan& plan)
      : ActorFor(context), plan_(plan), to_(context.ref<HopRole>(plan.to)) {
    handle<schema::Failure>(&Hopper::on_message);
  }

 private:
  void on_message(schema::Failure::Reader, const Envelope& envelope) {
    if (envelope.request != 0) return context().reply(envelope, Draft<schema::Failure>());
    if (plan_.left == nullptr || --*plan_.left > 0) return pass(envelope);
    if (*plan_.left == 0) plan_.finish->set();
  }
  void pass(const Envelope& envelope) {
    if (plan_.ask) return ask();
    if (plan_.build) {
      (void)to_.send(Draft<schema::Failure>());
    } else {
      (void)to_.send<schema::Failure>(envelope);
    }
  }
  void ask() {
    context().request<schema::Failure>(to_, Draft<schema::Failure>(), Duration::from_s(5),
                                       [this](Result<schema::Failure::Reader>) {
                                         if (--*plan_.left > 0) return ask();
                                         if (*plan_.left == 0) plan_.finish->set();
                                       });
  }
  Plan plan_;
  ActorRef<HopRole> to_;
};

ChildSpec hopper(std::string name, Plan plan) {
  ChildSpec spec;
  spec.name = std::move(name);
  spec.factory = [plan](ActorContext& c) { return std::make_unique<Hopper>(c, plan); };
  return spec;
}

void measure(benchmark::State& state, std::size_t workers, int in_flight, Plan plan, bool two) {
  Finish finish;
  std::int64_t left = 0;
  plan.left = &left;
  plan.finish = &finish;
  RuntimeOptions options;
  options.worker_threads = workers;
  options.faults = plan.faults;
  options.poison = plan.poison;
  Runtime runtime(std::move(options));
  SupervisorSpec root{.name = "node", .children = {}};
  plan.to = two ? "/node/b" : "/node/a";
  root.children.emplace_back(hopper("a", plan));
  Plan echo;
  echo.to = "/node/a";
  if (two) root.children.emplace_back(hopper("b", echo));
  runtime.start(std::move(root));
  constexpr std::int64_t batch = 100'000;
  for (auto _ : state) {
    left = batch;
    for (int i = 0; i < in_flight; ++i) {
      (void)runtime.ref<HopRole>("/node/a").send(Draft<schema::Failure>());
    }
    finish.wait();
  }
  state.SetItemsProcessed(state.iterations() * batch * (two && !plan.ask ? 2 : 1));
}

void forward(benchmark::State& s) { measure(s, 1, 64, {}, false); }
void faults_idle(benchmark::State& s) {
  faults::Rules rules({});
  faults::ActorFaults door(rules);
  measure(s, 1, 64, {.to = {}, .faults = &door}, false);
}
void faults_elsewhere(benchmark::State& s) {
  faults::Rules rules({});
  faults::ActorFaults door(rules);
  (void)rules.add_text("on /node/other do drop");
  measure(s, 1, 64, {.to = {}, .faults = &door}, false);
}

void quarantine_empty(benchmark::State& s) {
  MemoryFileSystem files;
  quarantine::Quarantine list({.files = files, .folder = "/quarantine"});
  measure(s, 1, 64, {.to = {}, .poison = &list}, false);
}
void quarantine_other(benchmark::State& s) {
  MemoryFileSystem files;
  quarantine::Quarantine list({.files = files, .folder = "/quarantine"});
  Draft<schema::Failure> draft;
  draft->setText("x");
  Envelope envelope = std::move(draft).seal();
  envelope.type = 1;
  for (int i = 0; i < 2; ++i)
    list.threw({envelope, HopKind::message, MailboxClass::bulk, "", "/node/a", "bad", {}});
  measure(s, 1, 64, {.to = {}, .poison = &list}, false);
}

// Seconds of one hop of `forward`, the best of five batches.
double hop_seconds() {
  Finish finish;
  std::int64_t left = 0;
  Plan plan;
  plan.to = "/node/a";
  plan.left = &left;
  plan.finish = &finish;
  RuntimeOptions options;
  options.worker_threads = 1;
  Runtime runtime(std::move(options));
  SupervisorSpec root{.name = "node", .children = {}};
  root.children.emplace_back(hopper("a", plan));
  runtime.start(std::move(root));
  constexpr std::int64_t batch = 200'000;
  double best = 1;
  for (int round = 0; round < 5; ++round) {
    left = batch;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 64; ++i)
      (void)runtime.ref<HopRole>("/node/a").send(Draft<schema::Failure>());
    finish.wait();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / static_cast<double>(batch));
  }
  return best;
}

// The same load and branch as in door.cpp and cell.cpp, once for each side of a message.
void faults_disabled(benchmark::State& state) {
  const double hop = hop_seconds();
  std::atomic<FaultPlan*> plan{nullptr};
  constexpr std::int64_t batch = 1'000'000;
  std::int64_t asked = 0;
  double best = 1;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < 2 * batch; ++i) {
      if (plan.load(std::memory_order_acquire) != nullptr) [[unlikely]]
        ++asked;
      benchmark::DoNotOptimize(asked);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / static_cast<double>(batch));
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["percent_of_a_hop"] = 100 * best / hop;
}

// The same question as in cell.cpp, once for each message.
void quarantine_cost(benchmark::State& state) {
  const double hop = hop_seconds();
  MemoryFileSystem files;
  const quarantine::Quarantine list({.files = files, .folder = "/quarantine"});
  const PoisonGuard* guard = &list;
  benchmark::DoNotOptimize(guard);
  constexpr std::int64_t batch = 1'000'000;
  std::int64_t known = 0;
  double best = 1;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < batch; ++i) {
      if (guard != nullptr && guard->may_know(static_cast<std::uint64_t>(i))) [[unlikely]]
        ++known;
      benchmark::DoNotOptimize(known);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / static_cast<double>(batch));
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["percent_of_a_hop"] = 100 * best / hop;
}

void build(benchmark::State& s) { measure(s, 1, 64, {.to = {}, .build = true}, false); }
void ping_pong_one_worker(benchmark::State& s) { measure(s, 1, 1, {}, true); }
void ping_pong_two_workers(benchmark::State& s) { measure(s, 2, 1, {}, true); }
void request(benchmark::State& s) { measure(s, 1, 64, {.to = {}, .ask = true}, true); }

// Until the system says of every other thread of this process that it waits for something.
void wait_until_others_sleep() {
  namespace fs = std::filesystem;
  const std::string self = std::to_string(gettid());
  const auto sleeps = [&](const fs::directory_entry& thread) {
    if (thread.path().filename() == self) return true;
    std::ifstream file(thread.path() / "stat");
    std::string line;
    std::getline(file, line);  // "TID (NAME) STATE ..."
    const std::size_t name_end = line.rfind(')');
    return name_end == std::string::npos || line.compare(name_end, 3, ") S") == 0;
  };
  const auto all_sleep = [&] {
    return std::all_of(fs::directory_iterator("/proc/self/task"), fs::directory_iterator(), sleeps);
  };
  while (!all_sleep()) std::this_thread::yield();
}

// Dies of its first message; says when it stands in its place (again).
class Mortal final : public ActorFor<HopRole> {
 public:
  Mortal(ActorContext& context, Finish& stands) : ActorFor(context), stands_(stands) {
    handle<schema::Failure>(&Mortal::on_message);
  }
  void started() override { stands_.set(); }

 private:
  void on_message(schema::Failure::Reader, const Envelope&) { throw std::runtime_error("planned"); }
  Finish& stands_;
};

void supervised_restart(benchmark::State& state) {
  Finish stands;
  Runtime runtime(RuntimeOptions{});
  SupervisorSpec root{.name = "node", .children = {}};
  root.max_restarts = 1'000'000;
  root.backoff_min = root.backoff_max = Duration{};
  ChildSpec child;
  child.name = "a";
  child.factory = [&](ActorContext& c) { return std::make_unique<Mortal>(c, stands); };
  root.children.emplace_back(std::move(child));
  runtime.start(std::move(root));
  const auto a = runtime.ref<HopRole>("/node/a");
  stands.wait();
  for (auto _ : state) {
    (void)a.send(Draft<schema::Failure>());
    stands.wait();
  }
}

void idle_round_trip(benchmark::State& state) {
  Finish finish;
  Runtime runtime(RuntimeOptions{});
  SupervisorSpec root{.name = "node", .children = {}};
  Plan echo;
  echo.to = "/node/b";
  root.children.emplace_back(hopper("b", echo));
  runtime.start(std::move(root));
  const auto b = runtime.ref<HopRole>("/node/b");
  for (auto _ : state) {
    wait_until_others_sleep();
    const auto start = std::chrono::steady_clock::now();
    runtime.ask<schema::Failure>(b, Draft<schema::Failure>(), Duration::from_s(5),
                                 [&](Result<schema::Failure::Reader>) { finish.set(); });
    finish.wait();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(took.count());
  }
}

BENCHMARK(idle_round_trip)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(500);
BENCHMARK(supervised_restart)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(forward)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(faults_idle)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(faults_elsewhere)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(faults_disabled)->Unit(benchmark::kMillisecond);
BENCHMARK(quarantine_empty)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(quarantine_other)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(quarantine_cost)->Unit(benchmark::kMillisecond);
BENCHMARK(build)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ping_pong_one_worker)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ping_pong_two_workers)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(request)->UseRealTime()->Unit(benchmark::kMillisecond);
}  // namespace

BENCHMARK_MAIN();
