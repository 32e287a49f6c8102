// ConsensusActor: carries inputs into the consensus core and its effects out, in order. It holds no
// rule of the algorithm: those are in core/. It never blocks, verifies no signature and touches no
// disk: the verifier pool, the ledger and the effect runner do.
//
// Order of things (law 4): an own message is signed, logged and synced by the effect runner, which
// publishes it and only then sends it back here as OwnVote or OwnProposal, when it begins to count.
//
// Restart: everything is rebuilt from the ledger's tip and the write-ahead log (recovery.hpp);
// until then what peers send waits in a bounded buffer.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "actors/api/interface.hpp"
#include "actors/consensus/core/adaptive_timeouts.hpp"
#include "actors/consensus/core/block_book.hpp"
#include "actors/consensus/core/driver/consensus_core.hpp"
#include "actors/consensus/core/late_votes.hpp"
#include "actors/consensus/core/liveness.hpp"
#include "actors/consensus/early_messages.hpp"
#include "actors/consensus/effect_batch.hpp"
#include "actors/consensus/height_metrics.hpp"
#include "actors/consensus/interface.hpp"
#include "actors/consensus/recovery.hpp"
#include "actors/evidence/interface.hpp"
#include "actors/ledger/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/described.hpp"
#include "actors/sync/interface.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/sign_bytes.hpp"

namespace witan::consensus {

struct ConsensusOptions {
  ValidatorSetPtr validators;          // of the current epoch
  std::optional<ValidatorIndex> self;  // none: follow without voting
  // Proposers of round 0, 1, ... of a height (decisions.md D3).
  std::function<std::vector<ValidatorIndex>(Height)> proposers;
  TimeoutParams timeouts;
  bool adaptive_timeouts = true;                 // round 0 follows the measured delays
  Duration precision = Duration::from_ms(500);   // of clocks, among correct validators
  Duration message_delay = Duration::from_s(2);  // a proposal takes no longer to all of them
  Height initial_height{1};
  bool create_empty_blocks = true;
  Duration empty_block_interval{};  // with create_empty_blocks = false; 0 = never
  Duration block_interval_min{};    // 0 = as fast as decided
  Duration observe{};               // after a restart: listen this long before signing (S11)
  std::size_t verifier_workers = 2;
};

// A peer's status is answered at most this often: what it asks for again sooner is under way.
inline constexpr Duration help_period = Duration::from_ms(250);
inline constexpr Duration progress_period = Duration::from_s(5);

class ConsensusActor final : public rt::ActorFor<ConsensusRole>, public rt::Described {
 public:
  ConsensusActor(rt::ActorContext& context, Services services, ConsensusOptions options);
  void started() override;
  [[nodiscard]] std::string describe() const override;

 private:
  // ---- from peers, verified (consensus_actor.cpp)
  void on_vote(schema::VerifiedVote::Reader in, const Envelope& envelope);
  void on_proposal(schema::VerifiedProposal::Reader in, const Envelope& envelope);
  void on_part(schema::BlockPart::Reader in, const Envelope& envelope);
  void on_certificate(schema::VerifiedCertificate::Reader in, const Envelope& envelope);
  void on_round_certificate(schema::VerifiedRoundCertificate::Reader in, const Envelope& envelope);
  void take_vote(const SignedVote& vote);
  void on_late_vote(schema::Vote::Reader in, const Envelope& envelope);
  // Evidence by a vote of the height just decided; 0: its signature is verified.
  void look_at_late(schema::Vote::Reader in, std::uint32_t unverified_from);
  void accuse(const LateVotes::Late& a, const LateVotes::Late& b);
  void on_round_status(schema::RoundStatus::Reader in, const Envelope& envelope);
  // ---- from this node
  void on_own_vote(schema::OwnVote::Reader in, const Envelope& envelope);
  void on_own_proposal(schema::OwnProposal::Reader in, const Envelope& envelope);
  void on_sign_refused(schema::SignRefused::Reader in, const Envelope& envelope);
  void on_block_built(schema::BlockBuilt::Reader in, const Envelope& envelope);
  void on_block_checked(schema::BlockChecked::Reader in, const Envelope& envelope);
  void on_block_committed(schema::BlockCommitted::Reader in, const Envelope& envelope);
  void on_synced(schema::SyncedDecision::Reader in, const Envelope& envelope);
  void on_peer_ready(schema::PeerReady::Reader in, const Envelope& envelope);
  void on_transactions(schema::TransactionsAvailable::Reader in, const Envelope& envelope);
  void on_timeout(schema::TimeoutFired::Reader in, const Envelope& envelope);
  void on_height_timer(schema::HeightTimer::Reader in, const Envelope& envelope);
  void on_rebroadcast(schema::RebroadcastTimer::Reader in, const Envelope& envelope);
  void on_get_state(schema::GetConsensusState::Reader in, const Envelope& envelope);
  void on_observation_over(schema::ObservationOver::Reader in, const Envelope& envelope);

