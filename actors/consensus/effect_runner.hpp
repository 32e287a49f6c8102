// EffectRunner: makes durable, then publishes (law 4). One Persist message is one ordered batch:
// append the records, sign the intents, append their sign records, one fdatasync for all of it, and
// only then send the signatures to peers and back to consensus. A failed write or sync ends the
// process; nothing is sent after it (S4).
//
// With a signer process elsewhere (RemotePort) the order is: records, one fdatasync, ask for each
// signature, append its record, publish: what justifies a signature is durable before anybody makes
// it, and its own record is durable at the signer. Wishes that get no answer wait, in order, and
// are asked again; the node stays up and is silent meanwhile.
//
// Owns the write-ahead log and the signer; runs on its own thread.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "actors/consensus/effect_batch.hpp"
#include "actors/consensus/interface.hpp"
#include "actors/consensus/recovery.hpp"
#include "actors/consensus/signing_log.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/telemetry/services.hpp"
#include "storage/block_store.hpp"

namespace witan::consensus {

struct EffectRunnerOptions {
  FileSystem& fs;
  FilePath wal_folder;
  FilePath sign_state_file;
  std::uint64_t segment_bytes = 16U << 20U;
  std::uint64_t wal_salt = 0;
  ChainId chain_id{};
  std::optional<Bytes> consensus_key{};         // 32 secret bytes; none: this node does not sign,
  std::shared_ptr<RemotePort> remote{};         // or lets this one sign
  std::function<Height()> store_height{};       // last block in the store; 0: none
  std::function<Height()> own_commit_height{};  // last block whose commit this key signed; 0: none
  // The block and the state root stored for a height; nullopt: pruned. Unset: not compared.
  std::function<Result<std::optional<HeightEndRecord>>(Height)> stored_end{};
  // The sign-state as kept in the chain's own database (S11); unset: not kept.
  std::function<Result<std::optional<SignMemory>>()> remembered_sign_state{};
  std::function<Status(const SignMemory&)> remember_sign_state{};
};

// What the block store has for `stored_end`. Errors: io, corrupt.
[[nodiscard]] Result<std::optional<HeightEndRecord>> stored_end(const BlockStore& blocks,
                                                                Height height);

class EffectRunner final : public rt::ActorFor<EffectRunnerRole> {
 public:
  EffectRunner(rt::ActorContext& context, Services services, EffectRunnerOptions options);
  void started() override;

 private:
  void on_persist(schema::Persist::Reader batch, const Envelope& envelope);
  void on_get_recovery(schema::GetRecovery::Reader ask, const Envelope& envelope);
  void on_raise_watermark(schema::RaiseWatermark::Reader raise, const Envelope& envelope);
  void on_own_seen(schema::OwnSeen::Reader seen, const Envelope& envelope);

  void on_signer_tick(schema::SignerTick::Reader tick, const Envelope& envelope);

  // Opens the log, recovers the sign-state from it and keeps the records above the store's height.
  Status open();
  Status persist_remote(schema::Persist::Reader batch);
  Status append_record(std::uint8_t kind, Height height, ByteView payload);
  // Asks the remote signer for what waits, in order, until it does not answer.
  Status sign_waiting();
  // Keeps the connection; own messages that the log lacks are taken over (S12).
  Status poll_remote(bool opening);
  Status keep_remote_record(const SignRecord& record);
  [[nodiscard]] Status check_end(Height height, const HeightEndRecord& logged) const;
  Status append_records(schema::Persist::Reader batch);
  Result<std::vector<Prepared>> append(schema::Persist::Reader batch);
  Result<std::optional<Prepared>> sign(schema::SignIntent::Reader reader, Height height);
  void prune(schema::Persist::Reader batch);
  void sync();
  // The only ways a signature leaves the node (S3).
  void publish(const DurableMessage& message, const std::optional<Certificate>& polka);
  void publish(const Durable<SignedVote>& vote);
  void publish(const Durable<SignedProposal>& proposal, const std::optional<Certificate>& polka);
  void refuse(const Intent& intent, const Error& error);
  // Ends the process if the step failed.
  void require(const Status& status, const char* what);

  Services services_;
  EffectRunnerOptions options_;
  std::unique_ptr<SigningLog> log_;
  WalWriter* wal_ = nullptr;  // of log_
  Signer* signer_ = nullptr;  // of log_; null: remote, or this node does not sign
  std::vector<LoggedRecord> recovered_;

  struct Wish {
    Intent intent;
    std::optional<Certificate> polka;
  };
  std::deque<Wish> waiting_;          // for the remote signer
  std::optional<SignRecord> newest_;  // own record in the log, by remote signing
  bool recovered_old_ = false;        // given away, or the log has grown since it was read
  std::uint64_t pruned_below_ = 0;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<PeersRole> peers_;
};

}  // namespace witan::consensus
