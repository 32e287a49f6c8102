// The mempool actor under load: submit, reap and commit of opaque transactions, through messages.
// The runtime is the deterministic one, so the figures hold the mempool's work and one thread's
// message handling, and no waiting.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "actors/mempool/mempool_actor.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/tx_codec.hpp"

namespace witan::mempool {
namespace {

constexpr std::size_t batch_size = 100;
constexpr std::size_t payload_bytes = 128 - 40;  // 128 bytes encoded

class Network final : public rt::ActorFor<PeersRole> {
 public:
  explicit Network(rt::ActorContext& context) : ActorFor(context) {
    handle<schema::TransactionBatch>(&Network::on_batch);
  }

 private:
  void on_batch(schema::TransactionBatch::Reader, const Envelope&) {}
};

struct Node {
  Node() : runtime(options()) {
    LogOptions logging;
    logging.levels = "error";
    logger = std::move(*Logger::open(logging, rt::system_clock()));
    MempoolOptions mempool;
    mempool.limits.opaque_allowed = true;
    const Services services{*logger, metrics};
    rt::SupervisorSpec chain;
    chain.name = "chain";
    rt::ChildSpec child;
    child.name = "mempool";
    child.factory = [services, mempool](rt::ActorContext& context) {
      return std::make_unique<MempoolActor>(context, services, mempool);
    };
    chain.children.emplace_back(child);
    rt::SupervisorSpec peers;
    peers.name = "peers";
    child.name = "peers";
    child.factory = [](rt::ActorContext& context) { return std::make_unique<Network>(context); };
    peers.children.emplace_back(child);
    rt::SupervisorSpec root;
    root.name = "node";
    root.children.emplace_back(std::move(chain));
    root.children.emplace_back(std::move(peers));
    runtime.start(std::move(root));
    runtime.drain();
    ref = runtime.ref<MempoolRole>(MempoolRole::path);
    commit(1, {});
  }
  static rt::RuntimeOptions options() {
    rt::RuntimeOptions out;
    out.deterministic = true;
    out.end_process = [](const rt::ExitStatus&) { std::abort(); };
    return out;
  }
  void commit(std::uint64_t height, ByteView ids) {
    Draft<schema::TransactionsCommitted> out(ids.size() / 8 * 2 + 64);
    out->setHeight(height);
    out->setIds(as_data(ids));
    out->initCodes(static_cast<kj::uint>(ids.size() / 32));
    out->initFees(static_cast<kj::uint>(ids.size() / 32));
    if (ref.send(std::move(out)) != rt::Delivery::delivered) std::abort();
    runtime.drain();
  }

  Metrics metrics{"bench"};
  std::unique_ptr<Logger> logger;
  rt::Runtime runtime;
  rt::ActorRef<MempoolRole> ref;
};

Bytes batch_of(std::uint64_t& next, std::uint64_t last_height) {
  Bytes blob;
  for (std::size_t i = 0; i < batch_size; ++i, ++next) {
    Opaque tx{Height(last_height), Bytes(payload_bytes, 0)};
    std::memcpy(tx.payload.data(), &next, sizeof next);
    append_item(blob, encode(tx));
  }
  return blob;
}

// range(0): transactions in a block; range(1): 1 if the submitters wait for their block.
void submit_reap_commit(benchmark::State& state) {
  Node node;
  const auto per_block = static_cast<std::size_t>(state.range(0));
  std::uint64_t next = 0;
  std::uint64_t height = 1;
  std::uint64_t answered = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Draft<schema::SubmitBatch>> batches;
    for (std::size_t i = 0; i < per_block / batch_size; ++i) {
      const Bytes blob = batch_of(next, height + 100);
      batches.emplace_back(blob.size() / 8 + 32);
      batches.back()->setTransactions(as_data(ByteView(blob)));
      batches.back()->setWait(state.range(1) == 1);
    }
    state.ResumeTiming();
    for (auto& draft : batches)
      node.runtime.ask<schema::SubmitBatchResult>(node.ref, std::move(draft), Duration::from_s(60),
                                                  [&](Result<schema::SubmitBatchResult::Reader> r) {
                                                    if (!r || r->getAccepted() != batch_size)
                                                      std::abort();
                                                    ++answered;
                                                  });
    node.runtime.drain();
    Draft<schema::Reap> reap;
    reap->setBytesMax(16U << 20U);
    reap->setCountMax(65'536);
    Bytes ids;
    node.runtime.ask<schema::Reaped>(node.ref, std::move(reap), Duration::from_s(60),
                                     [&](Result<schema::Reaped::Reader> r) {
                                       if (!r) std::abort();
                                       const ByteView view = as_view(r->getIds());
                                       ids.assign(view.begin(), view.end());
                                     });
    node.runtime.drain();
    if (ids.size() != per_block * 32) std::abort();
    node.commit(++height, ids);
  }
  if (answered * batch_size != next) std::abort();
  state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(submit_reap_commit)
    ->MeasureProcessCPUTime()
    ->ArgNames({"block", "wait"})
    ->Args({500, 0})
    ->Args({500, 1})
    ->Args({5000, 0})
    ->Args({5000, 1});

}  // namespace
}  // namespace witan::mempool
