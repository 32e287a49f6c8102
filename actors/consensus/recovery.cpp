// Rebuilding the core from the ledger's tip and the write-ahead log (recovery.hpp).
#include <algorithm>

#include "actors/consensus/consensus_actor.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {
namespace {
// Reading and executing a log takes what it takes; this bounds a hang of the other actor (P10).
constexpr Duration recovery_deadline = Duration::from_s(300);

std::optional<RoundValue> to_core(const witan::RoundValue& from) {
  if (!from.id) return std::nullopt;
  return RoundValue{from.round, *from.id};
}

// P11: a record is of the height it was logged in, or the log is not what was written.
Status same_height(Height found, const LoggedRecord& record) {
  if (found == record.height) return {};
  return fail(ErrorCode::malformed, "wal.height",
              "of height " + std::to_string(found.get()) + " among records of height " +
                  std::to_string(record.height.get()));
}
}  // namespace

void ConsensusActor::recover() {
  recovery_.emplace();
  context().request<schema::ChainTip>(
      ledger_, Draft<schema::GetTip>(), recovery_deadline,
      [this](Result<schema::ChainTip::Reader> tip) {
        if (!tip && tip.error().code == ErrorCode::cancelled) return;  // the node stops
        if (!tip) context().fail_node(tip.error().code, "ledger tip: " + tip.error().to_string());
        const auto certificate = read_certificate(tip->getCertificate());
        if (!certificate)
          context().fail_node(ErrorCode::corrupt,
                              "stored commit: " + certificate.error().to_string());
        if (!is_absent(*certificate)) last_commit_ = *certificate;
        height_ = tip->getHeight() == 0 ? options_.initial_height : Height(tip->getHeight() + 1);
        durable_height_ = tip->getDurableHeight();
        load_log();
      });
}

void ConsensusActor::load_log() {
  Draft<schema::GetRecovery> ask;
  ask->setFromHeight(height_.get());
  context().request<schema::Recovery>(
      runner_, std::move(ask), recovery_deadline, [this](Result<schema::Recovery::Reader> log) {
        if (!log && log.error().code == ErrorCode::cancelled) return;  // the node stops
        if (!log) context().fail_node(log.error().code, "log: " + log.error().to_string());
        for (const auto record : log->getRecords()) {
          const ByteView payload = as_view(record.getPayload());
          recovery_->records.push_back({static_cast<RecordKind>(record.getKind()),
                                        Height(record.getHeight()),
                                        Bytes(payload.begin(), payload.end())});
        }
        recovery_->loaded = true;
        load_ends(recovery_->records);
        restore_own(recovery_->records);
        feed(SetReplaying{true});
        start_height(height_);
        continue_recovery();
      });
}

void ConsensusActor::load_ends(const std::vector<LoggedRecord>& records) {
  logged_ends_.clear();
  for (const LoggedRecord& logged : records) {
    if (logged.kind != RecordKind::height_end) continue;
    const auto end = decode_height_end_record(logged.payload);
    if (!end) context().fail_node(ErrorCode::corrupt, end.error().to_string());
    logged_ends_.insert_or_assign(logged.height, *end);
  }
}

// P8: own votes are adopted before any rule may fire, with the lock that was recorded beside them:
// the log may have begun after an earlier loss, so replaying its inputs need not rebuild the lock.
void ConsensusActor::restore_own(const std::vector<LoggedRecord>& records) {
  for (const LoggedRecord& logged : records) {
    if (logged.kind != RecordKind::sign) continue;
    const auto record = decode_sign_record(logged.payload);
    if (!record) context().fail_node(ErrorCode::corrupt, record.error().to_string());
    if (record->kind == SignedKind::watermark) continue;
    if (record->kind == SignedKind::proposal) {
      feed(RestoreOwnProposal{record->height, record->round, *record->value});
      continue;
    }
    const SignedVote vote{vote_of(*record), record->signature};
    feed(RestoreOwnVote{vote, to_core(record->locked), to_core(record->valid)});
  }
}

void ConsensusActor::continue_recovery() {
  while (recovery_ && recovery_->next < recovery_->records.size()) {
    const LoggedRecord& record = recovery_->records[recovery_->next++];
    if (record.height != height_) continue;  // of a height that is decided already
    ++recovery_->replayed;
    const Status replayed = replay_record(record);
    if (!replayed)
      context().fail_node(ErrorCode::corrupt, std::string(name_of(record.kind)) +
                                                  " record: " + replayed.error().to_string());
    if (recovery_->checking) return;  // goes on with the ledger's answer
  }
  finish_recovery();
}

