#include "actors/peers/peers_actor.hpp"

#include <algorithm>
#include <utility>

#include "messages/base/hex.hpp"

namespace witan::peers {
namespace {

constexpr Duration dial_tick = Duration::from_ms(50);
constexpr Duration stable_after = Duration::from_s(5);  // a connection that was worth dialling

}  // namespace

Result<PeerAddress> parse_peer_address(std::string_view text, std::string field) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos)
    return fail(ErrorCode::malformed, std::move(field), "expected <node key>@host:port");
  PeerAddress out;
  WITAN_TRY(out.id, fixed_from_hex<NodeId>(text.substr(0, at), field));
  if (!is_valid(out.id)) return fail(ErrorCode::bad_key, std::move(field), "not a node key");
  WITAN_TRY(out.endpoint, parse_endpoint(text.substr(at + 1), std::move(field)));
  return out;
}

PeersActor::PeersActor(rt::ActorContext& context, Services services, Transport& transport,
                       const Identity& identity, PeersOptions options)
    : ActorFor(context),
      services_(services),
      transport_(transport),
      identity_(identity),
      options_(std::move(options)),
      events_(context.ref<EventsRole>(EventsRole::path)),
      sync_(context.ref<SyncRole>(SyncRole::path)) {
  WITAN_CHECK(options_.conduct != nullptr);
  for (const PeerAddress& address : options_.persistent)
    if (address.id != identity_.node_key.node_id()) wanted_.push_back({.address = address});
  handle<schema::ConnectionOpened>(&PeersActor::on_opened);
  handle<schema::ConnectionFailed>(&PeersActor::on_failed);
  handle<schema::SessionReady>(&PeersActor::on_ready);
  handle<schema::SessionProgress>(&PeersActor::on_progress);
  handle<schema::SessionEnded>(&PeersActor::on_ended);
  handle<schema::PeerMisbehaved>(&PeersActor::on_misbehaved);
  handle<schema::GetPeers>(&PeersActor::on_get_peers);
  handle<schema::Vote>(&PeersActor::broadcast<schema::Vote>);
  handle<schema::Proposal>(&PeersActor::broadcast<schema::Proposal>);
  handle<schema::BlockPart>(&PeersActor::broadcast<schema::BlockPart>);
  handle<schema::Certificate>(&PeersActor::broadcast<schema::Certificate>);
  handle<schema::RoundCertificate>(&PeersActor::broadcast<schema::RoundCertificate>);
  handle<schema::RoundStatus>(&PeersActor::broadcast<schema::RoundStatus>);
  handle<schema::TransactionBatch>(&PeersActor::broadcast<schema::TransactionBatch>);
  handle<schema::SyncStatus>(&PeersActor::broadcast<schema::SyncStatus>);
  handle<schema::EvidenceBatch>(&PeersActor::broadcast<schema::EvidenceBatch>);
  own<schema::DialTimer>(&PeersActor::on_dial_timer);
}

void PeersActor::started() {
  // Those of an incarnation that failed. Its sessions have ended; what is left has no owner.
  transport_.close_all(Error{ErrorCode::cancelled, "p2p", "the peers actor was restarted"});
  const auto bound = transport_.listen(options_.listen);
  if (!bound) context().fail_node(ErrorCode::config, bound.error().to_string());
  listening_ = *bound;
  log_event(services_.log, Event::listening, {{"address", listening_.to_string()}});
  update_metrics();
  dial_due();
  context().send_after(dial_tick, Draft<schema::DialTimer>());
}

void PeersActor::stopping() { transport_.stop_listening(); }

// ---- connections

void PeersActor::on_opened(schema::ConnectionOpened::Reader in, const Envelope&) {
  const ConnectionId connection = in.getConnection();
  const Endpoint remote{in.getHost().cStr(), in.getPort()};
  if (in.getOutbound()) {
    Wanted* wanted = wanted_by_connection(connection);
    if (wanted == nullptr)
      return transport_.close(connection, Error{ErrorCode::cancelled, "dial", "not wanted"});
    return start_session(connection, remote, wanted);
  }
  const auto inbound = std::count_if(sessions_.begin(), sessions_.end(),
                                     [](const auto& s) { return !s.second.outbound; });
  const auto half_open = std::count_if(sessions_.begin(), sessions_.end(),
                                       [](const auto& s) { return !s.second.ready; });
  if (inbound >= options_.inbound_max || half_open >= options_.handshakes_max) {
    services_.metrics.handshake_failures.with({"busy"}).add();
    return transport_.close(connection, Error{ErrorCode::busy, "p2p", "too many connections"});
  }
  start_session(connection, remote, nullptr);
}

