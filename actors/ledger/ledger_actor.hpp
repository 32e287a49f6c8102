// LedgerActor: builds, checks and commits blocks on its own thread, and answers questions about
// accounts. The rules are in core/, the joining of stores and rules in chain.hpp; this class
// carries messages and waits for the mempool and the verifier pool where a block needs them.
//
// Any error of the stores ends the process (law 5): what is on disk is no longer known.
#pragma once
#include <memory>

#include "actors/api/interface.hpp"
#include "actors/consensus/interface.hpp"
#include "actors/evidence/interface.hpp"
#include "actors/ledger/chain.hpp"
#include "actors/ledger/interface.hpp"
#include "actors/mempool/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/described.hpp"
#include "actors/sync/interface.hpp"
#include "actors/telemetry/services.hpp"

namespace witan::ledger {

struct LedgerOptions {
  std::function<Result<std::unique_ptr<Chain>>()> open_chain;
  std::size_t verifier_workers = 2;
  std::uint64_t retain_blocks = 0;  // 0 = all
  BlockStore* blocks = nullptr;     // for pruning
};

class LedgerActor final : public rt::ActorFor<LedgerRole>, public rt::Described {
 public:
  LedgerActor(rt::ActorContext& context, Services services, LedgerOptions options);
  void started() override;
  [[nodiscard]] std::string describe() const override;
  void stopping() override;

 private:
  // A proposed block on its way through signature checks.
  struct Checking {
    Height height;
    Hash32 parts_root;
    Bytes bytes;
    ParsedBlock parsed;
    std::vector<bool> verified;
    std::size_t answers_missing = 0;
  };
  using CheckingPtr = std::shared_ptr<Checking>;

  void on_build(schema::BuildBlock::Reader in, const Envelope& envelope);
  void on_check(schema::CheckBlock::Reader in, const Envelope& envelope);
  void on_commit(schema::CommitBlock::Reader in, const Envelope& envelope);
  void on_get_tip(schema::GetTip::Reader in, const Envelope& envelope);
  void on_get_accounts(schema::GetAccounts::Reader in, const Envelope& envelope);
  void on_pending_evidence(schema::PendingEvidence::Reader in, const Envelope& envelope);

  void build(Round round, UnixTime time, const CommitCertificate& last_commit,
             schema::Reaped::Reader reaped);
  void ask_mempool(const CheckingPtr& checking, std::vector<std::size_t> transfers);
  void ask_verifiers(const CheckingPtr& checking, const std::vector<std::size_t>& unknown);
  void tell_verified(const Checking& checking, const std::vector<std::size_t>& indices);
  [[nodiscard]] bool verify_here(const Checking& checking, std::size_t index) const;
  void finish_check(const CheckingPtr& checking);
  void reply_checked(Height height, const Hash32& parts_root, const ValueId& id, UnixTime time,
                     const Status& outcome);
  void announce(const CommittedBlock& block, Round round);
  void tell_mempool(const CommittedBlock& block);
  void tell_evidence(const CommittedBlock& block);
  void prune();
  template <class T>
  T require(Result<T> result, const char* what);

  Services services_;
  LedgerOptions options_;
  std::unique_ptr<Chain> chain_;
  std::vector<Bytes> pending_evidence_;  // as the pool last told: the next proposal takes from it
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<MempoolRole> mempool_;
  rt::ActorRef<SyncRole> sync_;
  rt::ActorRef<EventsRole> events_;
  rt::ActorRef<EvidenceRole> evidence_;
  std::vector<rt::ActorRef<TransferVerifierRole>> verifiers_;
};

}  // namespace witan::ledger
