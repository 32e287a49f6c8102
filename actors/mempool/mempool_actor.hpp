// MempoolActor: takes transactions from the API and from peers, has transfer signatures verified
// once, keeps what is valid in the pool (core/tx_pool.hpp), tells peers, fills blocks, and answers
// who waits for a commit.
//
// Path of a batch (admission.cpp): split -> screen each (size, known id, canonical form, cheap
// checks against the cached account) -> opaque bytes into the pool at once; transfers -> slices to
// the verifier workers -> accounts not cached, in one question to the ledger -> pool. A batch
// without transfers is done within its handler. Who waits for a commit and submits what is pending
// already waits with the others.
//
// Nothing is accepted before the chain's height is known (GetTip, or the first commit).
// The pool starts empty after a restart: API nodes repeat what is still pending.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/consensus/interface.hpp"
#include "actors/ledger/interface.hpp"
#include "actors/mempool/core/account_cache.hpp"
#include "actors/mempool/core/gossip_queue.hpp"
#include "actors/mempool/core/recent_ids.hpp"
#include "actors/mempool/core/submissions.hpp"
#include "actors/mempool/core/tx_pool.hpp"
#include "actors/mempool/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/described.hpp"
#include "actors/telemetry/services.hpp"
#include "messages/schema/mempool.capnp.h"

namespace witan::mempool {

// Transfers between screening and admission; a batch above it is refused with busy.
inline constexpr std::size_t verifying_max = 16'384;
// Requests of the API not answered yet.
inline constexpr std::size_t submissions_max = 16'384;
// Ids whose signature is known to be good, kept after they leave the pool (twice that at most).
inline constexpr std::size_t verified_ids_max = 32'768;
// Accounts of senders kept in memory (twice that at most).
inline constexpr std::size_t accounts_max = 32'768;
// Ids listed by GetMempool.
inline constexpr std::uint32_t view_ids_max = 1000;

struct MempoolOptions {
  PoolLimits limits;
  std::size_t tx_bytes_max = witan::tx_bytes_max;
  std::size_t verifier_workers = 2;
  // Of submissions that wait for their commit. Below the API's own deadline, so that the caller
  // gets an answer instead of a broken request.
  Duration wait_timeout = Duration::from_s(25);
  Duration repeat_every = Duration::from_s(5);
};

class MempoolActor final : public rt::ActorFor<MempoolRole>, public rt::Described {
 public:
  MempoolActor(rt::ActorContext& context, Services services, MempoolOptions options);
  void started() override;
  [[nodiscard]] std::string describe() const override;

 private:
  // A transfer on its way into the pool.
  struct Candidate {
    PoolTx tx;
    std::uint64_t amount = 0;
    std::uint32_t position = 0;
    std::optional<Error> failure;
  };
  // A batch on its way. Shared by the callbacks that bring its answers.
  struct Intake {
    std::uint32_t submission = no_submission;  // none: from a peer
    std::uint32_t peer = 0;
    Instant begin;
    std::vector<Candidate> transfers;
    std::size_t answers_missing = 0;
    std::optional<Error> misbehaviour;  // what an honest peer never sends
  };
  using IntakePtr = std::shared_ptr<Intake>;

  // admission.cpp
  void on_submit_tx(schema::SubmitTx::Reader in, const Envelope& envelope);
  void on_submit_batch(schema::SubmitBatch::Reader in, const Envelope& envelope);
  void on_peer_batch(schema::TransactionBatch::Reader in, const Envelope& envelope);
  std::optional<std::uint32_t> open_submission(bool single, bool wait, const Envelope& envelope);
  void take(std::span<const ByteView> items, Intake intake);
  void screen(ByteView bytes, std::uint32_t position, Intake& intake);
  Status check_transfer(const Transfer& tx);
  void verify(const IntakePtr& intake);
  void ask_verifiers();
  void ask_verifier(const IntakePtr& intake, std::vector<std::size_t> mine);
  void on_signatures(schema::SignaturesVerified::Reader in, const Envelope& envelope);
  void on_verified(const IntakePtr& intake, const std::vector<std::size_t>& asked,
                   const Result<schema::TransfersVerified::Reader>& reply);
  void ask_accounts(const IntakePtr& intake);
  void admit_transfers(Intake& intake);
  void admit(PoolTx tx, std::uint64_t account_nonce, std::uint32_t position, Intake& intake);
  [[nodiscard]] bool waits(const Intake& intake) const;
  void join(const TxId& id, std::uint32_t position, Intake& intake);
  void refuse(const TxId& id, std::uint32_t position, const Error& error, Intake& intake);
  void refuse_candidate(const TxId& id, std::uint32_t position, const Error& error, Intake& intake);
  void note_refusal(const TxId& id, const Error& error, Intake& intake);
  void finish(Intake& intake);

  // mempool_actor.cpp
  void on_reap(schema::Reap::Reader in, const Envelope& envelope);
  void on_known(schema::KnownTransactions::Reader in, const Envelope& envelope);
  void on_committed(schema::TransactionsCommitted::Reader in, const Envelope& envelope);
  void on_get_mempool(schema::GetMempool::Reader in, const Envelope& envelope);
  void on_get_pending_nonce(schema::GetPendingNonce::Reader in, const Envelope& envelope);
  void on_flush(schema::FlushGossip::Reader in, const Envelope& envelope);
  void on_tick(schema::MempoolTick::Reader in, const Envelope& envelope);
  void ask_tip();
  void announce();
  void gossip(ByteView tx);
  void flush_gossip();
  void repeat_gossip();
  void resolve_dropped();
  void answer_finished();
  void show_size();

  Services services_;
  MempoolOptions options_;
  TxPool pool_;
  IdTable verifying_;
  RecentIds verified_ids_;
  AccountCache accounts_;
  Submissions submissions_;
  std::vector<Envelope> requests_;  // by submission number; without their words
  GossipQueue gossip_;
  std::map<ErrorCode, CounterHandle> rejected_;
  rt::ActorRef<LedgerRole> ledger_;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<PeersRole> peers_;
  std::vector<rt::ActorRef<TransferVerifierRole>> verifiers_;
  std::size_t next_verifier_ = 0;
  std::deque<IntakePtr> waiting_;  // for a verifier; bounded by verifying_max
  std::size_t slices_asked_ = 0;
  std::uint64_t duplicates_ = 0;  // of the batch at hand
  std::uint64_t ticks_ = 0;
  Instant repeated_;
  bool height_known_ = false;
  bool tip_asked_ = false;
  bool announced_ = false;  // consensus knows that there is something for the next block
  bool full_ = false;       // reported; until there is room again
};

}  // namespace witan::mempool
