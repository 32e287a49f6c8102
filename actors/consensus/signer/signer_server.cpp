#include "actors/consensus/signer/signer_server.hpp"

#include <algorithm>

namespace witan::signer {
namespace {
constexpr Duration accept_period = Duration::from_ms(100);
}

Result<std::unique_ptr<SignerServer>> SignerServer::start(const SignerAddress& address,
                                                          const SecretKey& self,
                                                          std::vector<NodeId> allowed,
                                                          SignerService& service, Logger& events,
                                                          const Clock& clock) {
  WITAN_TRY(ListenSocket listener, ListenSocket::listen(address, clock));
  std::unique_ptr<SignerServer> out(
      new SignerServer(std::move(listener), self, std::move(allowed), service, events, clock));
  out->acceptor_ = std::thread([server = out.get()] { server->accept_loop(); });
  return out;
}

SignerServer::SignerServer(ListenSocket listener, const SecretKey& self,
                           std::vector<NodeId> allowed, SignerService& service, Logger& events,
                           const Clock& clock)
    : listener_(std::move(listener)),
      self_(self),
      allowed_(std::move(allowed)),
      service_(service),
      events_(events),
      clock_(clock) {
  allowed_.push_back(self_.node_id());
}

SignerServer::~SignerServer() { stop(); }

bool SignerServer::is_allowed(const NodeId& node) const {
  return std::find(allowed_.begin(), allowed_.end(), node) != allowed_.end();
}

void SignerServer::accept_loop() {
  while (!stopping_) {
    auto accepted = listener_.accept(accept_period);
    reap();
    if (!accepted) {
      log_event(events_, Event::signer_client, {{"node", ""}, {"text", accepted.error().text}});
      return;  // the process notices that nobody connects; what is connected goes on
    }
    if (!*accepted || connections_.size() >= connections_max) continue;
    Connection& connection = connections_.emplace_back();
    connection.thread = std::thread(
        [this, &connection, socket = std::make_shared<StreamSocket>(std::move(**accepted))] {
          serve(connection, std::move(*socket));
          connection.ended = true;
        });
  }
}

void SignerServer::reap() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (it->ended) {
      it->thread.join();
      it = connections_.erase(it);
    } else {
      ++it;
    }
  }
}

void SignerServer::serve(Connection& connection, StreamSocket socket) {
  auto channel = SecureChannel::respond(std::move(socket), self_, clock_.now() + handshake_limit);
  if (!channel) {
    log_event(events_, Event::signer_client, {{"node", ""}, {"text", channel.error().to_string()}});
    return;
  }
  if (!is_allowed(channel->remote())) {
    log_event(events_, Event::signer_client,
              {{"node", channel->remote()}, {"text", "not in --allow: refused"}});
    return;
  }
  {
    const std::lock_guard lock(connection.mutex);
    connection.socket = &channel->socket();
  }
  service_.count_connection(1);
  serve_channel(connection, *channel);
  service_.count_connection(-1);
  const std::lock_guard lock(connection.mutex);
  connection.socket = nullptr;
}

void SignerServer::serve_channel(Connection&, SecureChannel& channel) {
  log_event(events_, Event::signer_client, {{"node", channel.remote()}, {"text", "connected"}});
  while (!stopping_) {
    auto request = channel.receive(clock_.now() + idle_limit);
    Status sent;
    if (request) {
      const Reply reply = service_.handle(channel.remote(), *request, clock_.now());
      // After a failed disk not even the refusal goes out: whoever waits sees the process end.
      if (service_.failure()) return;
      sent = channel.send(encode(reply), clock_.now() + write_limit);
    }
    if (request && sent) continue;
    const Error& error = request ? sent.error() : request.error();
    log_event(events_, Event::signer_client,
              {{"node", channel.remote()}, {"text", error.to_string()}});
    return;
  }
}

void SignerServer::stop() {
  stopping_ = true;
  if (acceptor_.joinable()) acceptor_.join();
  for (Connection& connection : connections_) {
    const std::lock_guard lock(connection.mutex);
    if (connection.socket != nullptr) connection.socket->shutdown();
  }
  for (Connection& connection : connections_) connection.thread.join();
  connections_.clear();
}

}  // namespace witan::signer
