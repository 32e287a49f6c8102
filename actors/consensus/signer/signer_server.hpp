// The sockets of a signer process: accepts connections, lets in only nodes it was told of (and its
// own key, for status and drain), and passes their requests to the service one by one. One thread
// accepts, one serves each connection; connections and everything read are bounded.
//
// A connection ends when its node is silent for idle_limit, breaks the encryption, or the server
// stops; never because of what was asked (P51).
#pragma once
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/consensus/signer/secure_channel.hpp"
#include "actors/consensus/signer/signer_service.hpp"

namespace witan::signer {

inline constexpr std::size_t connections_max = 16;
inline constexpr Duration handshake_limit = Duration::from_s(5);
inline constexpr Duration idle_limit = Duration::from_s(30);
inline constexpr Duration write_limit = Duration::from_s(5);

class SignerServer {
 public:
  // `self` and `service` outlive the server. Errors: those of ListenSocket::listen.
  [[nodiscard]] static Result<std::unique_ptr<SignerServer>> start(
      const SignerAddress& address, const SecretKey& self, std::vector<NodeId> allowed,
      SignerService& service, Logger& events, const Clock& clock);
  ~SignerServer();  // stop()
  SignerServer(const SignerServer&) = delete;
  SignerServer& operator=(const SignerServer&) = delete;

  // Ends every connection after the request it is at, and waits for the threads.
  void stop();
  [[nodiscard]] const SignerAddress& address() const { return listener_.address(); }

 private:
  struct Connection {
    std::thread thread;
    std::mutex mutex;                      // of `socket`
    const StreamSocket* socket = nullptr;  // while there is one to wake
    std::atomic<bool> ended{false};
  };
  SignerServer(ListenSocket listener, const SecretKey& self, std::vector<NodeId> allowed,
               SignerService& service, Logger& events, const Clock& clock);
  void accept_loop();
  void serve(Connection& connection, StreamSocket socket);
  void serve_channel(Connection& connection, SecureChannel& channel);
  [[nodiscard]] bool is_allowed(const NodeId& node) const;
  void reap();

  ListenSocket listener_;
  const SecretKey& self_;
  std::vector<NodeId> allowed_;
  SignerService& service_;
  Logger& events_;
  const Clock& clock_;
  std::atomic<bool> stopping_{false};
  std::list<Connection> connections_;  // of the accepting thread, and of stop() after it ended
  std::thread acceptor_;
};

}  // namespace witan::signer
