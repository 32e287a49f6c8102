// The seam under peer connections: sockets in production, simulated links in the simulator.
// Bytes only: handshakes, encryption and framing belong to the sessions above.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::peers {

using ConnectionId = std::uint64_t;  // never reused in a process; 0 = none

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  [[nodiscard]] std::string to_string() const { return host + ":" + std::to_string(port); }
  bool operator==(const Endpoint&) const = default;
};
// "host:port", "[v6]:port". Errors: malformed (field `field`).
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text, std::string field);

// Callbacks of a transport, on its io thread (or the simulator's): they must not block.
class TransportEvents {
 public:
  virtual ~TransportEvents() = default;
  virtual void on_accepted(ConnectionId connection, const Endpoint& remote) = 0;
  virtual void on_connected(ConnectionId connection, const Endpoint& remote) = 0;
  virtual void on_connect_failed(ConnectionId connection, const Error& error) = 0;
  // At most `read_credit` bytes are delivered before the owner returns credit with consumed().
  virtual void on_bytes(ConnectionId connection, ByteView bytes) = 0;
  // Everything handed to send() so far was written to the socket.
  virtual void on_drained(ConnectionId connection) = 0;
  virtual void on_closed(ConnectionId connection, const Error& reason) = 0;
};

// Thread-safe. Every connection ends with exactly one on_connect_failed or on_closed.
class Transport {
 public:
  virtual ~Transport() = default;
  // Must be called once, before anything else.
  virtual void set_events(TransportEvents* events) = 0;
  // Port 0 asks for a free one; returns the bound endpoint. Asked again for the same endpoint it
  // returns what is bound: a restarted owner takes the listener over. Errors: network.
  [[nodiscard]] virtual Result<Endpoint> listen(const Endpoint& at) = 0;
  virtual ConnectionId connect(const Endpoint& to, Duration timeout) = 0;
  // Nothing is read from a connection before this: its owner has to be in place.
  virtual void start_reading(ConnectionId connection) = 0;
  // Writes what the socket takes now and queues the rest; returns how many bytes are queued. When
  // that is not 0, on_drained follows. Bytes after a close are dropped.
  virtual std::size_t send(ConnectionId connection, Bytes bytes) = 0;
  // Returns `bytes` of read credit: back-pressure from the mailboxes to the socket.
  virtual void consumed(ConnectionId connection, std::size_t bytes) = 0;
  // Writes what is queued (bounded by a short deadline), then closes.
  virtual void close(ConnectionId connection, const Error& reason) = 0;
  // Closes every connection there is, those being dialled included; the listener stays.
  virtual void close_all(const Error& reason) = 0;
  // Accepts no more connections, for good.
  virtual void stop_listening() = 0;
  // Closes everything and joins the io thread.
  virtual void stop() = 0;
};

struct SocketOptions {
  std::size_t read_credit_bytes = 1024 * 1024;  // unread bytes per connection
  std::size_t write_queue_bytes_max = 32 * 1024 * 1024;
};
// TCP through Boost.Asio on one io thread, TCP_NODELAY on.
[[nodiscard]] std::unique_ptr<Transport> make_socket_transport(SocketOptions options);

}  // namespace witan::peers
