#include "actors/consensus/signer/protocol.hpp"

#include "actors/consensus/effect_batch.hpp"
#include "messages/base/hex.hpp"
#include "messages/schema/signer.capnp.h"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/decode.hpp"

namespace witan::signer {
namespace {

constexpr std::size_t text_max = 512;

template <class T>
Bytes flat_of(Draft<T> draft) {
  const Envelope envelope = std::move(draft).seal();
  Bytes out;
  out.reserve(envelope.words->flat_bytes());
  envelope.words->append_flat(out);
  return out;
}

void write_claim(schema::OwnSeen::Builder to, const SignClaim& claim) {
  to.setKind(static_cast<std::uint8_t>(claim.kind));
  to.setHeight(claim.height.get());
  to.setRound(claim.round.get());
  to.setValue(as_data(claim.value));
}

Result<SignedKind> read_kind(std::uint8_t kind, const char* field) {
  if (kind < static_cast<std::uint8_t>(SignedKind::proposal) ||
      kind > static_cast<std::uint8_t>(SignedKind::precommit))
    return fail(ErrorCode::unknown_type, field,
                std::to_string(kind) + " is nothing that is signed");
  return static_cast<SignedKind>(kind);
}

Result<SignClaim> read_claim(schema::OwnSeen::Reader from) {
  SignClaim out;
  WITAN_TRY(out.kind, read_kind(from.getKind(), "claim.kind"));
  out.height = Height(from.getHeight());
  WITAN_TRY(out.round, read_round(from.getRound(), false, "claim.round"));
  WITAN_TRY(out.value, read_value(from.getValue(), "claim.value"));
  return out;
}

// ---- requests

void write_body(schema::SignerRequest::Builder to, const Open& open) {
  auto out = to.initOpen();
  out.setProtocol(open.protocol);
  out.setChainId(as_data(open.chain_id));
  out.setValidatorKey(as_data(open.validator));
  out.setLease(open.lease);
  if (open.newest) write_claim(out.initNewest(), *open.newest);
  out.setOwnCommitHeight(open.own_commit_height.get());
}
void write_body(schema::SignerRequest::Builder to, const Sign& sign) {
  consensus::write_intent(to.initSign(), sign.intent, sign.polka);
}
void write_body(schema::SignerRequest::Builder to, const Raise& raise) {
  auto out = to.initRaise();
  out.setHeight(raise.height.get());
  out.setRound(raise.round.get());
}
void write_body(schema::SignerRequest::Builder to, const Seen& seen) {
  write_claim(to.initSeen(), seen.claim);
}
void write_body(schema::SignerRequest::Builder to, const Ping&) { to.setPing(); }
void write_body(schema::SignerRequest::Builder to, const AskStatus&) { to.setStatus(); }
void write_body(schema::SignerRequest::Builder to, const Drain&) { to.setDrain(); }

Result<Open> read_open(schema::SignerOpen::Reader from) {
  Open out;
  out.protocol = from.getProtocol();
  WITAN_TRY(out.chain_id, fixed_from<ChainId>(as_view(from.getChainId()), "open.chain_id"));
  WITAN_TRY(out.validator,
            fixed_from<PublicKey>(as_view(from.getValidatorKey()), "open.validator_key"));
  out.lease = from.getLease();
  if (from.getNewest().getKind() != 0) {
    WITAN_TRY(out.newest, read_claim(from.getNewest()));
  }
  out.own_commit_height = Height(from.getOwnCommitHeight());
  return out;
}

Result<Sign> read_sign(schema::SignIntent::Reader from) {
  Sign out;
  WITAN_TRY(out.intent, consensus::read_intent(from));
  WITAN_TRY(out.intent.kind, read_kind(from.getKind(), "intent.kind"));
  WITAN_TRY(out.polka, consensus::read_polka(from));
  return out;
}

Result<Request> read_request(schema::SignerRequest::Reader from) {
  Request out{from.getId(), from.getLease(), from.getDeadlineMs(), {}};
  switch (from.which()) {
    case schema::SignerRequest::OPEN: {
      WITAN_TRY(out.body, read_open(from.getOpen()));
      return out;
    }
    case schema::SignerRequest::SIGN: {
      WITAN_TRY(out.body, read_sign(from.getSign()));
      return out;
    }
    case schema::SignerRequest::RAISE: {
      WITAN_TRY(const Round round, read_round(from.getRaise().getRound(), false, "raise.round"));
      out.body = Raise{Height(from.getRaise().getHeight()), round};
      return out;
    }
    case schema::SignerRequest::SEEN: {
      WITAN_TRY(SignClaim claim, read_claim(from.getSeen()));
      out.body = Seen{std::move(claim)};
      return out;
    }
    case schema::SignerRequest::PING:
      out.body = Ping{};
      return out;
    case schema::SignerRequest::STATUS:
      out.body = AskStatus{};
      return out;
    case schema::SignerRequest::DRAIN:
      out.body = Drain{};
      return out;
  }
  return fail(ErrorCode::unknown_type, "request", "no request of this protocol version");
}

// ---- replies

void write_body(schema::SignerReply::Builder to, const Error& error) {
  auto out = to.initRefused();
  out.setCode(std::string(name_of(error.code)));
  out.setField(error.field.substr(0, text_max));
  out.setText(error.text.substr(0, text_max));
}
void write_body(schema::SignerReply::Builder to, const Opened& opened) {
  auto out = to.initOpened();
  out.setLease(opened.lease);
  auto recent = out.initRecent(static_cast<kj::uint>(opened.recent.size()));
  for (kj::uint i = 0; i < recent.size(); ++i) {
    const Bytes record = witan::encode(opened.recent[i]);
    recent.set(i, as_data(ByteView(record)));
  }
}
void write_body(schema::SignerReply::Builder to, const Signed& answer) {
  const Bytes record = witan::encode(answer.record);
  to.setSigned(as_data(ByteView(record)));
}
void write_body(schema::SignerReply::Builder to, const Done&) { to.setDone(); }
void write_body(schema::SignerReply::Builder to, const SignerStatus& status) {
  auto out = to.initStatus();
  out.setChainId(as_data(status.chain_id));
  out.setValidatorKey(as_data(status.validator));
  out.setLease(status.lease.epoch);
  if (status.lease.epoch != 0) out.setHolder(as_data(status.lease.holder));
  out.setConnections(status.connections);
  out.setLastSeq(status.last_seq);
  out.setHeight(status.height.get());
  out.setRound(status.round.get());
  out.setMinimumHeight(status.minimum_height.get());
  out.setSigned(status.signed_count);
  out.setRefused(status.refused_count);
  out.setHalted(status.halted.substr(0, text_max));
}

ErrorCode code_named(std::string_view name) {
#define WITAN_X(code, text) \
  if (name == #code) return ErrorCode::code;
  WITAN_ERROR_CODES(WITAN_X)
#undef WITAN_X
  return ErrorCode::internal;
}

Result<std::string> read_text(capnp::Text::Reader from, const char* field) {
  if (from.size() > text_max) return fail(ErrorCode::too_large, field);
  return std::string(from.begin(), from.size());
}

Result<Error> read_refusal(schema::Failure::Reader from) {
  Error out;
  WITAN_TRY(const std::string code, read_text(from.getCode(), "refused.code"));
  out.code = code_named(code);
  WITAN_TRY(out.field, read_text(from.getField(), "refused.field"));
  WITAN_TRY(out.text, read_text(from.getText(), "refused.text"));
  return out;
}

Result<Opened> read_opened(schema::SignerOpened::Reader from) {
  Opened out;
  out.lease = from.getLease();
  if (from.getRecent().size() > recent_max) return fail(ErrorCode::too_large, "opened.recent");
  for (const auto bytes : from.getRecent()) {
    WITAN_TRY(SignRecord record, decode_sign_record(as_view(bytes)));
    out.recent.push_back(std::move(record));
  }
  return out;
}

Result<SignerStatus> read_status(schema::SignerStatus::Reader from) {
  SignerStatus out;
  WITAN_TRY(out.chain_id, fixed_from<ChainId>(as_view(from.getChainId()), "status.chain_id"));
  WITAN_TRY(out.validator,
            fixed_from<PublicKey>(as_view(from.getValidatorKey()), "status.validator_key"));
  out.lease.epoch = from.getLease();
  if (from.getHolder().size() > 0) {
    WITAN_TRY(out.lease.holder, fixed_from<NodeId>(as_view(from.getHolder()), "status.holder"));
  }
  out.connections = from.getConnections();
  out.last_seq = from.getLastSeq();
  out.height = Height(from.getHeight());
  WITAN_TRY(out.round, read_round(from.getRound(), true, "status.round"));
  out.minimum_height = Height(from.getMinimumHeight());
  out.signed_count = from.getSigned();
  out.refused_count = from.getRefused();
  WITAN_TRY(out.halted, read_text(from.getHalted(), "status.halted"));
  return out;
}

Result<Reply> read_reply(schema::SignerReply::Reader from) {
  Reply out{from.getId(), {}};
  switch (from.which()) {
    case schema::SignerReply::REFUSED: {
      WITAN_TRY(out.body, read_refusal(from.getRefused()));
      return out;
    }
    case schema::SignerReply::OPENED: {
      WITAN_TRY(out.body, read_opened(from.getOpened()));
      return out;
    }
    case schema::SignerReply::SIGNED: {
      WITAN_TRY(SignRecord record, decode_sign_record(as_view(from.getSigned())));
      out.body = Signed{std::move(record)};
      return out;
    }
    case schema::SignerReply::DONE:
      out.body = Done{};
      return out;
    case schema::SignerReply::STATUS: {
      WITAN_TRY(out.body, read_status(from.getStatus()));
      return out;
    }
  }
  return fail(ErrorCode::unknown_type, "reply", "no reply of this protocol version");
}

template <class T, class Read>
auto decode_flat(ByteView bytes, Read read) -> decltype(read(typename T::Reader())) {
  if (bytes.size() > message_bytes_max) return fail(ErrorCode::too_large, "message");
  WITAN_TRY(const WordsPtr words, Words::from_flat(bytes));
  return decode<T>(*words, read);
}

}  // namespace

Bytes encode(const Request& request) {
  Draft<schema::SignerRequest> draft(128);
  draft->setId(request.id);
  draft->setLease(request.lease);
  draft->setDeadlineMs(request.deadline_ms);
  std::visit([&](const auto& body) { write_body(*draft, body); }, request.body);
  return flat_of(std::move(draft));
}

Bytes encode(const Reply& reply) {
  Draft<schema::SignerReply> draft(160);
  draft->setId(reply.id);
  std::visit([&](const auto& body) { write_body(*draft, body); }, reply.body);
  return flat_of(std::move(draft));
}

Result<Request> decode_request(ByteView bytes) {
  return decode_flat<schema::SignerRequest>(bytes, read_request);
}

Result<Reply> decode_reply(ByteView bytes) {
  return decode_flat<schema::SignerReply>(bytes, read_reply);
}

std::uint64_t request_id_of(ByteView bytes) {
  const auto id = decode_flat<schema::SignerRequest>(
      bytes,
      [](schema::SignerRequest::Reader from) -> Result<std::uint64_t> { return from.getId(); });
  return id ? *id : 0;
}

}  // namespace witan::signer
