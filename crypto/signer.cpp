#include "crypto/signer.hpp"

namespace witan {

Signer::Signer(SecretKey key, ParsedKey parsed, SignRecovery recovered)
    : key_(std::move(key)),
      parsed_(parsed),
      owner_(recovered.owner),
      state_(std::move(recovered.state)),
      place_(recovered.place),
      generation_(recovered.generation),
      lease_(recovered.lease),
      durable_seq_(state_.snapshot().last_seq) {}

Result<Signer> Signer::make(SecretKey key, SignRecovery recovered) {
  if (key.public_key() != recovered.owner.key)
    return fail(ErrorCode::sign_state_foreign, "sign_state.key", "belongs to another key");
  WITAN_TRY(ParsedKey parsed, ParsedKey::parse(recovered.owner.key));
  return Signer(std::move(key), parsed, std::move(recovered));
}

Prepared Signer::pending(const SignRecord& record) const {
  return Prepared(record, record.seq > durable_seq_ ? encode(record) : Bytes{});
}

// Of the vote's own block, in the round the vote stands on, and by a quorum.
Status Signer::check_polka(const Intent& intent, const Certificate* polka) const {
  const Round round = intent.kind == SignedKind::prevote ? intent.pol_round : intent.round;
  if (polka == nullptr)
    return fail(ErrorCode::sign_locked, "intent.polka",
                "this vote leaves the block locked here and brings no polka certificate");
  if (polka->type != VoteType::prevote || polka->height != intent.height || polka->round != round ||
      polka->block_id != intent.value)
    return fail(ErrorCode::sign_locked, "intent.polka", "the certificate is not of this vote");
  const auto verified = verifier_->verify(*polka);
  if (!verified) return fail(ErrorCode::sign_locked, "intent.polka", verified.error().to_string());
  return {};
}

Result<Prepared> Signer::prepare(const Intent& asked, const Certificate* polka) {
  if (is_halted()) return fail(ErrorCode::sign_refused, "signer", "halted: " + halt_reason_);
  Intent intent = asked;
  const Hash32 message =
      intent.kind == SignedKind::watermark ? Hash32{} : message_hash_of(owner_.chain_id, intent);
  WITAN_TRY(const std::optional<SignRecord> stored, state_.judge(intent, message));
  if (stored) return pending(*stored);
  if (verifier_) {
    intent.locked = {};
    WITAN_TRY_VOID(state_.judge(intent, message));
    if (state_.is_against_lock(intent)) WITAN_TRY_VOID(check_polka(intent, polka));
  }
  if (recovering_)
    return fail(ErrorCode::sign_refused, "signer", "replay never signs anything new");
  const Signature signature = key_.sign(message.view());
  // S14: a signature that does not verify may leak the key, and comes from a fault in this machine.
  WITAN_CHECK(parsed_.verify(message.view(), signature), intent.height.get(), intent.round.get());
  const SignRecord record = state_.next_record(intent, message, signature);
  const Status applied = state_.apply(record);
  WITAN_CHECK(applied.has_value(), record.seq);
  return pending(record);
}

DurableMessage Signer::confirm(const Prepared& prepared) {
  WITAN_CHECK(prepared.content_.seq <= state_.snapshot().last_seq, prepared.content_.seq);
  durable_seq_ = std::max(durable_seq_, prepared.content_.seq);
  return message_of(prepared.content_);
}

DurableMessage Signer::message_of(const SignRecord& record) const {
  if (record.kind == SignedKind::proposal)
    return Durable<SignedProposal>(SignedProposal{proposal_of(record), record.signature});
  return Durable<SignedVote>(SignedVote{vote_of(record), record.signature});
}

std::vector<DurableMessage> Signer::adopted() const {
  std::vector<DurableMessage> out;
  for (const SignRecord& record : state_.snapshot().recent) {
    if (record.seq <= durable_seq_) out.push_back(message_of(record));
  }
  return out;
}

Result<DurableMessage> Signer::restore(ByteView bytes) const {
  WITAN_TRY(const SignRecord record, decode_sign_record(bytes));
  if (record.kind == SignedKind::watermark)
    return fail(ErrorCode::unknown_type, "sign_record.kind", "a watermark is not a message");
  if (record.seq > durable_seq_)
    return fail(ErrorCode::sign_state_foreign, "sign_record.seq", "later than what was recovered");
  const Hash32 message = message_hash_of(owner_.chain_id, record);
  if (message != record.message_hash || !parsed_.verify(message.view(), record.signature))
    return fail(ErrorCode::sign_state_foreign, "sign_record.signature", "not made by this key");
  return message_of(record);
}

Result<Bytes> Signer::raise_watermark(Height height, Round round) {
  WITAN_TRY(const std::optional<SignRecord> record, state_.next_watermark(height, round));
  if (!record) return Bytes{};
  const Status applied = state_.apply(*record);
  WITAN_CHECK(applied.has_value(), record->seq);
  return encode(*record);
}

const SignLease& Signer::grant_lease(const NodeId& holder) {
  lease_ = {lease_.epoch + 1, holder};
  return lease_;
}

void Signer::halt(std::string reason) {
  halt_reason_ = reason.empty() ? "no reason given" : std::move(reason);
}

Bytes Signer::checkpoint(std::uint64_t wal_segment) {
  return encode(
      SignCheckpoint{owner_, wal_segment, place_, ++generation_, lease_, state_.snapshot()});
}

}  // namespace witan