void PeersActor::start_session(ConnectionId connection, const Endpoint& remote,
                               const Wanted* wanted) {
  SessionOptions options = options_.session;
  options.connection = connection;
  options.remote = remote;
  if (wanted != nullptr) options.expected = wanted->address.id;
  rt::ChildSpec spec;
  spec.name = "session/" + std::to_string(connection);
  spec.restart = rt::Restart::temporary;
  // Nothing of this actor: the factory runs in the session's thread and may outlive us.
  spec.factory = [services = services_, &transport = transport_, &identity = identity_,
                  options](rt::ActorContext& context) {
    return std::make_unique<SessionActor>(context, services, transport, identity, options);
  };
  const auto child = context().start_child(std::move(spec));
  if (!child) return transport_.close(connection, child.error());
  Session session;
  session.connection = connection;
  session.ref = rt::ActorRef<SessionRole>(*child);
  session.remote = remote;
  session.outbound = wanted != nullptr;
  session.number = child->number();
  session.since = context().now();
  sessions_.emplace(connection, std::move(session));
}

void PeersActor::on_failed(schema::ConnectionFailed::Reader in, const Envelope&) {
  Wanted* wanted = wanted_by_connection(in.getConnection());
  if (wanted == nullptr) return;
  wanted->dialling = 0;
  retry_later(*wanted);
  log_event(services_.log, Event::dial_failed,
            {{"address", wanted->address.endpoint.to_string()}, {"text", in.getText().cStr()}});
}

void PeersActor::on_ready(schema::SessionReady::Reader in, const Envelope&) {
  const auto it = sessions_.find(in.getConnection());
  if (it == sessions_.end())
    return transport_.close(in.getConnection(), Error{ErrorCode::cancelled, "p2p",
                                                      "session of an earlier incarnation"});
  Session& session = it->second;
  session.id = NodeId::from(as_view(in.getNodeId()));
  session.moniker = in.getMoniker().cStr();
  session.tip = in.getTip();
  if (is_banned(session.id)) return close(session, ErrorCode::not_allowed, "banned");
  if (!settle_tie(session)) return close(session, ErrorCode::duplicate, "already connected");
  session.ready = true;
  session.since = context().now();
  if (Wanted* wanted = wanted_by_id(session.id)) {
    wanted->connected = true;
    if (wanted->dialling == session.connection) wanted->dialling = 0;
  }
  log_event(services_.log, Event::peer_up,
            {{"peer", session.id},
             {"address", session.remote.to_string()},
             {"outbound", session.outbound}});
  tell(session, schema::PublishedEvent::PEER_UP, {});
  update_metrics();
}

// One session per peer. True: `session` stays and another one, if there is one, is closed.
//
// Two nodes that dial each other at once see the same two connections come up within moments: both
// keep the one the smaller id opened. A connection that comes later is the answer of a peer that
// has lost the first one (it was restarted, its network went away), whatever our socket says of
// it: the newer one is kept. So is the newer of two that the same side opened.
bool PeersActor::settle_tie(Session& session) {
  const bool we_are_smaller = identity_.node_key.node_id() < session.id;
  for (auto& [connection, other] : sessions_) {
    if (!other.ready || other.id != session.id) continue;
    const bool crossed =
        session.outbound != other.outbound && context().now() - other.since < options_.tie_window;
    if (crossed && session.outbound != we_are_smaller) return false;
    close(other, ErrorCode::duplicate, "replaced by another connection of this peer");
    other.ready = false;
    other.replaced = true;
    break;
  }
  return true;
}

void PeersActor::on_progress(schema::SessionProgress::Reader in, const Envelope&) {
  const auto it = sessions_.find(in.getConnection());
  if (it != sessions_.end()) it->second.tip = in.getTip();
}