  // ---- heights
  void start_height(Height height);
  void plan_next_height();
  void replay_early();
  // Keeps a message for later if it belongs to the next height or recovery is under way; tells
  // sync about peers that are further ahead. False: handle it now.
  bool keep_for_later(std::uint64_t height, std::uint32_t peer, const Envelope& envelope);
  void keep(std::uint64_t height, std::uint32_t peer, const Envelope& envelope,
            EarlyMessages::Origin origin);

  // ---- effects, in order (effects.cpp)
  void feed(const Input& input);
  void run(std::vector<Effect> effects);
  void perform(const GetValue& effect);
  void perform(const SignProposal& effect);
  void perform(const SignVote& effect);
  void perform(const ScheduleTimeout& effect);
  void perform(const RoundFailed& effect);
  void perform(const EnterRound& effect);
  void perform(const NewLock& effect);
  void perform(const Decide& effect);
  void perform(const Equivocation& effect);
  void perform(const AmnesiaFound& effect);
  void perform(const ProposalEquivocation& effect);
  void ask_for_block(Height height, Round round);
  void check_blocks();
  [[nodiscard]] bool is_timely(const BlockBook::Entry& entry, UnixTime time) const;
  void feed_complete_proposals();
  void flush_batch();
  [[nodiscard]] std::optional<Certificate> polka_for(const Intent& vote) const;
  void publish_parts(Round round, const BlockBook::Entry& entry);
  // To the effect runner, which knows what was signed: this came from elsewhere (S16).
  void tell_own_seen(SignedKind kind, Height height, Round round, const ValueId& value);
  // Decides by a commit certificate whose block is here and executed.
  void feed_certified_block();

  // ---- helping peers (effects.cpp)
  template <class Target>
  void push_state(const Target& target);
  [[nodiscard]] bool may_help(std::uint32_t peer);
  void push_polka();
  void push_missed_polka();
  void push_round_certificate();
  void arm_rebroadcast(std::uint32_t repetitions);
  void tell_verifiers(Round round);
  void tell_progress();
  void tell_new_round(const EnterRound& effect);
  // To the log and the evidence pool, which tells the watchers.
  void tell_evidence(const Evidence& evidence);
  // The peers that sent its votes, where nobody verified them; 0: verified.
  void send_evidence(const Evidence& evidence, std::uint32_t first_from, std::uint32_t second_from);
  // Into the block book; a second one of a proposer is evidence. False: not taken.
  bool take_proposal(const SignedProposal& proposal, Round current,
                     std::optional<UnixTime> now = std::nullopt);

  // ---- recovery (recovery.cpp)
  void recover();
  void load_log();
  void continue_recovery();
  Status replay_record(const LoggedRecord& record);
  Status replay_own(const LoggedRecord& logged);
  void restore_own(const std::vector<LoggedRecord>& records);
  void load_ends(const std::vector<LoggedRecord>& records);
  void finish_recovery();
  [[nodiscard]] bool must_observe() const;

  Services services_;
  ConsensusOptions options_;
  HeightMetrics measure_;
  ConsensusCore core_;
  LateVotes late_;  // of the height before, as core_ has those that were in time
  BlockBook blocks_;
  EffectBatch batch_;
  std::optional<Recovery> recovery_;  // while replaying the log

  Height height_;                // being decided, or about to start
  bool height_running_ = false;  // false while waiting for its pace or for transactions
  bool paced_ = false;           // waiting for block_interval_min
  std::map<Height, HeightEndRecord> logged_ends_;  // of heights that are decided again from the log
  std::uint64_t durable_height_ = 0;               // the stores are synced up to here
  std::optional<CommitCertificate> synced_;        // of height_: decides once its block is executed
  std::optional<CommitCertificate> last_commit_;
  Instant height_started_{};
  bool transactions_waiting_ = false;
  bool decided_ = false;  // the core decided height_; plan the next one
  EarlyMessages early_;
  std::map<std::uint32_t, Instant> helped_;  // peers whose status was answered within help_period
  AdaptiveTimeouts liveness_;
  bool polka_pushed_ = false;            // in this round
  bool certificate_pushed_ = false;      // of this round
  RoundState last_seen_;                 // at the last rebroadcast tick
  std::uint32_t repetitions_ = 0;        // rebroadcasts since something moved
  std::uint64_t rebroadcast_timer_ = 0;  // generation of the running one
  Instant progress_told_{};
  Height progress_height_;

  rt::ActorRef<LedgerRole> ledger_;
  rt::ActorRef<EffectRunnerRole> runner_;
  rt::ActorRef<PeersRole> peers_;
  rt::ActorRef<SyncRole> sync_;
  rt::ActorRef<EventsRole> events_;
  rt::ActorRef<EvidenceRole> evidence_;
  std::vector<rt::ActorRef<VerifierRole>> verifiers_;
};

}  // namespace witan::consensus
