#include "actors/consensus/signer/remote_signer.hpp"

#include <algorithm>

namespace witan {
namespace {

constexpr Duration backoff_min = Duration::from_ms(100);
constexpr Duration backoff_max = Duration::from_s(2);
constexpr Duration keepalive = Duration::from_s(1);

// The signer's disk failed, so it ends: to us that is a signer that is not there.
bool is_signers_end(ErrorCode code) {
  return code == ErrorCode::io || code == ErrorCode::no_space || code == ErrorCode::cancelled;
}

bool is_about(const SignRecord& record, const Intent& intent, const ChainId& chain_id) {
  return record.kind == intent.kind && record.height == intent.height &&
         record.round == intent.round && record.message_hash == message_hash_of(chain_id, intent);
}

}  // namespace

Result<std::unique_ptr<RemoteSigner>> RemoteSigner::make(Options options) {
  WITAN_TRY(ParsedKey validator, ParsedKey::parse(options.validator));
  std::unique_ptr<RemoteSigner> out(new RemoteSigner(std::move(options), validator));
  out->set_trouble(Trouble::unreachable);
  return out;
}

void RemoteSigner::set_trouble(Trouble trouble) {
  trouble_ = trouble;
  options_.services.metrics.signer_trouble.set_count(static_cast<std::uint64_t>(trouble));
}

void RemoteSigner::close() {
  channel_.reset();
  opened_ = false;
  next_try_ = {};
}

// Said once until it is better; the node goes on without signatures.
void RemoteSigner::lost(const Error& error) {
  channel_.reset();
  opened_ = false;
  const bool refused = !may_ask_again(error.code) && !is_signers_end(error.code);
  backoff_ = refused ? backoff_max : std::clamp(backoff_ * 2, backoff_min, backoff_max);
  next_try_ = options_.clock.now() + backoff_;
  const Trouble trouble = error.code == ErrorCode::sign_fenced ? Trouble::fenced
                          : refused                            ? Trouble::refused
                                                               : Trouble::unreachable;
  if (lost_told_ && trouble == trouble_) return;
  lost_told_ = true;
  set_trouble(trouble);
  log_event(options_.services.log, Event::signer_lost,
            {{"address", to_string(options_.address)},
             {"code", error.code},
             {"text", error.to_string()},
             {"retry_ms", backoff_.ms()}});
}

Result<signer::Reply> RemoteSigner::exchange(const signer::Request& request) {
  const Instant until = options_.clock.now() + options_.timeout;
  WITAN_TRY_VOID(channel_->send(signer::encode(request), until));
  WITAN_TRY(const Bytes bytes, channel_->receive(until));
  WITAN_TRY(signer::Reply reply, signer::decode_reply(bytes));
  if (reply.id != request.id)
    return fail(ErrorCode::network, "signer", "the answer is to another question");
  return reply;
}

Result<RemoteSigner::Answer> RemoteSigner::ask(decltype(signer::Request::body) body) {
  if (!channel_) return fail(ErrorCode::unavailable, "signer", "not connected");
  const auto deadline = static_cast<std::uint32_t>(options_.timeout.ms());
  auto reply = exchange({next_id_++, lease_, deadline, std::move(body)});
  if (!reply) {
    const Error error{ErrorCode::network, "signer", reply.error().to_string()};
    lost(error);
    return fail(error);
  }
  last_heard_ = options_.clock.now();
  auto* refusal = std::get_if<Error>(&reply->body);
  if (refusal == nullptr) {
    if (opened_ && trouble_ == Trouble::refused) set_trouble(Trouble::none);
    return std::move(reply->body);
  }
  if (is_signers_end(refusal->code)) {
    lost(*refusal);
    return fail(ErrorCode::unavailable, "signer", refusal->to_string());
  }
  if (refusal->code == ErrorCode::sign_fenced) lost(*refusal);
  if (opened_ && refusal->code == ErrorCode::sign_refused && refusal->field == "signer")
    note_halted(*refusal);
  return fail(std::move(*refusal));
}

// ---- the connection

std::vector<SignRecord> RemoteSigner::poll(const std::optional<SignRecord>& newest) {
  if (opened_) {
    (void)show_life();
    return {};
  }
  if (trouble_ == Trouble::fenced || options_.clock.now() < next_try_) return {};
  auto recent = open(newest);
  if (recent) return std::move(*recent);
  lost(recent.error());
  return {};
}

Result<std::vector<SignRecord>> RemoteSigner::open(const std::optional<SignRecord>& newest) {
  const Instant until = options_.clock.now() + options_.timeout;
  WITAN_TRY(auto socket,
            signer::StreamSocket::connect(options_.address, options_.timeout, options_.clock));
  auto channel =
      signer::SecureChannel::initiate(std::move(socket), options_.node_key, options_.signer, until);
  if (!channel)
    return fail(ErrorCode::network, "signer",
                "handshake: " + channel.error().to_string() +
                    " (is signer.public_key right, and this node in --allow?)");
  channel_ = std::make_unique<signer::SecureChannel>(std::move(*channel));
  signer::Open body;
  body.chain_id = options_.chain_id;
  body.validator = options_.validator;
  body.lease = lease_;
  if (newest) body.newest = SignClaim{newest->kind, newest->height, newest->round, newest->value};
  if (options_.own_commit_height) body.own_commit_height = options_.own_commit_height();
  WITAN_TRY(Answer answer, ask(std::move(body)));
  auto* opened = std::get_if<signer::Opened>(&answer);
  if (opened == nullptr) return fail(ErrorCode::malformed, "signer", "no answer to opening");
  for (const SignRecord& record : opened->recent) WITAN_TRY_VOID(check_record(record));
  lease_ = opened->lease;
  opened_ = true;
  lost_told_ = false;
  backoff_ = {};
  set_trouble(Trouble::none);
  options_.services.metrics.signer_connects.add();
  log_event(options_.services.log, Event::signer_connected,
            {{"address", to_string(options_.address)}, {"epoch", lease_}});
  return std::move(opened->recent);
}

Status RemoteSigner::show_life() {
  WITAN_TRY_VOID(send_raise());
  if (options_.clock.now() - last_heard_ < keepalive) return {};
  WITAN_TRY_VOID(ask(signer::Ping{}));
  return {};
}

// The connection is good and the signer will not sign: drained, or halted by an alarm. Said once.
void RemoteSigner::note_halted(const Error& error) {
  if (trouble_ == Trouble::refused) return;
  set_trouble(Trouble::refused);
  log_event(options_.services.log, Event::signer_lost,
            {{"address", to_string(options_.address)},
             {"code", error.code},
             {"text", error.to_string()},
             {"retry_ms", keepalive.ms()}});
}

// ---- signatures

Status RemoteSigner::check_record(const SignRecord& record) const {
  if (record.kind == SignedKind::watermark)
    return fail(ErrorCode::malformed, "signer", "a watermark is not a message");
  const Hash32 message = message_hash_of(options_.chain_id, record);
  if (message != record.message_hash || !validator_.verify(message.view(), record.signature))
    return fail(ErrorCode::bad_signature, "signer",
                "the record does not carry the validator's signature");
  return {};
}

Result<Prepared> RemoteSigner::prepare(const Intent& intent, const Certificate* polka) {
  if (trouble_ == Trouble::fenced)
    return fail(ErrorCode::sign_fenced, "signer", "another node holds the lease of the signer");
  if (!opened_) return fail(ErrorCode::unavailable, "signer", "not connected");
  WITAN_TRY_VOID(send_raise());
  const Instant begin = options_.clock.now();
  signer::Sign body{intent, std::nullopt};
  if (polka != nullptr) body.polka = *polka;
  WITAN_TRY(const Answer answer, ask(std::move(body)));
  options_.services.metrics.signer_request.observe(options_.clock.now() - begin);
  const auto* made = std::get_if<signer::Signed>(&answer);
  if (made == nullptr || !is_about(made->record, intent, options_.chain_id))
    return fail(ErrorCode::malformed, "signer", "the answer is not of the intent");
  WITAN_TRY_VOID(check_record(made->record));
  return Prepared(made->record, encode(made->record));
}

DurableMessage RemoteSigner::confirm(const Prepared& prepared) {
  return message_of(prepared.content());
}

DurableMessage RemoteSigner::message_of(const SignRecord& record) const {
  if (record.kind == SignedKind::proposal)
    return Durable<SignedProposal>(SignedProposal{proposal_of(record), record.signature});
  return Durable<SignedVote>(SignedVote{vote_of(record), record.signature});
}

Result<Bytes> RemoteSigner::raise_watermark(Height height, Round round) {
  raise_ = std::max(raise_.value_or(Watermark{}), Watermark{height, round});
  return Bytes{};
}

Status RemoteSigner::send_raise() {
  if (!raise_) return {};
  const auto done = ask(signer::Raise{raise_->height, raise_->round});
  // Refused: it stands higher already, or nothing is signed for us anyway.
  if (!done && may_ask_again(done.error().code)) return fail(done.error());
  raise_.reset();
  return {};
}

Status RemoteSigner::check_claim(const SignClaim& claim) {
  if (!opened_) return {};  // nothing is signed meanwhile; the next opening compares
  const auto done = ask(signer::Seen{claim});
  if (done || may_ask_again(done.error().code) || done.error().code == ErrorCode::sign_fenced)
    return {};
  set_trouble(Trouble::refused);
  return fail(done.error());
}

}  // namespace witan