void PeersActor::on_ended(schema::SessionEnded::Reader in, const Envelope&) {
  const auto it = sessions_.find(in.getConnection());
  if (it == sessions_.end()) return;
  if (in.getOffence()) {
    it->second.id = NodeId::from(as_view(in.getNodeId()));
    punish(it->second, protocol_violation_points, in.getCode().cStr(), in.getText().cStr());
  }
  forget(in.getConnection(), in.getText().cStr());
}

// A session that crashed could not say so. Looked at twice: one that ended has its SessionEnded,
// with the reason, in our mailbox.
void PeersActor::forget_crashed() {
  std::vector<ConnectionId> crashed;
  for (auto& [connection, session] : sessions_) {
    // A mailbox without a bound in a bounded class: nobody stands in the slot.
    if (session.ref.load(rt::MailboxClass::consensus).bound != 0) continue;
    if (std::exchange(session.missing, true)) crashed.push_back(connection);
  }
  for (const ConnectionId connection : crashed) {
    const Error reason{ErrorCode::internal, "session", "failed"};
    transport_.close(connection, reason);
    Draft<schema::PeerGone> gone;
    gone->setPeer(sessions_.at(connection).number);
    (void)sync_.send(std::move(gone));
    forget(connection, reason.to_string());
  }
}

// REQUIRES: the session is known and over.
void PeersActor::forget(ConnectionId connection, const std::string& reason) {
  const Session session = sessions_.extract(connection).mapped();
  const bool was_peer = session.ready || session.replaced;
  if (was_peer)
    log_event(services_.log, Event::peer_down, {{"peer", session.id}, {"reason", reason}});
  else
    log_event(services_.log, Event::handshake_failed,
              {{"address", session.remote.to_string()}, {"reason", reason}});
  if (session.ready) tell(session, schema::PublishedEvent::PEER_DOWN, reason);
  Wanted* wanted = was_peer ? wanted_by_id(session.id) : wanted_by_connection(session.connection);
  if (wanted != nullptr) {
    // One that is refused right after the hello (we are banned there) does not start over.
    if (session.ready && context().now() - session.since >= stable_after) wanted->failures = 0;
    if (wanted->dialling == connection) wanted->dialling = 0;
    wanted->connected = std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& s) {
      return s.second.ready && s.second.id == wanted->address.id;
    });
    if (!wanted->connected && wanted->dialling == 0) retry_later(*wanted);
  }
  update_metrics();
}

void PeersActor::close(Session& session, ErrorCode code, std::string text) {
  Draft<schema::CloseSession> order;
  order->setCode(std::string(name_of(code)));
  order->setText(text);
  (void)session.ref.send(std::move(order));
}

// ---- dialling

void PeersActor::on_dial_timer(schema::DialTimer::Reader, const Envelope&) {
  forget_crashed();
  services_.metrics.banned_peers.set_count(options_.conduct->banned(context().now()));
  dial_due();
  context().send_after(dial_tick, Draft<schema::DialTimer>());
}

void PeersActor::dial_due() {
  const Instant now = context().now();
  for (Wanted& wanted : wanted_) {
    if (wanted.connected || wanted.dialling != 0 || wanted.next_dial > now) continue;
    if (is_banned(wanted.address.id)) continue;
    wanted.dialling = transport_.connect(wanted.address.endpoint, options_.dial_timeout);
  }
}

void PeersActor::retry_later(Wanted& wanted) {
  const std::uint32_t doublings = std::min(wanted.failures++, 16U);
  const Duration base =
      std::min(options_.backoff_max, options_.backoff_min * (std::int64_t{1} << doublings));
  const auto jitter = static_cast<std::int64_t>(
      context().random().below(static_cast<std::uint64_t>(base.ns / 2 + 1)));
  wanted.next_dial = context().now() + Duration{base.ns / 2 + jitter};
}

// ---- conduct

void PeersActor::on_misbehaved(schema::PeerMisbehaved::Reader in, const Envelope&) {
  Session* session = session_by_number(in.getPeer());
  if (session == nullptr || !session->ready) return;
  const std::string code = in.getCode().cStr();
  if (punish(*session, points_for(code), code, in.getText().cStr()))
    close(*session, ErrorCode::not_allowed, "misbehaviour: " + code);
}

