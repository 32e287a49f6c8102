#include "actors/peers/session_actor.hpp"

#include <algorithm>
#include <utility>

#include "messages/base/hex.hpp"
#include "messages/types/block.hpp"

namespace witan::peers {
namespace {

constexpr std::size_t send_batch_bytes = 64 * 1024;
constexpr Duration first_ping_interval = Duration::from_ms(100);  // doubles from ping to ping
constexpr Duration progress_period = Duration::from_ms(200);  // between reports of the peer's tip
constexpr std::size_t goodbye_text_max = 200;                 // below limits::text_bytes_max

struct Rate {
  std::uint64_t per_second, burst;
};
// Messages of one peer per channel; generous for an honest validator at hundreds of heights a
// second.
Rate rate_of(Channel channel) {
  switch (channel) {
    case Channel::control:
      return {100, 200};
    case Channel::votes:
      return {20'000, 20'000};
    case Channel::blocks:
      return {10'000, 10'000};
    case Channel::meta:
      return {200, 400};
    case Channel::snapshots:
      return {500, 1000};
    case Channel::transactions:
      return {5'000, 5'000};
    case Channel::witness_meta:  // evidence: signatures to verify
      return {20, 100};
    default:
      return {100, 100};
  }
}

// Who works on a height has decided those below it.
std::uint64_t tip_below(std::uint64_t height) { return height == 0 ? 0 : height - 1; }

}  // namespace

SessionActor::SessionActor(rt::ActorContext& context, Services services, Transport& transport,
                           const Identity& identity, SessionOptions options)
    : ActorFor(context),
      services_(services),
      transport_(transport),
      identity_(identity),
      options_(std::move(options)),
      queue_(options_.queue),
      manager_(context.ref<PeersRole>(PeersRole::path)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      sync_(context.ref<SyncRole>(SyncRole::path)),
      mempool_(context.ref<MempoolRole>(MempoolRole::path)),
      evidence_(context.ref<EvidenceRole>(EvidenceRole::path)),
      events_(context.ref<EventsRole>(EventsRole::path)) {
  // One worker per peer: its messages keep their order.
  const std::size_t worker = options_.connection % options_.verifier_workers;
  verifier_ =
      context.ref<VerifierRole>(std::string(VerifierRole::path) + "/" + std::to_string(worker));
  for (std::size_t c = 0; c < channel_count; ++c) {
    const Rate rate = rate_of(static_cast<Channel>(c));
    limits_[c] = TokenBucket(rate.per_second, rate.burst);
  }
  for (const WireType& type : wire_types())
    counters_.push_back({services_.metrics.messages_received.with({type.name}),
                         services_.metrics.message_receive_bytes.with({type.name}),
                         services_.metrics.message_send_bytes.with({type.name})});
  handle<schema::SocketBytes>(&SessionActor::on_bytes);
  handle<schema::SocketDrained>(&SessionActor::on_drained);
  handle<schema::SocketClosed>(&SessionActor::on_closed);
  handle<schema::CloseSession>(&SessionActor::on_close);
  handle<schema::Vote>(&SessionActor::forward<schema::Vote>);
  handle<schema::Proposal>(&SessionActor::forward<schema::Proposal>);
  handle<schema::BlockPart>(&SessionActor::forward<schema::BlockPart>);
  handle<schema::Certificate>(&SessionActor::forward<schema::Certificate>);
  handle<schema::RoundCertificate>(&SessionActor::forward<schema::RoundCertificate>);
  handle<schema::RoundStatus>(&SessionActor::forward<schema::RoundStatus>);
  handle<schema::TransactionBatch>(&SessionActor::forward<schema::TransactionBatch>);
  handle<schema::SyncStatus>(&SessionActor::forward<schema::SyncStatus>);
  handle<schema::RangeRequest>(&SessionActor::forward<schema::RangeRequest>);
  handle<schema::RangeResponse>(&SessionActor::forward<schema::RangeResponse>);
  handle<schema::EvidenceBatch>(&SessionActor::forward<schema::EvidenceBatch>);
  own<schema::HandshakeTimer>(&SessionActor::on_handshake_timer);
  own<schema::PingTimer>(&SessionActor::on_ping_timer);
  own<schema::CreditTimer>(&SessionActor::on_credit_timer);
  own<schema::ProgressTimer>(&SessionActor::on_progress_timer);
  own<schema::InterposerTimer>(&SessionActor::on_interposer_timer);
}

SessionActor::~SessionActor() {
  if (options_.interposer != nullptr && noise_) options_.interposer->on_ended(line());
}

void SessionActor::started() {
  const Bytes ephemeral = identity_.entropy(32);
  const auto secret = identity_.node_key.secret_bytes();
  auto handshake =
      options_.expected
          ? NoiseHandshake::initiator(as_bytes(noise_peer_prologue), secret.view(), ephemeral,
                                      *options_.expected)
          : NoiseHandshake::responder(as_bytes(noise_peer_prologue), secret.view(), ephemeral);
  if (!handshake) return end(handshake.error());
  handshake_.emplace(std::move(*handshake));
  if (options_.expected) {
    auto act = handshake_->act_one();
    if (!act) return end(act.error());
    transport_.send(options_.connection, std::move(*act));
  }
  context().send_after(options_.handshake_timeout, Draft<schema::HandshakeTimer>());
  transport_.start_reading(options_.connection);
}

void SessionActor::stopping() {
  end(Error{ErrorCode::cancelled, "session", "the node stops or restarts its connections"});
}

// ---- the connection

void SessionActor::on_bytes(schema::SocketBytes::Reader in, const Envelope&) {
  if (ended_) return;
  const ByteView bytes = as_view(in.getBytes());
  append(in_, bytes);
  credit_held_ += bytes.size();
  last_heard_ = context().now();
  if (const Status status = process(); !status)
    return end(status.error(), is_offence(status.error().code));
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(std::exchange(in_offset_, 0)));
  return_credit();
}

Status SessionActor::process() {
  while (!ended_) {
    if (!noise_) {
      const std::size_t wanted = handshake_->awaited_bytes();
      if (in_.size() - in_offset_ < wanted) return {};
      WITAN_TRY_VOID(process_handshake());
    } else {
      WITAN_TRY(const bool more, process_packet());
      if (!more) return {};
    }
  }
  return {};
}

Status SessionActor::process_handshake() {
  const std::size_t wanted = handshake_->awaited_bytes();
  WITAN_TRY(Bytes reply, handshake_->receive(ByteView(in_).subspan(in_offset_, wanted)));
  in_offset_ += wanted;
  if (!reply.empty()) transport_.send(options_.connection, std::move(reply));
  if (!handshake_->done()) return {};
  WITAN_TRY(NoiseSession session, handshake_->take_session());
  noise_.emplace(std::move(session));
  handshake_.reset();
  if (Interposer* stage = active_stage(); stage != nullptr && !stage->lets_connect(line()))
    return fail(ErrorCode::network, "link", "refused by a fault rule");
  send_hello();
  return {};
}

Result<bool> SessionActor::process_packet() {
  const std::size_t available = in_.size() - in_offset_;
  const std::span<std::uint8_t> rest(in_.data() + in_offset_, available);
  if (body_bytes_ == 0) {
    if (available < NoiseCipher::length_frame_bytes) return false;
    WITAN_TRY(const std::size_t size,
              noise_->receive.decrypt_length(rest.first(NoiseCipher::length_frame_bytes)));
    body_bytes_ = size + 16;
    in_offset_ += NoiseCipher::length_frame_bytes;
    return true;
  }
  if (available < body_bytes_) return false;
  const auto body = rest.first(body_bytes_);
  const auto plain = body.first(body_bytes_ - 16);
  WITAN_TRY_VOID(noise_->receive.decrypt_body(body, plain));
  in_offset_ += std::exchange(body_bytes_, 0);
  Status handled;
  WITAN_TRY_VOID(reader_.read_packet(plain, [&](WireMessage message) {
    if (handled) handled = on_message(std::move(message));
  }));
  if (!handled) return fail(handled.error());
  return true;
}

void SessionActor::on_drained(schema::SocketDrained::Reader, const Envelope&) {
  blocked_ = false;
  pump();
}

void SessionActor::on_closed(schema::SocketClosed::Reader in, const Envelope&) {
  const Error error{ErrorCode::network, "connection", in.getText().cStr()};
  end(error);
}

void SessionActor::on_close(schema::CloseSession::Reader in, const Envelope&) {
  if (ended_) return;
  say_goodbye(in.getCode().cStr(), in.getText().cStr());
  const bool duplicate = std::string_view(in.getCode().cStr()) == name_of(ErrorCode::duplicate);
  end(Error{duplicate ? ErrorCode::duplicate : ErrorCode::not_allowed, "session",
            in.getText().cStr()});
}

void SessionActor::on_handshake_timer(schema::HandshakeTimer::Reader, const Envelope&) {
  if (!ready_ && !ended_) end(Error{ErrorCode::timeout, "handshake", "not finished in time"});
}

void SessionActor::on_ping_timer(schema::PingTimer::Reader in, const Envelope&) {
  if (ended_) return;
  if (context().now() - last_heard_ > options_.ping_interval * 3)
    return end(Error{ErrorCode::timeout, "session", "nothing heard for three ping intervals"});
  send_ping(in.getGeneration());
  ping_after(in.getGeneration() + 1);
}

// The first pings of a connection follow each other closely: the first of all crosses the bustle of
// a start, and one quiet round trip is enough to know how far apart our clocks are.
void SessionActor::ping_after(std::uint64_t generation) {
  const std::uint64_t doublings = std::min<std::uint64_t>(generation - 1, 20);
  const Duration early = first_ping_interval * (std::int64_t{1} << doublings);
  Draft<schema::PingTimer> timer;
  timer->setGeneration(generation);
  context().send_after(std::min(early, options_.ping_interval), std::move(timer));
}

// The typed refusal or farewell, once; nothing before the connection is encrypted.
void SessionActor::say_goodbye(std::string_view code, std::string_view text) {
  if (!noise_ || std::exchange(farewell_said_, true)) return;
  Draft<schema::Goodbye> goodbye(64);
  goodbye->setCode(std::string(code));
  goodbye->setText(std::string(text.substr(0, goodbye_text_max)));
  enqueue(std::move(goodbye));
}

// The one way a session ends: tells the peer why unless it is gone, tells the manager and sync,
// closes, stops. `offence`: the reason is what the peer did, and no correct peer does it.
void SessionActor::end(const Error& reason, bool offence) {
  if (ended_) return;
  if (reason.code != ErrorCode::network) say_goodbye(name_of(reason.code), reason.to_string());
  if (std::exchange(ended_, true)) return;  // the goodbye itself met its end
  transport_.close(options_.connection, reason);
  if (!ready_) services_.metrics.handshake_failures.with({name_of(reason.code)}).add();
  if (pending_send_bytes_) pending_send_bytes_->set(0);
  Draft<schema::SessionEnded> ended(128);
  ended->setPeer(context().erased_self().number());
  ended->setConnection(options_.connection);
  ended->setCode(std::string(name_of(reason.code)));
  ended->setText(reason.to_string());
  ended->setOutbound(options_.expected.has_value());
  ended->setReady(ready_);
  ended->setOffence(offence);
  if (options_.expected) ended->setNodeId(as_data(*options_.expected));
  if (noise_) ended->setNodeId(as_data(noise_->remote_static));
  const bool told = manager_.send(std::move(ended)) == rt::Delivery::delivered;
  if (ready_) {
    if (!told) announce_end(reason);
    Draft<schema::PeerGone> gone;
    gone->setPeer(context().erased_self().number());
    (void)sync_.send(std::move(gone));
  }
  context().stop_self(reason.to_string());
}

// In place of the manager, which has failed and forgotten us.
void SessionActor::announce_end(const Error& reason) {
  log_event(services_.log, Event::peer_down,
            {{"peer", noise_->remote_static}, {"reason", reason.to_string()}});
  Draft<schema::PublishedEvent> event(96);
  auto down = event->initPeerDown();
  down.setNodeId(as_data(noise_->remote_static));
  down.setAddress(options_.remote.to_string());
  down.setReason(reason.to_string());
  (void)events_.send(std::move(event));
}

// Whether an error of what we received proves misbehaviour of the peer. Before the connection is
// encrypted we do not know who it is, and a bad tag may be the work of anybody on the way; another
// chain or version is a mistake of an operator; the rest was said by the holder of the node key.
bool SessionActor::is_offence(ErrorCode code) const {
  if (!noise_ || noise_->remote_static == identity_.node_key.node_id()) return false;
  return code != ErrorCode::decrypt_failed && code != ErrorCode::wrong_chain &&
         code != ErrorCode::wrong_version && code != ErrorCode::network;
}

// ---- messages in

// vote path 2/10: one whole message, decoded under limits
Status SessionActor::on_message(WireMessage message) {
  if (message.envelope.is<schema::Hello>()) return on_hello(message.envelope);
  if (message.envelope.is<schema::Goodbye>()) {
    const Received<schema::Goodbye> goodbye(message.envelope);
    return fail(ErrorCode::network, "peer",
                std::string(goodbye->getCode().cStr()) + ": " + goodbye->getText().cStr());
  }
  if (!ready_) return fail(ErrorCode::not_allowed, "hello", "message before the hello");
  if (message.envelope.is<schema::Credit>())
    return on_credit(Received<schema::Credit>(message.envelope).get());
  if (!limits_[static_cast<std::size_t>(message.type->channel)].take(context().now())) {
    services_.metrics.rejected_msgs.with({"rate_limited"}).add();
    return {};
  }
  if (Interposer* stage = active_stage()) return pass_arrived(*stage, message.envelope);
  arrive(*message.type, message.envelope);
  return {};
}

void SessionActor::arrive(const WireType& type, Envelope& envelope) {
  context().receive(envelope, peer_name_, [&] { route(type, envelope); });
}

// vote path 3/10: to the actor it concerns
void SessionActor::route(const WireType& type, const Envelope& e) {
  const TypeCounters& counters = counters_of(&type);
  counters.received.add();
  counters.received_bytes.add(e.words->flat_bytes());
  if (e.is<schema::Vote>()) {
    note_tip(std::max(tip_, tip_below(Received<schema::Vote>(e)->getHeight())));
    (void)verifier_.send<schema::Vote>(e);
  } else if (e.is<schema::Proposal>()) {
    (void)verifier_.send<schema::Proposal>(e);
  } else if (e.is<schema::BlockPart>()) {
    (void)verifier_.send<schema::BlockPart>(e);
  } else if (e.is<schema::Certificate>()) {
    (void)verifier_.send<schema::Certificate>(e);
  } else if (e.is<schema::RoundCertificate>()) {
    (void)verifier_.send<schema::RoundCertificate>(e);
  } else if (e.is<schema::RoundStatus>()) {
    note_tip(std::max(tip_, tip_below(Received<schema::RoundStatus>(e)->getHeight())));
    (void)consensus_.send<schema::RoundStatus>(e);
  } else if (e.is<schema::TransactionBatch>()) {
    (void)mempool_.send<schema::TransactionBatch>(e);
  } else if (e.is<schema::SyncStatus>()) {
    note_tip(Received<schema::SyncStatus>(e)->getTip());
    (void)sync_.send<schema::SyncStatus>(e);
  } else if (e.is<schema::RangeRequest>()) {
    (void)sync_.send<schema::RangeRequest>(e);
  } else if (e.is<schema::RangeResponse>()) {
    (void)sync_.send<schema::RangeResponse>(e);
  } else if (e.is<schema::EvidenceBatch>()) {
    (void)evidence_.send<schema::EvidenceBatch>(e);
  } else if (e.is<schema::Ping>()) {
    on_ping(Received<schema::Ping>(e).get());
  } else if (e.is<schema::Pong>()) {
    on_pong(Received<schema::Pong>(e).get());
  }
}

void SessionActor::on_ping(schema::Ping::Reader ping) {
  const std::int64_t now = context().unix_now().ns;
  Draft<schema::Pong> pong;
  pong->setNonce(ping.getNonce());
  pong->setPingSentNs(ping.getSentNs());
  pong->setReceivedNs(now);
  pong->setSentNs(now);
  enqueue(std::move(pong));
}

void SessionActor::on_pong(schema::Pong::Reader pong) {
  if (services_.clocks == nullptr || pong.getPingSentNs() != ping_sent_.ns) return;
  const auto estimate = peer_clock_.add(ping_sent_, UnixTime{pong.getReceivedNs()},
                                        UnixTime{pong.getSentNs()}, context().unix_now());
  if (estimate) services_.clocks->peer_clock(peer_name_, estimate->offset, estimate->error);
}

void SessionActor::send_ping(std::uint64_t nonce) {
  ping_sent_ = context().unix_now();
  Draft<schema::Ping> ping;
  ping->setNonce(nonce);
  ping->setSentNs(ping_sent_.ns);
  enqueue(std::move(ping));
}

// For those who ask about peers, not for decisions: nobody has checked it. A peer's own status says
// where it is; between two of those its votes show that it has come further.
void SessionActor::note_tip(std::uint64_t tip) {
  if (std::exchange(tip_, tip) == tip || std::exchange(progress_timer_, true)) return;
  context().send_after(progress_period, Draft<schema::ProgressTimer>());
}

void SessionActor::on_progress_timer(schema::ProgressTimer::Reader, const Envelope&) {
  progress_timer_ = false;
  if (ended_) return;
  Draft<schema::SessionProgress> progress;
  progress->setConnection(options_.connection);
  progress->setTip(tip_);
  (void)manager_.send(std::move(progress));
}

Status SessionActor::on_hello(const Envelope& envelope) {
  if (ready_) return fail(ErrorCode::duplicate, "hello", "said twice");
  const Received<schema::Hello> hello(envelope);
  if (hello->getProtocol() != peer_protocol_version)
    return fail(ErrorCode::wrong_version, "hello.protocol",
                "peer speaks version " + std::to_string(hello->getProtocol()));
  if (hello->getBlockProtocol() != block_protocol_version)
    return fail(ErrorCode::wrong_version, "hello.block_protocol");
  if (ChainId::from(as_view(hello->getChainId())) != identity_.chain_id)
    return fail(ErrorCode::wrong_chain, "hello.chain_id",
                "peer is on chain " + std::string(hello->getChainName().cStr()));
  if (noise_->remote_static == identity_.node_key.node_id())
    return fail(ErrorCode::not_allowed, "hello", "connected to ourselves");
  if (hello->getValidatorKey().size() > 0) {
    const auto key = PublicKey::from(as_view(hello->getValidatorKey()));
    const Hash32 claim = handshake_hash({identity_.chain_id, noise_->remote_static,
                                         identity_.node_key.node_id(), noise_->handshake_hash});
    if (!verify(key, claim.view(), Signature::from(as_view(hello->getValidatorProof()))))
      return fail(ErrorCode::bad_signature, "hello.validator_proof");
  }
  become_ready(hello.get());
  return {};
}

void SessionActor::become_ready(schema::Hello::Reader hello) {
  ready_ = true;
  if (options_.interposer != nullptr)
    options_.interposer->on_ready(line(), hello.getMoniker().cStr());
  peer_name_ = to_hex(noise_->remote_static);
  tip_ = hello.getTip();
  pending_send_bytes_ =
      services_.metrics.peer_pending_send_bytes.with({to_hex(noise_->remote_static)});
  const std::uint32_t number = context().erased_self().number();
  Draft<schema::SessionReady> ready(256);
  ready->setPeer(number);
  ready->setConnection(options_.connection);
  ready->setNodeId(as_data(noise_->remote_static));
  ready->setMoniker(hello.getMoniker());
  ready->setValidatorKey(hello.getValidatorKey());
  ready->setSoftware(hello.getSoftware());
  ready->setTip(hello.getTip());
  ready->setOutbound(options_.expected.has_value());
  (void)manager_.send(std::move(ready));
  Draft<schema::PeerReady> peer_ready;
  peer_ready->setPeer(number);
  const Envelope is_ready = std::move(peer_ready).seal();
  (void)consensus_.send<schema::PeerReady>(is_ready);
  (void)evidence_.send<schema::PeerReady>(is_ready);
  Draft<schema::SyncStatus> status;
  status->setTip(hello.getTip());
  (void)sync_.send(std::move(status));
  send_ping(0);
  ping_after(1);
  if (options_.interposer != nullptr) tick_while_needed();
}

// ---- messages out

template <class T>
void SessionActor::forward(typename T::Reader, const Envelope& envelope) {
  if (ready_ && !ended_) enqueue(*find_wire_type(envelope.type), envelope);
}

template <class T>
void SessionActor::enqueue(Draft<T>&& draft) {
  Envelope envelope = std::move(draft).seal();
  envelope.trace = context().trace();
  enqueue(*find_wire_type(envelope.type), envelope);
}

void SessionActor::enqueue(const WireType& type, const Envelope& envelope) {
  Interposer* stage = active_stage();
  if (stage == nullptr) return push(type.channel, &type, envelope);
  Interposer::Departures departures;
  const auto damage = stage->on_leaving(line(), envelope, context().now(), departures);
  depart(departures, damage);
  if (!ended_ && stage->holds_back(line())) tick_while_needed();
}

void SessionActor::push(Channel channel, const WireType* type, const Envelope& envelope) {
  bool taken = queue_.push(channel, envelope);
  const auto dropped = [&](std::uint64_t messages) {
    services_.metrics.peer_drops.with({name_of(channel)}).add(messages);
  };
  if (!taken && channel == Channel::blocks) {
    // What waits is of rounds gone by. The peer gets what it lacks again when it says where it is.
    dropped(queue_.drop_waiting(channel));
    taken = queue_.push(channel, envelope);
  }
  if (!taken) {
    dropped(1);
    // Bulk may be lost; a peer that cannot even take votes is not there.
    if (channel == Channel::votes || channel == Channel::blocks)
      end(Error{ErrorCode::busy, "session", "send queue full: " + std::string(name_of(channel))});
    return;
  }
  if (type != nullptr) counters_of(type).sent_bytes.add(envelope.words->flat_bytes());
  pump();
}

const SessionActor::TypeCounters& SessionActor::counters_of(const WireType* type) const {
  return counters_[static_cast<std::size_t>(type - wire_types().data())];
}

void SessionActor::pump() {
  Bytes packet;
  while (!blocked_ && !ended_ && noise_) {
    Bytes out;
    while (out.size() < send_batch_bytes && queue_.next_packet(packet)) {
      const std::size_t at = out.size();
      out.resize(at + NoiseCipher::frame_bytes(packet.size()));
      const Status sealed = noise_->send.encrypt(packet, std::span<std::uint8_t>(out).subspan(at));
      WITAN_CHECK(sealed.has_value(), packet.size());
    }
    if (out.empty()) break;
    corrupt(out);
    blocked_ = transport_.send(options_.connection, std::move(out)) > 0;
  }
  if (pending_send_bytes_) pending_send_bytes_->set_count(queue_.bytes());
}

// Past the queue, as it is.
void SessionActor::send_packet(ByteView packet) {
  Bytes out(NoiseCipher::frame_bytes(packet.size()));
  const Status sealed = noise_->send.encrypt(packet, out);
  WITAN_CHECK(sealed.has_value(), packet.size());
  blocked_ = transport_.send(options_.connection, std::move(out)) > 0;
}

void SessionActor::send_hello() {
  Draft<schema::Hello> hello(256);
  hello->setProtocol(peer_protocol_version);
  hello->setBlockProtocol(block_protocol_version);
  hello->setChainId(as_data(identity_.chain_id));
  hello->setChainName(identity_.chain_name);
  hello->setMoniker(identity_.moniker);
  hello->setSoftware(identity_.software);
  hello->setListenPort(identity_.listen_port);
  hello->setTip(identity_.tip());
  if (identity_.validator_key) {
    const Hash32 claim = handshake_hash({identity_.chain_id, identity_.node_key.node_id(),
                                         noise_->remote_static, noise_->handshake_hash});
    hello->setValidatorKey(as_data(identity_.validator_key->public_key()));
    hello->setValidatorProof(as_data(identity_.validator_key->sign(claim.view())));
  }
  enqueue(std::move(hello));
}

}  // namespace witan::peers
