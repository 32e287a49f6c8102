#include "actors/peers/peers_actor.hpp"

#include <algorithm>

#include "messages/base/hex.hpp"

namespace witan::peers {
namespace {

constexpr Duration dial_tick = Duration::from_ms(50);
constexpr std::uint32_t ban_points = 100;
constexpr std::size_t records_max = 1024;

// What a proven offence costs; at ban_points the peer is refused for a while.
std::uint32_t points_for(std::string_view code) {
  if (code == name_of(ErrorCode::bad_signature)) return 50;
  if (code == name_of(ErrorCode::invalid_block)) return 100;
  if (code == name_of(ErrorCode::malformed)) return 100;
  return 20;
}

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
      events_(context.ref<EventsRole>(EventsRole::path)) {
  for (const PeerAddress& address : options_.persistent)
    if (address.id != identity_.node_key.node_id()) wanted_.push_back({.address = address});
  handle<schema::ConnectionOpened>(&PeersActor::on_opened);
  handle<schema::ConnectionFailed>(&PeersActor::on_failed);
  handle<schema::SessionReady>(&PeersActor::on_ready);
  handle<schema::SessionEnded>(&PeersActor::on_ended);
  handle<schema::PeerMisbehaved>(&PeersActor::on_misbehaved);
  handle<schema::GetPeers>(&PeersActor::on_get_peers);
  handle<schema::Vote>(&PeersActor::broadcast<schema::Vote>);
  handle<schema::Proposal>(&PeersActor::broadcast<schema::Proposal>);
  handle<schema::BlockPart>(&PeersActor::broadcast<schema::BlockPart>);
  handle<schema::Certificate>(&PeersActor::broadcast<schema::Certificate>);
  handle<schema::RoundStatus>(&PeersActor::broadcast<schema::RoundStatus>);
  handle<schema::TransactionBatch>(&PeersActor::broadcast<schema::TransactionBatch>);
  handle<schema::SyncStatus>(&PeersActor::broadcast<schema::SyncStatus>);
  own<schema::DialTimer>(&PeersActor::on_dial_timer);
}

void PeersActor::started() {
  const auto bound = transport_.listen(options_.listen);
  if (!bound) context().fail_node(ErrorCode::config, bound.error().to_string());
  listening_ = *bound;
  log_event(services_.log, Event::listening, {{"address", listening_.to_string()}});
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
  spec.factory = [this, options](rt::ActorContext& context) {
    return std::make_unique<SessionActor>(context, services_, transport_, identity_, options);
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
  if (it == sessions_.end()) return;
  Session& session = it->second;
  session.id = NodeId::from(as_view(in.getNodeId()));
  session.moniker = in.getMoniker().cStr();
  session.tip = in.getTip();
  if (is_banned(session.id)) return close(session, ErrorCode::not_allowed, "banned");

  // Two nodes may dial each other at once; both keep the connection that the smaller id opened.
  for (auto& [connection, other] : sessions_) {
    if (!other.ready || other.id != session.id) continue;
    const bool we_are_smaller = identity_.node_key.node_id() < session.id;
    // The same side opened both: it has lost the first one, whatever our socket says.
    const bool keep_new = session.outbound == other.outbound || session.outbound == we_are_smaller;
    if (!keep_new) return close(session, ErrorCode::duplicate, "already connected");
    close(other, ErrorCode::duplicate, "replaced by the connection of the smaller node id");
    other.ready = false;
    break;
  }
  session.ready = true;
  if (Wanted* wanted = wanted_by_id(session.id)) {
    wanted->connected = true;
    wanted->failures = 0;
    if (wanted->dialling == session.connection) wanted->dialling = 0;
  }
  log_event(services_.log, Event::peer_up,
            {{"peer", session.id},
             {"address", session.remote.to_string()},
             {"outbound", session.outbound}});
  tell(session, schema::PublishedEvent::PEER_UP, {});
  update_metrics();
}

void PeersActor::on_ended(schema::SessionEnded::Reader in, const Envelope&) {
  const auto it = sessions_.find(in.getConnection());
  if (it == sessions_.end()) return;
  const Session session = it->second;
  sessions_.erase(it);
  const std::string code = in.getCode().cStr();
  log_event(services_.log, session.ready ? Event::peer_down : Event::handshake_failed,
            {{"address", session.remote.to_string()}, {"reason", in.getText().cStr()}});
  if (session.ready) tell(session, schema::PublishedEvent::PEER_DOWN, in.getText().cStr());
  Wanted* wanted =
      session.ready ? wanted_by_id(session.id) : wanted_by_connection(session.connection);
  if (wanted != nullptr) {
    wanted->dialling = 0;
    wanted->connected = std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& s) {
      return s.second.ready && s.second.id == wanted->address.id;
    });
    if (!wanted->connected) retry_later(*wanted);
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
  if (records_.size() >= records_max && !records_.contains(session->id))
    records_.erase(records_.begin());
  Record& record = records_[session->id];
  record.points += points_for(in.getCode().cStr());
  if (record.points < ban_points) return;
  record.points = 0;
  const std::int64_t factor = std::int64_t{1} << std::min(record.bans++, 10U);
  record.banned_until = context().now() + options_.ban * factor;
  log_event(services_.log, Event::peer_banned,
            {{"peer", session->id},
             {"reason", in.getText().cStr()},
             {"seconds", options_.ban.ns * factor / 1'000'000'000}});
  tell(*session, schema::PublishedEvent::PEER_BANNED, in.getText().cStr());
  close(*session, ErrorCode::not_allowed, "misbehaviour: " + std::string(in.getCode().cStr()));
  update_metrics();
}

bool PeersActor::is_banned(const NodeId& id) const {
  const auto it = records_.find(id);
  return it != records_.end() && it->second.banned_until > context().now();
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
    const auto record = records_.find(session.id);
    list[i].setScore(record == records_.end() ? 0
                                              : -static_cast<std::int32_t>(record->second.points));
  }
  view->setBanned(static_cast<std::uint32_t>(std::count_if(
      records_.begin(), records_.end(), [this](const auto& r) { return is_banned(r.first); })));
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
  services_.metrics.banned_peers.set_count(static_cast<std::uint64_t>(std::count_if(
      records_.begin(), records_.end(), [this](const auto& r) { return is_banned(r.first); })));
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
