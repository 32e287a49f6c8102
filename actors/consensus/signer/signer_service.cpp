#include "actors/consensus/signer/signer_service.hpp"

#include "actors/consensus/log_records.hpp"
#include "messages/base/hex.hpp"

namespace witan::signer {
namespace {

constexpr auto sign_kind = static_cast<std::uint8_t>(consensus::RecordKind::sign);
constexpr std::uint64_t prune_every_heights = 64;

// Requests that only the holder of the lease may make.
bool needs_lease(const Request& request) {
  return !std::holds_alternative<Open>(request.body) &&
         !std::holds_alternative<AskStatus>(request.body) &&
         !std::holds_alternative<Drain>(request.body);
}

}  // namespace

Result<std::unique_ptr<SignerService>> SignerService::open(Options options) {
  std::unique_ptr<SignerService> out(new SignerService(std::move(options)));
  const PublicKey key = out->options_.log.key->public_key();
  if (!out->options_.verifier->set().index_of(key))
    return fail(ErrorCode::unknown_validator, "consensus_key",
                to_hex(key) + " is not a validator of this genesis");
  WITAN_TRY(out->log_, consensus::SigningLog::open(std::move(out->options_.log)));
  out->signer().require_polka(out->options_.verifier);
  return out;
}

Reply SignerService::handle(const NodeId& caller, ByteView bytes, Instant arrived) {
  const std::lock_guard lock(mutex_);
  auto request = decode_request(bytes);
  if (!request) {
    Request unread;
    unread.id = request_id_of(bytes);
    note_refusal(caller, unread, request.error());
    return {unread.id, request.error()};
  }
  Answer answered = answer(caller, *request, arrived);
  if (answered) return {request->id, std::move(*answered)};
  note_refusal(caller, *request, answered.error());
  return {request->id, std::move(answered.error())};
}

SignerService::Answer SignerService::answer(const NodeId& caller, const Request& request,
                                            Instant arrived) {
  if (failure_) return fail(*failure_);
  const Duration waited = options_.clock.now() - arrived;
  if (request.deadline_ms != 0 && waited > Duration::from_ms(request.deadline_ms))
    return fail(ErrorCode::timeout, "deadline", "the request waited too long; nothing was signed");
  if (needs_lease(request)) WITAN_TRY_VOID(check_lease(caller, request));
  return std::visit([&](const auto& body) { return serve(caller, body); }, request.body);
}

Status SignerService::check_lease(const NodeId& caller, const Request& request) {
  const SignLease& lease = signer().lease();
  if (lease.epoch != 0 && request.lease == lease.epoch && caller == lease.holder) return {};
  return fail(ErrorCode::sign_fenced, "lease",
              "epoch " + std::to_string(request.lease) + " is over; epoch " +
                  std::to_string(lease.epoch) + " belongs to node " + to_hex(lease.holder));
}

// What the node knows must not be newer than what is remembered here (S9).
Status SignerService::check_open(const Open& open) {
  if (open.protocol != protocol_version)
    return fail(ErrorCode::wrong_version, "open.protocol",
                "this signer speaks version " + std::to_string(protocol_version));
  const SignOwner& owner = signer().owner();
  if (open.chain_id != owner.chain_id)
    return fail(ErrorCode::wrong_chain, "open.chain_id",
                "this signer signs for chain " + to_hex(owner.chain_id));
  if (open.validator != owner.key)
    return fail(ErrorCode::unknown_validator, "open.validator_key",
                "this signer holds the key " + to_hex(owner.key));
  if (open.newest) WITAN_TRY_VOID(signer().check_claim(*open.newest));
  if (signer().state().height_max() < open.own_commit_height)
    return fail(ErrorCode::sign_state_older, "sign_state",
                "the chain holds this key's commit signature for height " +
                    std::to_string(open.own_commit_height.get()) +
                    ", which this signer does not remember: its data is an older copy");
  return {};
}

SignerService::Answer SignerService::serve(const NodeId& caller, const Open& open) {
  WITAN_TRY_VOID(check_open(open));
  if (open.lease == 0) {
    signer().grant_lease(caller);
    WITAN_TRY_VOID(disk(log_->save()));
    log_event(options_.events, Event::signer_lease,
              {{"node", caller}, {"epoch", signer().lease().epoch}});
  } else if (open.lease != signer().lease().epoch || caller != signer().lease().holder) {
    return fail(ErrorCode::sign_fenced, "open.lease",
                "epoch " + std::to_string(open.lease) + " is over; epoch " +
                    std::to_string(signer().lease().epoch) + " belongs to node " +
                    to_hex(signer().lease().holder));
  }
  return Opened{signer().lease().epoch, signer().state().snapshot().recent};
}

SignerService::Answer SignerService::serve(const NodeId&, const Sign& sign) {
  WITAN_TRY(const Prepared prepared,
            signer().prepare(sign.intent, sign.polka ? &*sign.polka : nullptr));
  WalWriter& wal = log_->wal();
  if (!prepared.record().empty()) {
    WITAN_TRY_VOID(disk(wal.append(sign_kind, sign.intent.height, prepared.record())));
    WITAN_TRY_VOID(disk(wal.sync()));
  }
  (void)signer().confirm(prepared);
  ++signed_;
  if (sign.intent.height.get() >= pruned_below_ + prune_every_heights) {
    pruned_below_ = sign.intent.height.get();
    WITAN_TRY_VOID(disk(wal.prune_below(sign.intent.height)));
  }
  return Signed{prepared.content()};
}

SignerService::Answer SignerService::serve(const NodeId&, const Raise& raise) {
  WITAN_TRY(const Bytes record, signer().raise_watermark(raise.height, raise.round));
  if (!record.empty()) WITAN_TRY_VOID(disk(log_->wal().append(sign_kind, raise.height, record)));
  return Done{};
}

// S16: another process signs with this key, or this one's memory is gone. Either way: no more.
SignerService::Answer SignerService::serve(const NodeId& caller, const Seen& seen) {
  const Status known = signer().check_claim(seen.claim);
  if (known) return Done{};
  signer().halt(known.error().text);
  log_event(options_.events, Event::signer_halted,
            {{"node", caller}, {"text", known.error().text}});
  return fail(known.error());
}

SignerService::Answer SignerService::serve(const NodeId&, const Ping&) {
  if (signer().is_halted())
    return fail(ErrorCode::sign_refused, "signer", "halted: " + signer().halt_reason());
  return Done{};
}

SignerService::Answer SignerService::serve(const NodeId&, const AskStatus&) {
  const SignSnapshot& state = signer().state().snapshot();
  SignerStatus out;
  out.chain_id = signer().owner().chain_id;
  out.validator = signer().owner().key;
  out.lease = signer().lease();
  out.connections = connections_;
  out.last_seq = state.last_seq;
  if (!state.recent.empty()) {
    out.height = state.recent.back().height;
    out.round = state.recent.back().round;
  }
  out.minimum_height = state.watermark.height;
  out.signed_count = signed_;
  out.refused_count = refused_;
  out.halted = signer().halt_reason();
  return out;
}

SignerService::Answer SignerService::serve(const NodeId& caller, const Drain&) {
  if (caller != options_.self)
    return fail(ErrorCode::not_allowed, "drain", "only from the signer's own host and key");
  if (!signer().is_halted()) {
    signer().halt("drained by the operator");
    WITAN_TRY_VOID(disk(log_->save()));
    log_event(options_.events, Event::signer_halted,
              {{"node", caller}, {"text", "drained by the operator"}});
  }
  return serve(caller, AskStatus{});
}

void SignerService::note_refusal(const NodeId& caller, const Request& request, const Error& error) {
  ++refused_;
  Height height;
  Round round;
  if (const auto* sign = std::get_if<Sign>(&request.body)) {
    height = sign->intent.height;
    round = sign->intent.round;
  }
  log_event(options_.events, Event::signer_refused,
            {{"node", caller},
             {"height", height},
             {"round", round},
             {"rule", error.code},
             {"text", error.to_string()}});
}

Status SignerService::disk(Status status) {
  if (!status && !failure_) {
    failure_ = status.error();
    log_event(
        options_.events, Event::store_failed,
        {{"path", "wal"}, {"code", status.error().code}, {"text", status.error().to_string()}});
  }
  return status;
}

void SignerService::count_connection(int change) {
  const std::lock_guard lock(mutex_);
  connections_ += static_cast<std::uint32_t>(change);
}

std::optional<Error> SignerService::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Status SignerService::close() {
  const std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  WITAN_TRY_VOID(log_->wal().sync());
  return log_->save();
}

PublicKey SignerService::validator() const {
  const std::lock_guard lock(mutex_);
  return log_->signer()->owner().key;
}

}  // namespace witan::signer
