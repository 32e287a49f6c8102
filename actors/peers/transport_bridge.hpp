// TransportBridge: what a transport reports, as envelopes to the peers actor and the sessions.
#pragma once
#include <map>

#include "actors/peers/interface.hpp"
#include "actors/peers/transport.hpp"
#include "actors/runtime/runtime.hpp"

namespace witan::peers {

// Called on the transport's thread only. Outlives the transport's stop().
class TransportBridge final : public TransportEvents {
 public:
  explicit TransportBridge(rt::Runtime& runtime);

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
  rt::ActorRef<PeersRole> manager_;
  std::map<ConnectionId, rt::ActorRef<SessionRole>> sessions_;
};

}  // namespace witan::peers