// True: the peer is banned by this.
bool PeersActor::punish(const Session& session, std::uint32_t points, const std::string& code,
                        const std::string& text) {
  services_.metrics.peer_offences.with({code}).add();
  log_event(services_.log, Event::peer_offence,
            {{"peer", session.id}, {"code", code}, {"points", points}, {"text", text}});
  const bool persistent = wanted_by_id(session.id) != nullptr;
  const auto ban = options_.conduct->offend(session.id, points, persistent, context().now());
  if (!ban) return false;
  log_event(services_.log, Event::peer_banned,
            {{"peer", session.id}, {"reason", text}, {"seconds", ban->ns / 1'000'000'000}});
  tell(session, schema::PublishedEvent::PEER_BANNED, text);
  update_metrics();
  return true;
}

bool PeersActor::is_banned(const NodeId& id) const {
  return options_.conduct->is_banned(id, context().now());
}

// ---- broadcast and questions

template <class T>
void PeersActor::broadcast(typename T::Reader, const Envelope& envelope) {
  for (const auto& [connection, session] : sessions_)
    if (session.ready) (void)session.ref.template send<T>(envelope);
}

void PeersActor::on_get_peers(schema::GetPeers::Reader, const Envelope& envelope) {
  std::vector<const Session*> ready;
  for (const auto& [connection, session] : sessions_)
    if (session.ready) ready.push_back(&session);
  Draft<schema::PeersView> view(64 + ready.size() * 32);
  view->setListening(true);
  view->setListenAddress(listening_.to_string());
  auto list = view->initPeers(static_cast<kj::uint>(ready.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    const Session& session = *ready[i];
    list[i].setNodeId(as_data(session.id));
    list[i].setAddress(session.remote.to_string());
    list[i].setMoniker(session.moniker);
    list[i].setOutbound(session.outbound);
    list[i].setHeight(session.tip);
    list[i].setConnectedSeconds(
        static_cast<std::uint64_t>((context().now() - session.since).ns / 1'000'000'000));
    list[i].setSendQueue(session.ref.load(rt::MailboxClass::consensus).depth);
    list[i].setScore(
        -static_cast<std::int32_t>(options_.conduct->points(session.id, context().now())));
  }
  view->setBanned(static_cast<std::uint32_t>(options_.conduct->banned(context().now())));
  context().reply(envelope, std::move(view));
}

void PeersActor::tell(const Session& session, schema::PublishedEvent::Which what,
                      const std::string& reason) {
  Draft<schema::PublishedEvent> event(96);
  auto view = what == schema::PublishedEvent::PEER_UP     ? event->initPeerUp()
              : what == schema::PublishedEvent::PEER_DOWN ? event->initPeerDown()
                                                          : event->initPeerBanned();
  view.setNodeId(as_data(session.id));
  view.setAddress(session.remote.to_string());
  view.setReason(reason);
  (void)events_.send(std::move(event));
}

void PeersActor::update_metrics() {
  services_.metrics.peers.set_count(static_cast<std::uint64_t>(std::count_if(
      sessions_.begin(), sessions_.end(), [](const auto& s) { return s.second.ready; })));
  services_.metrics.banned_peers.set_count(options_.conduct->banned(context().now()));
}

PeersActor::Wanted* PeersActor::wanted_by_id(const NodeId& id) {
  const auto it = std::find_if(wanted_.begin(), wanted_.end(),
                               [&](const Wanted& w) { return w.address.id == id; });
  return it == wanted_.end() ? nullptr : &*it;
}

PeersActor::Wanted* PeersActor::wanted_by_connection(ConnectionId connection) {
  const auto it = std::find_if(wanted_.begin(), wanted_.end(),
                               [&](const Wanted& w) { return w.dialling == connection; });
  return it == wanted_.end() ? nullptr : &*it;
}

PeersActor::Session* PeersActor::session_by_number(std::uint32_t number) {
  const auto it = std::find_if(sessions_.begin(), sessions_.end(),
                               [&](const auto& s) { return s.second.number == number; });
  return it == sessions_.end() ? nullptr : &it->second;
}

}  // namespace witan::peers
