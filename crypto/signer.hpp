// The only place that signs proposals and votes (consensus.md S1, S3, S12, S14, S16).
//
// Two steps, with the disk between them and outside of this class:
//   1. prepare(intent) judges, signs, verifies its own signature, and gives the record to append
//      to the write-ahead log (after the inputs that justify it: S7);
//   2. the caller appends prepared.record() and syncs; one fdatasync covers log and record;
//   3. confirm(prepared) gives the message as Durable, the only thing the network publishes.
// A failed append or sync ends the process: there is no way back from prepare() (S4).
//
// Belongs to one thread. Draws randomness from the operating system for each signature; does no
// other I/O.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "crypto/sign_checkpoint.hpp"
#include "crypto/sign_state.hpp"
#include "crypto/signer_port.hpp"
#include "crypto/verify.hpp"

namespace witan {

class Signer final : public SignerPort {
 public:
  // `recovered` comes from recover_sign_state for this key and chain. Starts in recovering mode.
  // Errors: sign_state_foreign when the key is not the owner's.
  [[nodiscard]] static Result<Signer> make(SecretKey key, SignRecovery recovered);

  // Errors: those of SignState::judge; sign_refused when halted or recovering (S12); sign_locked
  // when a polka is required (below) and `polka` is not it. Without that `polka` is not looked at.
  [[nodiscard]] Result<Prepared> prepare(const Intent& intent,
                                         const Certificate* polka = nullptr) override;
  // REQUIRES: every record prepared so far, up to and including this one, was appended in order and
  // synced; `prepared` is of this signer.
  [[nodiscard]] DurableMessage confirm(const Prepared& prepared) override;

  // From now on the caller's word about locks is not believed (S8, a signer apart from its node):
  // the lock is what own precommits left here, and a vote for another block needs the certificate
  // of a polka for it, of the lock's round or later, which is verified here.
  void require_polka(std::shared_ptr<const Verifier> verifier) { verifier_ = std::move(verifier); }

  // S12: while recovering, only signatures of the past are given out; own votes come from here and
  // from the log's records, adopted before any rule runs (P8). finish_recovery() ends it.
  void finish_recovery() { recovering_ = false; }
  // Own messages of the last (height, round) signed in, in order.
  [[nodiscard]] std::vector<DurableMessage> adopted() const;
  // One record read back from the log. Errors: those of decode_sign_record; unknown_type
  // (watermark), sign_state_foreign (not signed by this key, or later than what was recovered).
  [[nodiscard]] Result<DurableMessage> restore(ByteView record) const;

  // S13: a height decided by sync is never signed in again. The record is appended (it needs no
  // sync of its own before the next signature); empty when the watermark stands there already.
  // Errors: sign_refused when it would sink.
  [[nodiscard]] Result<Bytes> raise_watermark(Height height, Round round = round_all) override;

  // S16: a message with this key's signature came from elsewhere. Errors: those of
  // SignState::check_claim.
  [[nodiscard]] Status check_claim(const SignClaim& claim) override {
    return state_.check_claim(claim);
  }
  // S16: own double sign was seen. Nothing is signed any more, not even again; only a restart by an
  // operator ends it.
  void halt(std::string reason);
  [[nodiscard]] bool is_halted() const { return !halt_reason_.empty(); }
  [[nodiscard]] const std::string& halt_reason() const { return halt_reason_; }

  // The next epoch, for this node. Whoever calls it writes a checkpoint before saying so.
  const SignLease& grant_lease(const NodeId& holder);
  [[nodiscard]] const SignLease& lease() const { return lease_; }

  // The sign-state file to write at log rotation: records in segments before `wal_segment` are
  // covered by it. See sign_checkpoint.hpp.
  [[nodiscard]] Bytes checkpoint(std::uint64_t wal_segment);
  // Of the last checkpoint: what the chain's database is to remember once the file is written.
  [[nodiscard]] SignMemory memory() const { return {owner_.instance, generation_}; }

  [[nodiscard]] const PublicKey& public_key() const { return owner_.key; }
  [[nodiscard]] const SignOwner& owner() const { return owner_; }
  [[nodiscard]] const SignState& state() const { return state_; }

 private:
  Signer(SecretKey key, ParsedKey parsed, SignRecovery recovered);
  [[nodiscard]] DurableMessage message_of(const SignRecord& record) const;
  [[nodiscard]] Prepared pending(const SignRecord& record) const;
  [[nodiscard]] Status check_polka(const Intent& intent, const Certificate* polka) const;

  SecretKey key_;
  ParsedKey parsed_;
  SignOwner owner_;
  SignState state_;
  std::optional<SignPlace> place_;
  std::uint64_t generation_ = 0;
  SignLease lease_;
  std::shared_ptr<const Verifier> verifier_;  // set: a vote against the lock shows its polka
  std::uint64_t durable_seq_ = 0;             // records up to this one are known to be on disk
  bool recovering_ = true;
  std::string halt_reason_;
};

}  // namespace witan
