// EvidenceActor: takes evidence from this node, its peers and its users; verifies it, keeps it over
// restarts, gives it to the peers and offers it to the ledger until a block holds it or it expires.
//
// Nothing is kept, sent on or charged that Verifier::verify has not accepted; a peer that sends
// anything else is reported. When the ledger may take what is the ledger's rule, asked for every
// pending item at each change and each tick; so the pool needs no idea of heights and times.
//
// Own evidence (S16): proof against this node's own validator key means that the key signs
// elsewhere, or signed before a backup was restored. It is kept, an alarm is written beside it, and
// the node ends with sign_conflict before anything more is signed; it refuses to start while the
// alarm or a proof that nobody acknowledged is there, however it came (own_proof.hpp; `witan
// evidence acknowledge`, docs/runbooks/exit-72-sign-state.md).
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "actors/api/interface.hpp"
#include "actors/evidence/core/evidence_pool.hpp"
#include "actors/evidence/interface.hpp"
#include "actors/evidence/own_proof.hpp"
#include "actors/ledger/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/verify.hpp"
#include "crypto/verify_evidence.hpp"
#include "storage/kv.hpp"

namespace witan::evidence {

struct EvidenceOptions {
  std::shared_ptr<const Verifier> verifier;  // of the validator set of the epoch
  KvStore& store;                            // the index; writes pending_evidence and own_alarm
  const BlockStore* blocks = nullptr;        // looked at for own evidence at the start
  std::optional<ValidatorIndex> self{};
  // The chain's own header and certificate of a decided height. Errors: not_found, pruned, io.
  std::function<Result<ChainHeader>(Height)> chain_header{};
  // False only for nodes that break the rules on purpose, in tests: they go on.
  bool stop_on_own = true;
};

// Pending evidence is judged again, and said to the peers again, this often.
inline constexpr Duration judge_period = Duration::from_s(2);
inline constexpr Duration gossip_period = Duration::from_s(10);

class EvidenceActor final : public rt::ActorFor<EvidenceRole> {
 public:
  EvidenceActor(rt::ActorContext& context, Services services, EvidenceOptions options);
  void started() override;

 private:
  void on_found(schema::EvidenceFound::Reader in, const Envelope& envelope);
  void on_batch(schema::EvidenceBatch::Reader in, const Envelope& envelope);
  void on_submit(schema::SubmitEvidence::Reader in, const Envelope& envelope);
  void on_committed(schema::EvidenceCommitted::Reader in, const Envelope& envelope);
  void on_peer_ready(schema::PeerReady::Reader in, const Envelope& envelope);
  void on_tick(schema::EvidenceTick::Reader in, const Envelope& envelope);

  // Decodes, verifies and keeps; the hash of what is now known. Errors: why it proves nothing;
  // pool_full.
  Result<Hash32> take(ByteView bytes);
  Result<std::vector<Hash32>> take_attack(ByteView bytes);
  void keep(EvidencePool::Item item);
  void report(std::uint32_t peer, const Error& error);  // it sent what proves nothing
  // Of votes that prove nothing together: who sent a forged one.
  void report_forgers(const Evidence& evidence, std::uint32_t first_from,
                      std::uint32_t second_from);
  void announce(const EvidencePool::Item& item);
  void load();
  void look_for_own();
  void offer();
  void judged(const std::vector<EvidenceKey>& offered, schema::EvidenceVerdicts::Reader verdicts);
  // Pending items as messages of at most evidence_bytes_max each; send(Draft<EvidenceBatch>&&).
  template <class Send>
  void for_batches(const Send& send) const;
  void erase(const EvidencePool::Item& item);
  void write(const WriteBatch& batch);
  [[noreturn]] void stop_signing(const OwnProof& proof, bool raise);
  [[nodiscard]] bool is_own(const EvidenceKey& key) const {
    return options_.stop_on_own && options_.self == key.validator && !acknowledged_.contains(key);
  }
  [[nodiscard]] const PublicKey& accused(const EvidenceKey& key) const {
    return options_.verifier->set().at(key.validator).key;
  }

  Services services_;
  EvidenceOptions options_;
  EvidencePool pool_;
  std::set<EvidenceKey> acknowledged_;  // own ones that the operator has seen
  Instant gossiped_{};
  rt::ActorRef<LedgerRole> ledger_;
  rt::ActorRef<PeersRole> peers_;
  rt::ActorRef<EventsRole> events_;
};

}  // namespace witan::evidence
