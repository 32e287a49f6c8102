// SyncActor: fetches decided blocks from peers, verifies them (in runs: links.hpp), hands them to
// consensus one by one; serves the same to others from the block store. The rules are in core/.
//
// One answer never holds the worker long: verification goes in slices (slice_certificates,
// slice_signatures) that the actor continues with a message to itself.
// Consensus decides what it is handed like its own blocks and takes only its current height; that
// it did is learnt from the ledger's BlockCommitted.
//
// In: SyncStatus, RangeRequest, RangeResponse (peers), PeerGone, PeerAhead, BlockCommitted,
// GetSyncState. Out: RangeRequest, RangeResponse, SyncStatus (peers), SyncedDecision (consensus),
// PeerMisbehaved (peers).
#pragma once
#include <memory>
#include <optional>

#include "actors/consensus/interface.hpp"
#include "actors/ledger/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/described.hpp"
#include "actors/sync/block_check.hpp"
#include "actors/sync/core/sync_core.hpp"
#include "actors/sync/interface.hpp"
#include "actors/sync/links.hpp"
#include "actors/sync/range_server.hpp"
#include "actors/telemetry/services.hpp"

namespace witan::sync {

inline constexpr std::size_t slice_certificates = 32;
inline constexpr std::size_t slice_signatures = 128;            // about 4 ms
inline constexpr Duration tick_period = Duration::from_ms(25);  // while something is awaited
inline constexpr Duration status_period = Duration::from_s(1);  // plus up to status_jitter
inline constexpr Duration status_jitter = Duration::from_ms(250);
inline constexpr std::uint32_t status_refresh = 10;  // ticks after which an old tip is told again
inline constexpr Duration progress_period = Duration::from_s(5);
inline constexpr Duration tip_deadline = Duration::from_s(5);

struct SyncOptions {
  std::shared_ptr<const Verifier> verifier;  // of the validator set of the epoch
  const BlockStore* store = nullptr;         // outlives the actor
  Height initial_height{1};
  Params params{};
  ServeLimits serving{};
};

class SyncActor final : public rt::ActorFor<SyncRole>, public rt::Described {
 public:
  SyncActor(rt::ActorContext& context, Services services, SyncOptions options);
  void started() override;
  [[nodiscard]] std::string describe() const override;

 private:
  // ---- from peers
  void on_status(schema::SyncStatus::Reader in, const Envelope& envelope);
  void on_range_request(schema::RangeRequest::Reader in, const Envelope& envelope);
  void on_range_response(schema::RangeResponse::Reader in, const Envelope& envelope);
  // ---- from this node
  void on_committed(schema::BlockCommitted::Reader in, const Envelope& envelope);
  void on_peer_gone(schema::PeerGone::Reader in, const Envelope& envelope);
  void on_peer_ahead(schema::PeerAhead::Reader in, const Envelope& envelope);
  void on_get_state(schema::GetSyncState::Reader in, const Envelope& envelope);
  void on_tick(schema::SyncTick::Reader in, const Envelope& envelope);
  void on_status_tick(schema::SyncStatusTick::Reader in, const Envelope& envelope);
  void on_continue(schema::SyncContinue::Reader in, const Envelope& envelope);

  void ask_for_tip();
  void set_tip(std::uint64_t height, const BlockId& id);
  // After any input: verify a slice, hand over, ask, arm the tick.
  void advance();
  void verify_slice();
  void refuse_block(const Error& error);
  void hand_over();
  void send_asks();
  void report(Change change);
  void report_progress();
  void blame(PeerId peer, std::string_view code, const std::string& text);
  [[nodiscard]] Draft<schema::SyncStatus> own_status() const;

  Services services_;
  SyncOptions options_;
  RangeServer server_;
  SyncCore core_;
  Links links_;
  ChainPoint verified_;  // last block verified or committed
  bool tip_known_ = false;
  bool slice_pending_ = false;  // a SyncContinue is on its way
  bool tick_armed_ = false;
  std::uint64_t generation_ = 0;   // of the tick
  std::uint64_t told_tip_ = 0;     // in the last status broadcast
  std::uint32_t quiet_ticks_ = 0;  // status ticks since then
  Instant sync_started_{};
  Instant progress_at_{};
  std::uint64_t progress_height_ = 0;

  rt::ActorRef<LedgerRole> ledger_;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<PeersRole> peers_;
};

}  // namespace witan::sync
