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
#include <span>
#include <string>
#include <vector>

#include "crypto/durable.hpp"
#include "crypto/keys.hpp"
#include "crypto/sign_checkpoint.hpp"
#include "crypto/sign_state.hpp"

namespace witan {

// A signature that must not leave the node yet: it can only be confirmed.
class Prepared {
 public:
  // The bytes to append to the log as one sign record.
  // Empty when this record is durable already: an identical intent, sent again.
  [[nodiscard]] const Bytes& record() const { return bytes_; }
  [[nodiscard]] SignedKind kind() const { return content_.kind; }

 private:
  friend class Signer;
  Prepared(SignRecord content, Bytes bytes)
      : content_(std::move(content)), bytes_(std::move(bytes)) {}
  SignRecord content_;
  Bytes bytes_;
};

class Signer {
 public:
  // `recovered` comes from recover_sign_state for this key and chain. Starts in recovering mode.
  // Errors: sign_state_foreign when the key is not the owner's.
  [[nodiscard]] static Result<Signer> make(SecretKey key, SignRecovery recovered);

  // Errors: those of SignState::judge; sign_refused when halted or recovering (S12).
  [[nodiscard]] Result<Prepared> prepare(const Intent& intent);
  // REQUIRES: every record prepared so far, up to and including this one, was appended in order and
  // synced; `prepared` is of this signer.
  [[nodiscard]] DurableMessage confirm(const Prepared& prepared);

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
  [[nodiscard]] Result<Bytes> raise_watermark(Height height, Round round = round_all);

  // S16: own double sign was seen. Nothing is signed any more, not even again; only a restart by an
  // operator ends it.
  void halt(std::string reason);
  [[nodiscard]] bool is_halted() const { return !halt_reason_.empty(); }

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

  SecretKey key_;
  ParsedKey parsed_;
  SignOwner owner_;
  SignState state_;
  std::optional<SignPlace> place_;
  std::uint64_t generation_ = 0;
  std::uint64_t durable_seq_ = 0;  // records up to this one are known to be on disk
  bool recovering_ = true;
  std::string halt_reason_;
};

}  // namespace witan
