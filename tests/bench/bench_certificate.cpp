// One commit certificate of n validators (two thirds and one signed), from the session to
// consensus.
//   one_signature      one Schnorr verification with a parsed key: the unit
//   whole_certificate  Verifier::verify on one thread
//   pool/n/workers     through the verifier actors: sent, cut into slices, verified, told to
//                      consensus; wall clock. `ratio` is its time over (signatures x one_signature)
//                      / workers; the aim is 1.15 where so many processors are idle. `cpu_ratio`
//                      is the processor's time of all workers over signatures x one_signature, so
//                      what slicing and messages add; it holds on a busy machine too
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <map>
#include <mutex>

#include "actors/consensus/verifier_actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "tests/support/tap_actor.hpp"

namespace {

using namespace witan;

struct World {
  explicit World(std::uint32_t n) {
    std::vector<Validator> all(n);
    std::vector<SecretKey> keys;
    for (std::uint32_t i = 0; i < n; ++i) {
      Bytes secret(32, 0x21);
      secret[30] = static_cast<std::uint8_t>(i >> 8);
      secret[31] = static_cast<std::uint8_t>(i + 1);
      keys.push_back(std::move(SecretKey::from_bytes(secret).value()));
      all[i].key = keys.back().public_key();
      all[i].power = 1;
    }
    const auto set =
        std::make_shared<const ValidatorSet>(ValidatorSet::make(std::move(all)).value());
    verifier = std::make_shared<const Verifier>(Verifier::make(chain_id, set).value());
    certificate = {VoteType::precommit, Height(1), Round(0), BlockId{}, {}};
    std::vector<std::pair<ValidatorIndex, const SecretKey*>> signers;
    for (const SecretKey& key : keys) signers.emplace_back(*set->index_of(key.public_key()), &key);
    std::sort(signers.begin(), signers.end());
    signers.resize(n * 2 / 3 + 1);
    for (const auto& [index, key] : signers) {
      const Vote vote{VoteType::precommit, Height(1), Round(0), BlockId{}, Round::nil(), index};
      certificate.signatures.push_back(
          {index, Round::nil(), key->sign(vote_hash(chain_id, vote).view())});
    }
  }
  ChainId chain_id{};
  std::shared_ptr<const Verifier> verifier;
  Certificate certificate;
};

const World& world_of(std::int64_t n) {
  static std::map<std::int64_t, World> worlds;
  return worlds.try_emplace(n, static_cast<std::uint32_t>(n)).first->second;
}

// Of the processor, by all threads of this process: what a busy machine does not falsify.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct OneSignature {
  double wall = 0, cpu = 0;
};
OneSignature seconds_of_one_signature(const World& world) {
  Certificate one = world.certificate;
  one.signatures.resize(1);
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  constexpr int rounds = 1000;
  for (int i = 0; i < rounds; ++i)
    benchmark::DoNotOptimize(world.verifier->check_signatures(one).has_value());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return {wall.count() / rounds, (cpu_seconds() - cpu) / rounds};
}

void one_signature(benchmark::State& state) {
  Certificate one = world_of(100).certificate;
  one.signatures.resize(1);
  for (auto _ : state)
    if (!world_of(100).verifier->check_signatures(one)) state.SkipWithError("refused");
}
BENCHMARK(one_signature);

void whole_certificate(benchmark::State& state) {
  const World& world = world_of(state.range(0));
  for (auto _ : state)
    if (!world.verifier->verify(world.certificate)) state.SkipWithError("refused");
  state.counters["signatures"] = static_cast<double>(world.certificate.signatures.size());
}
BENCHMARK(whole_certificate)->Arg(4)->Arg(100)->Unit(benchmark::kMicrosecond);

struct Arrival {
  void set() {
    const std::lock_guard guard(mutex);
    ++count;
    changed.notify_all();
  }
  void wait_for(std::int64_t n) {
    std::unique_lock guard(mutex);
    changed.wait(guard, [&] { return count >= n; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t count = 0;
};

Services services() {
  static Metrics metrics("bench");
  static const std::unique_ptr<Logger> log = [] {
    LogOptions options;
    options.levels = "error";
    options.async = false;
    return std::move(Logger::open(std::move(options), rt::system_clock()).value());
  }();
  return {*log, metrics};
}

void pool(benchmark::State& state) {
  const World& world = world_of(state.range(0));
  const auto workers = static_cast<std::size_t>(state.range(1));
  const OneSignature one = seconds_of_one_signature(world);
  Arrival arrived;
  rt::SupervisorSpec chain;
  chain.name = "chain";
  for (std::size_t i = 0; i < workers; ++i) {
    rt::ChildSpec worker;
    worker.name = "verifier/" + std::to_string(i);
    worker.factory = [&world, i, workers](rt::ActorContext& context) {
      return std::make_unique<consensus::VerifierActor>(context, services(), world.verifier, i,
                                                        workers);
    };
    chain.children.emplace_back(std::move(worker));
  }
  chain.children.emplace_back(test::tap<ConsensusRole>(
      "consensus", [&arrived](rt::ActorContext&, const Envelope&) { arrived.set(); }));
  rt::SupervisorSpec peers;
  peers.name = "peers";
  peers.children.emplace_back(
      test::tap<PeersRole>("peers", [](rt::ActorContext&, const Envelope&) {}));
  rt::SupervisorSpec node;
  node.name = "node";
  node.children.emplace_back(std::move(chain));
  node.children.emplace_back(std::move(peers));
  rt::RuntimeOptions options;
  options.worker_threads = workers;
  rt::Runtime runtime(std::move(options));
  runtime.start(std::move(node));
  std::int64_t sent = 0;
  const double cpu = cpu_seconds();
  for (auto _ : state) {
    Draft<schema::Certificate> out(64 + world.certificate.signatures.size() * 10);
    write_certificate(*out, world.certificate);
    (void)runtime.ref<VerifierRole>("/node/chain/verifier/0").send(std::move(out));
    arrived.wait_for(++sent);
  }
  const double cpu_each = (cpu_seconds() - cpu) / static_cast<double>(sent);
  const auto signatures = static_cast<double>(world.certificate.signatures.size());
  state.counters["cpu_ratio"] = cpu_each / (signatures * one.cpu);
  state.counters["ratio"] = benchmark::Counter(
      signatures * one.wall / static_cast<double>(workers),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(pool)->Args({100, 1})->Args({100, 2})->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
