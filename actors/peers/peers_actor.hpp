// PeersActor: listens, dials, and knows every session. Decides who may connect, keeps persistent
// peers connected (backoff with jitter, never giving up), breaks ties between double connections,
// bans who provably misbehaves, and broadcasts what validators say to all ready sessions.
//
// Restart: sessions stand after it in a rest_for_one family, so when it fails they all end first
// (each says goodbye and tells sync). The next incarnation closes what connections are left, takes
// the listener over, knows the bans, and dials again: one clean state instead of a guessed one.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "actors/peers/conduct.hpp"
#include "actors/peers/session_actor.hpp"
#include "actors/runtime/supervisor.hpp"

namespace witan::peers {

struct PeerAddress {
  NodeId id;
  Endpoint endpoint;
};
// "<node public key hex>@host:port". Errors: malformed, bad_key (field `field`).
[[nodiscard]] Result<PeerAddress> parse_peer_address(std::string_view text, std::string field);

struct PeersOptions {
  Endpoint listen;
  std::vector<PeerAddress> persistent;
  std::uint32_t inbound_max = 40;
  std::uint32_t handshakes_max = 16;  // connections that are not sessions yet
  Duration dial_timeout = Duration::from_s(3);
  Duration backoff_min = Duration::from_ms(100);
  Duration backoff_max = Duration::from_s(10);
  // Of two connections of one peer that both came up within this time both ends keep the one the
  // smaller node id opened; later the newer one wins: the older may be dead without our knowing.
  Duration tie_window = Duration::from_s(5);
  std::shared_ptr<Conduct> conduct;  // outlives incarnations; made by family()
  SessionOptions session;            // template: connection, remote, expected are filled in
};

// /node/peers: the peers actor and, started by it, the sessions. `transport` and `identity` outlive
// the tree.
[[nodiscard]] rt::SupervisorSpec family(Services services, Transport& transport,
                                        const Identity& identity, PeersOptions options);

class PeersActor final : public rt::ActorFor<PeersRole> {
 public:
  PeersActor(rt::ActorContext& context, Services services, Transport& transport,
             const Identity& identity, PeersOptions options);
  void started() override;
  void stopping() override;

 private:
  struct Session {
    ConnectionId connection = 0;
    rt::ActorRef<SessionRole> ref;
    Endpoint remote;
    NodeId id;
    std::string moniker;
    std::uint64_t tip = 0;
    bool outbound = false;
    bool ready = false;
    bool replaced = false;  // a newer connection of its peer won; it is being closed
    bool missing = false;   // nobody stood in its slot at the last look
    std::uint32_t number = 0;
    Instant since{};  // it was opened; once ready: it became ready
  };
  struct Wanted {  // a persistent peer
    PeerAddress address;
    ConnectionId dialling = 0;  // connection being opened or not ready yet
    bool connected = false;
    std::uint32_t failures = 0;
    Instant next_dial{};
  };

  void on_opened(schema::ConnectionOpened::Reader in, const Envelope& envelope);
  void on_failed(schema::ConnectionFailed::Reader in, const Envelope& envelope);
  void on_ready(schema::SessionReady::Reader in, const Envelope& envelope);
  void on_progress(schema::SessionProgress::Reader in, const Envelope& envelope);
  void on_ended(schema::SessionEnded::Reader in, const Envelope& envelope);
  void on_misbehaved(schema::PeerMisbehaved::Reader in, const Envelope& envelope);
  void on_get_peers(schema::GetPeers::Reader in, const Envelope& envelope);
  void on_dial_timer(schema::DialTimer::Reader in, const Envelope& envelope);
  template <class T>
  void broadcast(typename T::Reader in, const Envelope& envelope);

  void start_session(ConnectionId connection, const Endpoint& remote, const Wanted* wanted);
  void dial_due();
  void retry_later(Wanted& wanted);
  void close(Session& session, ErrorCode code, std::string text);
  [[nodiscard]] bool settle_tie(Session& session);
  void forget_crashed();
  void forget(ConnectionId connection, const std::string& reason);
  bool punish(const Session& session, std::uint32_t points, const std::string& code,
              const std::string& text);
  [[nodiscard]] bool is_banned(const NodeId& id) const;
  Wanted* wanted_by_id(const NodeId& id);
  Wanted* wanted_by_connection(ConnectionId connection);
  Session* session_by_number(std::uint32_t number);
  void update_metrics();
  void tell(const Session& session, schema::PublishedEvent::Which what, const std::string& reason);

  Services services_;
  Transport& transport_;
  const Identity& identity_;
  PeersOptions options_;
  Endpoint listening_;
  std::map<ConnectionId, Session> sessions_;
  std::vector<Wanted> wanted_;
  rt::ActorRef<EventsRole> events_;
  rt::ActorRef<SyncRole> sync_;
};

}  // namespace witan::peers
