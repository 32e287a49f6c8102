// TransportBridge: what a transport reports, as envelopes to the peers actor and the sessions.
#pragma once
#include <map>

#include "actors/peers/interface.hpp"
#include "actors/peers/transport.hpp"
#include "actors/runtime/runtime.hpp"

namespace witan::peers {

// Called on the transport's thread only. Outlives the transport's stop(). A connection that opens
// while no peers actor runs (it is being restarted) is closed at once: nobody would ever own it.
class TransportBridge final : public TransportEvents {
 public:
  TransportBridge(rt::Runtime& runtime, Transport& transport);

  void on_accepted(ConnectionId connection, const Endpoint& remote) override;
  void on_connected(ConnectionId connection, const Endpoint& remote) override;
  void on_connect_failed(ConnectionId connection, const Error& error) override;
  void on_bytes(ConnectionId connection, ByteView bytes) override;
  void on_drained(ConnectionId connection) override;
  void on_closed(ConnectionId connection, const Error& reason) override;

 private:
  void opened(ConnectionId connection, const Endpoint& remote, bool outbound);
  rt::ActorRef<SessionRole>& session(ConnectionId connection);

  rt::Runtime& runtime_;
  Transport& transport_;
  rt::ActorRef<PeersRole> manager_;
  std::map<ConnectionId, rt::ActorRef<SessionRole>> sessions_;
};

}  // namespace witan::peers
