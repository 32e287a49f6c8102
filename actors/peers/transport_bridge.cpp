#include "actors/peers/transport_bridge.hpp"

namespace witan::peers {

TransportBridge::TransportBridge(rt::Runtime& runtime, Transport& transport)
    : runtime_(runtime), transport_(transport), manager_(runtime.ref<PeersRole>(PeersRole::path)) {}

rt::ActorRef<SessionRole>& TransportBridge::session(ConnectionId connection) {
  auto it = sessions_.find(connection);
  if (it == sessions_.end())
    it = sessions_
             .emplace(connection, runtime_.ref<SessionRole>("/node/peers/session/" +
                                                            std::to_string(connection)))
             .first;
  return it->second;
}

void TransportBridge::opened(ConnectionId connection, const Endpoint& remote, bool outbound) {
  Draft<schema::ConnectionOpened> opened;
  opened->setConnection(connection);
  opened->setHost(remote.host);
  opened->setPort(remote.port);
  opened->setOutbound(outbound);
  if (manager_.send(std::move(opened)) != rt::Delivery::delivered)
    transport_.close(connection, Error{ErrorCode::unavailable, "p2p", "no peers actor runs"});
}

void TransportBridge::on_accepted(ConnectionId connection, const Endpoint& remote) {
  opened(connection, remote, false);
}

void TransportBridge::on_connected(ConnectionId connection, const Endpoint& remote) {
  opened(connection, remote, true);
}

void TransportBridge::on_connect_failed(ConnectionId connection, const Error& error) {
  Draft<schema::ConnectionFailed> failed;
  failed->setConnection(connection);
  failed->setCode(std::string(name_of(error.code)));
  failed->setText(error.text);
  (void)manager_.send(std::move(failed));
}

// vote path 1/10: bytes from the socket become a message to the session
void TransportBridge::on_bytes(ConnectionId connection, ByteView bytes) {
  Draft<schema::SocketBytes> draft(bytes.size() / 8 + 8);
  draft->setBytes(as_data(bytes));
  (void)session(connection).send(std::move(draft));
}

void TransportBridge::on_drained(ConnectionId connection) {
  (void)session(connection).send(Draft<schema::SocketDrained>());
}

void TransportBridge::on_closed(ConnectionId connection, const Error& reason) {
  Draft<schema::SocketClosed> closed;
  closed->setCode(std::string(name_of(reason.code)));
  closed->setText(reason.text);
  (void)session(connection).send(std::move(closed));
  sessions_.erase(connection);
}

}  // namespace witan::peers
