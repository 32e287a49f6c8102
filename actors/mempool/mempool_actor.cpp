#include "actors/mempool/mempool_actor.hpp"

#include <algorithm>
#include <cstring>

#include "messages/base/check.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/limits.hpp"

namespace witan::mempool {
namespace {

constexpr Duration tick_period = Duration::from_ms(100);
constexpr Duration tip_deadline = Duration::from_s(5);
// Consensus may have restarted and forgotten that something waits.
constexpr std::uint64_t announce_again_ticks = 10;

TxId id_at(ByteView ids, std::size_t i) {
  return TxId::from(ids.subspan(i * limits::hash_bytes, limits::hash_bytes));
}

std::uint8_t* put(std::uint8_t* to, ByteView bytes) {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

MempoolActor::MempoolActor(rt::ActorContext& context, Services services, MempoolOptions options)
    : ActorFor(context),
      services_(services),
      options_(options),
      pool_(options.limits, context.random().next()),
      verifying_(verifying_max, context.random().next()),
      verified_ids_(verified_ids_max, context.random().next()),
      accounts_(accounts_max),
      // Awaited is what is pending or being verified; one admission may push out others, which are
      // told after it.
      submissions_(submissions_max,
                   options.limits.count_max + eviction_victims_max + 1 + verifying_max,
                   context.random().next()),
      ledger_(context.ref<LedgerRole>(LedgerRole::path)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)) {
  WITAN_CHECK(options_.verifier_workers > 0, options_.verifier_workers);
  for (std::size_t i = 0; i < options_.verifier_workers; ++i)
    verifiers_.push_back(context.ref<TransferVerifierRole>(std::string(TransferVerifierRole::path) +
                                                           "/" + std::to_string(i)));
  handle<schema::SubmitTx>(&MempoolActor::on_submit_tx);
  handle<schema::SubmitBatch>(&MempoolActor::on_submit_batch);
  handle<schema::TransactionBatch>(&MempoolActor::on_peer_batch);
  handle<schema::Reap>(&MempoolActor::on_reap);
  handle<schema::KnownTransactions>(&MempoolActor::on_known);
  handle<schema::TransactionsCommitted>(&MempoolActor::on_committed);
  handle<schema::SignaturesVerified>(&MempoolActor::on_signatures);
  handle<schema::GetMempool>(&MempoolActor::on_get_mempool);
  handle<schema::GetPendingNonce>(&MempoolActor::on_get_pending_nonce);
  own<schema::FlushGossip>(&MempoolActor::on_flush);
  own<schema::MempoolTick>(&MempoolActor::on_tick);
}

void MempoolActor::started() {
  repeated_ = context().now();
  ask_tip();
  context().send_after(tick_period, Draft<schema::MempoolTick>());
}

// Expiry of opaque transactions is judged by height: without it they cannot be accepted.
void MempoolActor::ask_tip() {
  tip_asked_ = true;
  context().request<schema::ChainTip>(ledger_, Draft<schema::GetTip>(), tip_deadline,
                                      [this](Result<schema::ChainTip::Reader> tip) {
                                        tip_asked_ = false;
                                        if (!tip) return;  // the next tick asks again
                                        pool_.on_committed(Height(tip->getHeight()), {}, {});
                                        height_known_ = true;
                                      });
}

// ---- the ledger --------------------------------------------------------------------------------

void MempoolActor::on_reap(schema::Reap::Reader in, const Envelope& envelope) {
  const auto txs = pool_.reap(in.getBytesMax(), in.getCountMax());
  std::size_t blob_bytes = 0;
  for (const PoolTx* tx : txs) blob_bytes += tx->bytes.size() + sizeof(std::uint32_t);
  const std::size_t ids_bytes = txs.size() * limits::hash_bytes;
  Draft<schema::Reaped> out((blob_bytes + ids_bytes) / 8 + 32);
  std::uint8_t* blob = out->initTransactions(static_cast<kj::uint>(blob_bytes)).begin();
  std::uint8_t* ids = out->initIds(static_cast<kj::uint>(ids_bytes)).begin();
  for (const PoolTx* tx : txs) {
    // append_item's form: u32 little-endian length, then the bytes.
    const auto size = static_cast<std::uint32_t>(tx->bytes.size());
    for (unsigned shift = 0; shift < 32; shift += 8)
      *blob++ = static_cast<std::uint8_t>(size >> shift);
    blob = put(blob, tx->bytes);
    ids = put(ids, tx->id.view());
  }
  services_.metrics.mempool_reaped_txs.add(txs.size());
  context().reply(envelope, std::move(out));
}

void MempoolActor::on_known(schema::KnownTransactions::Reader in, const Envelope& envelope) {
  const ByteView ids = as_view(in.getIds());
  const std::size_t count = ids.size() / limits::hash_bytes;
  Draft<schema::KnownReply> out(count / 8 + 32);
  auto known = out->initKnown(static_cast<kj::uint>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const TxId id = id_at(ids, i);
    known[static_cast<kj::uint>(i)] = pool_.is_verified(id) || verified_ids_.contains(id) ? 1 : 0;
  }
  context().reply(envelope, std::move(out));
}

void MempoolActor::on_committed(schema::TransactionsCommitted::Reader in, const Envelope&) {
  const std::uint64_t height = in.getHeight();
  const ByteView id_bytes = as_view(in.getIds());
  const auto codes = in.getCodes();
  const auto fees = in.getFees();
  const std::size_t count = id_bytes.size() / limits::hash_bytes;
  WITAN_CHECK(codes.size() == count && fees.size() == count, count, codes.size(), fees.size());
  std::vector<TxId> ids(count);
  const bool awaited = submissions_.awaited() > 0;
  for (std::size_t i = 0; i < count; ++i) {
    ids[i] = id_at(id_bytes, i);
    const auto k = static_cast<kj::uint>(i);
    if (awaited)
      submissions_.committed(ids[i], {height, k, static_cast<ErrorCode>(codes[k]), fees[k]});
  }
  const ByteView senders = as_view(in.getSenders());
  const auto nonces = in.getNonces();
  const auto balances = in.getBalances();
  WITAN_CHECK(senders.size() == nonces.size() * limits::hash_bytes, senders.size(), nonces.size());
  WITAN_CHECK(balances.size() == nonces.size(), balances.size(), nonces.size());
  std::vector<TxPool::SenderNonce> changed(nonces.size());
  for (kj::uint i = 0; i < nonces.size(); ++i) {
    changed[i] = {AccountId::from(senders.subspan(i * limits::hash_bytes, limits::hash_bytes)),
                  nonces[i]};
    accounts_.update(changed[i].sender, {nonces[i], balances[i]});
  }
  pool_.on_committed(Height(height), ids, changed);
  for (kj::uint i = 0; i < balances.size(); ++i)
    (void)pool_.drop_unpayable(changed[i].sender, balances[i]);
  services_.metrics.mempool_recheck_times.add(changed.size());
  height_known_ = true;
  announced_ = false;
  resolve_dropped();
  answer_finished();
  show_size();
  announce();
}

// ---- questions ---------------------------------------------------------------------------------

void MempoolActor::on_get_mempool(schema::GetMempool::Reader in, const Envelope& envelope) {
  const auto txs = pool_.reap(options_.limits.bytes_max * 2, std::min(in.getLimit(), view_ids_max));
  Draft<schema::MempoolView> out(txs.size() * 5 + 32);
  out->setSize(pool_.count());
  out->setBytes(pool_.bytes());
  auto ids = out->initTxIds(static_cast<kj::uint>(txs.size()));
  for (kj::uint i = 0; i < ids.size(); ++i) ids.set(i, as_data(txs[i]->id));
  context().reply(envelope, std::move(out));
}

void MempoolActor::on_get_pending_nonce(schema::GetPendingNonce::Reader in,
                                        const Envelope& envelope) {
  const auto account = fixed_from<AccountId>(as_view(in.getAccount()), "account");
  if (!account) return context().reply_error(envelope, account.error());
  Draft<schema::PendingNonce> out;
  out->setNonce(pool_.next_nonce(*account));
  context().reply(envelope, std::move(out));
}

// ---- what others are told ----------------------------------------------------------------------

void MempoolActor::announce() {
  if (announced_ || !height_known_ || !pool_.has_ready()) return;
  announced_ = true;
  Draft<schema::TransactionsAvailable> out;
  out->setHeight(pool_.height().get());
  (void)consensus_.send(std::move(out));
}

void MempoolActor::resolve_dropped() {
  const auto dropped = pool_.take_dropped();
  if (dropped.empty()) return;
  services_.metrics.mempool_evicted_txs.add(dropped.size());
  for (const auto& [id, reason] : dropped) submissions_.dropped(id, reason);
  // Their requests are answered when the caller is done.
}

void MempoolActor::answer_finished() {
  for (const std::uint32_t number : submissions_.take_finished()) {
    const Submission& s = submissions_.at(number);
    if (s.single) {
      Draft<schema::SubmitResult> out;
      const bool failed = !s.failures.empty();
      out->setCode(std::string(name_of(failed ? s.failures[0].code : ErrorCode::ok)));
      if (failed) out->setText(s.failures[0].text);
      out->setTxId(as_data(s.id));
      out->setHeight(s.height);
      out->setIndex(s.index);
      out->setFeeCharged(s.fee);
      context().reply(requests_[number], std::move(out));
    } else {
      Draft<schema::SubmitBatchResult> out(s.failures.size() * 16 + 32);
      out->setAccepted(s.accepted);
      out->setRejected(s.rejected);
      out->setCommitted(s.committed);
      out->setHeight(s.height);
      auto failures = out->initFailures(static_cast<kj::uint>(s.failures.size()));
      for (kj::uint i = 0; i < failures.size(); ++i) {
        failures[i].setPosition(s.failures[i].position);
        failures[i].setCode(std::string(name_of(s.failures[i].code)));
        failures[i].setText(s.failures[i].text);
      }
      context().reply(requests_[number], std::move(out));
    }
    requests_[number] = {};
    submissions_.release(number);
  }
}

void MempoolActor::show_size() {
  services_.metrics.mempool_size.set_count(pool_.count());
  services_.metrics.mempool_size_bytes.set_count(pool_.bytes());
  // Not at the first free place, or a pool that stays at its bound would report on every block.
  if (full_ && pool_.count() < options_.limits.count_max / 10 * 9 &&
      pool_.bytes() < options_.limits.bytes_max / 10 * 9)
    full_ = false;
}

// ---- gossip ------------------------------------------------------------------------------------

void MempoolActor::gossip(ByteView tx) {
  const bool first = gossip_.add(tx);
  if (gossip_.full()) return flush_gossip();
  if (!first) return;
  Draft<schema::FlushGossip> timer;
  timer->setGeneration(gossip_.generation());
  context().send_after(gossip_delay, std::move(timer));
}

void MempoolActor::on_flush(schema::FlushGossip::Reader in, const Envelope&) {
  if (in.getGeneration() == gossip_.generation()) flush_gossip();
}

void MempoolActor::flush_gossip() {
  if (gossip_.empty()) return;
  const GossipQueue::Batch& batch = gossip_.batch();
  Draft<schema::TransactionBatch> out(batch.blob.size() / 8 + 32);
  out->setTransactions(as_data(ByteView(batch.blob)));
  out->setCount(batch.count);
  // A full mailbox loses the batch; repeat_gossip makes up for it.
  (void)peers_.send(std::move(out));
  gossip_.flushed();
}

void MempoolActor::repeat_gossip() {
  const Instant now = context().now();
  const Instant limit{now.ns - options_.repeat_every.ns};
  gossip_.repeat(limit, now, [this](const TxId& id) {
    const PoolTx* tx = pool_.find(id);
    if (tx != nullptr) gossip(tx->bytes);
    return tx != nullptr;
  });
}

void MempoolActor::on_tick(schema::MempoolTick::Reader, const Envelope&) {
  context().send_after(tick_period, Draft<schema::MempoolTick>());
  if (!height_known_ && !tip_asked_) ask_tip();
  submissions_.expire(context().now());
  answer_finished();
  if (context().now() - repeated_ >= options_.repeat_every) {
    repeated_ = context().now();
    repeat_gossip();
  }
  if (++ticks_ % announce_again_ticks == 0) {
    announced_ = false;
    announce();
  }
}

std::string MempoolActor::describe() const {
  return "transactions " + std::to_string(pool_.count()) + " bytes " +
         std::to_string(pool_.bytes()) + " senders " + std::to_string(pool_.senders()) +
         "\nchain at height " + (height_known_ ? std::to_string(pool_.height().get()) : "unknown") +
         "\nbatches waiting for a verifier " + std::to_string(waiting_.size()) + "\n";
}

}  // namespace witan::mempool