Status ConsensusActor::replay_record(const LoggedRecord& record) {
  switch (record.kind) {
    case RecordKind::vote: {
      WITAN_TRY(const SignedVote vote, decode_vote_record(record.payload));
      WITAN_TRY_VOID(same_height(vote.vote.height, record));
      feed(VoteReceived{vote.vote, vote.signature});
      return {};
    }
    case RecordKind::proposal: {
      WITAN_TRY(const SignedProposal proposal, decode_proposal_record(record.payload));
      WITAN_TRY_VOID(same_height(proposal.proposal.height, record));
      (void)take_proposal(proposal, proposal.proposal.round);
      feed_complete_proposals();
      return {};
    }
    case RecordKind::block: {
      WITAN_TRY(BlockRecord block, decode_block_record(record.payload));
      const CutBlock cut = cut_block(height_, Round(0), block.bytes);
      // Judged twice before the crash (by the clock, then by its certificate): settled already.
      const BlockBook::Entry* known = blocks_.find_root(cut.header.root);
      if (known != nullptr && known->valid && (*known->valid || !block.valid)) return {};
      if (known != nullptr && known->valid)
        context().fail_node(ErrorCode::state_root_mismatch,
                            "a block that was valid before the restart is not valid now");
      blocks_.add_whole(cut.header, BlockId{}, block.bytes);
      recovery_->checking = std::move(block);
      check_blocks();
      return {};
    }
    case RecordKind::certificate:
    case RecordKind::decided: {
      WITAN_TRY(const Certificate certificate, decode_certificate_record(record.payload));
      WITAN_TRY_VOID(same_height(certificate.height, record));
      if (certificate.type == VoteType::precommit) {
        synced_ = certificate;
        feed_certified_block();
      } else {
        feed(CertificateReceived{certificate});
      }
      return {};
    }
    case RecordKind::timeout: {
      WITAN_TRY(const TimeoutRecord timeout, decode_timeout_record(record.payload));
      feed(TimeoutFired{timeout.step, record.height, timeout.round, 0});
      return {};
    }
    case RecordKind::sign:
      return replay_own(record);
    case RecordKind::height_end:
      return {};  // compared when the ledger commits it again
  }
  return fail(ErrorCode::unknown_type, "wal.kind");
}

// An own message counts again: it was durable, so it may be in the world.
Status ConsensusActor::replay_own(const LoggedRecord& logged) {
  WITAN_TRY(const SignRecord record, decode_sign_record(logged.payload));
  if (record.kind == SignedKind::watermark) return {};
  WITAN_TRY_VOID(same_height(record.height, logged));
  if (record.kind == SignedKind::proposal) {
    const SignedProposal proposal{proposal_of(record), record.signature};
    (void)take_proposal(proposal, record.round);
    feed_complete_proposals();
  } else {
    feed(VoteReceived{vote_of(record), record.signature});
  }
  return {};
}

void ConsensusActor::finish_recovery() {
  log_event(services_.log, Event::wal_replayed,
            {{"height", height_}, {"records", recovery_->replayed}});
  recovery_.reset();
  if (must_observe()) {
    // The core stays muted: it follows what is decided, and signs nothing.
    context().send_after(options_.observe, Draft<schema::ObservationOver>());
  } else {
    feed(SetReplaying{false});
  }
  check_blocks();
  replay_early();
}

// S11: a home restored from an old copy looks sound, and only peers know what it has signed since.
// They say so when they connect, so a node that has a past gives them a moment before it signs.
// Alone there is nobody to ask, and nobody who could hold another signature.
bool ConsensusActor::must_observe() const {
  return options_.self && options_.observe > Duration{} && last_commit_ &&
         options_.validators->at(*options_.self).power < options_.validators->power_total();
}

void ConsensusActor::on_observation_over(schema::ObservationOver::Reader, const Envelope&) {
  if (recovery_) return;  // of an actor that was restarted meanwhile
  feed(SetReplaying{false});
  check_blocks();
  replay_early();
}

}  // namespace witan::consensus
