// TCP through Boost.Asio: one io thread accepts, connects and reads; send() writes straight from
// the caller's thread while the socket takes it, so that a vote does not wait for a thread switch.
#include <netinet/tcp.h>
#include <sys/socket.h>

// Boost.Asio 1.74 uses std::exchange without including <utility>.
#include <utility>

#include <boost/asio.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "actors/peers/transport.hpp"
#include "messages/base/check.hpp"

namespace witan::peers {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr std::size_t read_buffer_bytes = 64 * 1024;
// What the kernel takes from us beyond what is on the wire. It would take megabytes, and a vote
// cannot overtake what it has.
constexpr int unsent_bytes_max = 16 * 1024;
constexpr auto close_deadline = std::chrono::milliseconds(200);
constexpr auto accept_retry = std::chrono::milliseconds(100);

Error network_error(const boost::system::error_code& code) {
  return Error{ErrorCode::network, "connection", code.message()};
}

Endpoint endpoint_of(const tcp::endpoint& from) {
  return Endpoint{from.address().to_string(), from.port()};
}

struct Connection {
  explicit Connection(asio::io_context& io) : socket(io), timer(io) {}

  ConnectionId id = 0;
  tcp::socket socket;
  asio::steady_timer timer;  // connect deadline, later close deadline
  Bytes read_buffer;
  std::atomic<std::size_t> unread{0};  // delivered, not yet consumed
  std::atomic<bool> read_paused{false};
  bool connecting = false;  // io thread only

  std::mutex mutex;  // guards all below
  std::deque<Bytes> queue;
  std::size_t queue_offset = 0;  // written bytes of queue.front()
  std::size_t queue_bytes = 0;
  bool open = false;
  bool write_armed = false;
  std::optional<Error> closing;  // set: write out the queue, then close with this reason
};
using ConnectionPtr = std::shared_ptr<Connection>;

class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(SocketOptions options)
      : options_(options),
        work_(asio::make_work_guard(io_)),
        acceptor_(io_),
        accept_timer_(io_),
        resolver_(io_) {}
  ~SocketTransport() override { stop(); }

  void set_events(TransportEvents* events) override {
    events_ = events;
    thread_ = std::thread([this] { io_.run(); });
  }

  Result<Endpoint> listen(const Endpoint& at) override;
  ConnectionId connect(const Endpoint& to, Duration timeout) override;
  void start_reading(ConnectionId id) override;
  std::size_t send(ConnectionId id, Bytes bytes) override;
  void consumed(ConnectionId id, std::size_t bytes) override;
  void close(ConnectionId id, const Error& reason) override;
  void close_all(const Error& reason) override;
  void stop_listening() override;
  void stop() override;

 private:
  enum class Written { all, blocked, failed };

  ConnectionPtr find(ConnectionId id);
  void add(const ConnectionPtr& c);
  void accept();
  void accept_later();
  void opened(const ConnectionPtr& c);
  void read(const ConnectionPtr& c);
  Written write_some(Connection& c);
  void arm_write(const ConnectionPtr& c);
  void finish(const ConnectionPtr& c, const Error& reason);
  void connect_to(const ConnectionPtr& c, const tcp::resolver::results_type& results);

  SocketOptions options_;
  TransportEvents* events_ = nullptr;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  tcp::resolver resolver_;
  std::mutex mutex_;  // guards all until next_id_
  std::map<ConnectionId, ConnectionPtr> connections_;
  struct Listening {
    Endpoint asked, bound;
  };
  std::optional<Listening> listening_;
  std::atomic<ConnectionId> next_id_{1};
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

ConnectionPtr SocketTransport::find(ConnectionId id) {
  const std::lock_guard lock(mutex_);
  const auto it = connections_.find(id);
  return it == connections_.end() ? nullptr : it->second;
}

void SocketTransport::add(const ConnectionPtr& c) {
  c->id = next_id_.fetch_add(1);
  const std::lock_guard lock(mutex_);
  connections_.emplace(c->id, c);
}

Result<Endpoint> SocketTransport::listen(const Endpoint& at) {
  const std::lock_guard lock(mutex_);
  if (listening_) {
    if (listening_->asked == at) return listening_->bound;
    return fail(ErrorCode::network, "p2p.laddr",
                "already listening on " + listening_->bound.to_string());
  }
  boost::system::error_code code;
  const auto address = asio::ip::make_address(at.host, code);
  if (code) return fail(ErrorCode::network, "p2p.laddr", "not an IP address: " + at.host);
  const tcp::endpoint local(address, at.port);
  acceptor_.open(local.protocol(), code);
  if (!code) acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor_.bind(local, code);
  if (!code) acceptor_.listen(128, code);
  if (code) {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    return fail(ErrorCode::network, "p2p.laddr",
                at.to_string() + ": " + code.message() + "; choose another p2p.laddr");
  }
  const Endpoint bound = endpoint_of(acceptor_.local_endpoint());
  listening_ = Listening{at, bound};
  asio::post(io_, [this] { accept(); });
  return bound;
}

void SocketTransport::accept() {
  // Known by its id only from here on: what was never announced is never reported as closed.
  auto c = std::make_shared<Connection>(io_);
  acceptor_.async_accept(c->socket, [this, c](const boost::system::error_code& code) {
    if (!acceptor_.is_open() || stopped_) return;
    if (code) return accept_later();
    boost::system::error_code ignored;
    const auto remote = c->socket.remote_endpoint(ignored);
    add(c);
    opened(c);
    events_->on_accepted(c->id, endpoint_of(remote));
    accept();
  });
}

// Out of descriptors, for example: trying again at once would only spin.
void SocketTransport::accept_later() {
  accept_timer_.expires_after(accept_retry);
  accept_timer_.async_wait([this](const boost::system::error_code& code) {
    if (!code && acceptor_.is_open()) accept();
  });
}

void SocketTransport::opened(const ConnectionPtr& c) {
  boost::system::error_code ignored;
  c->socket.set_option(tcp::no_delay(true), ignored);
  // An int by the interface of Linux; where it is refused votes only wait longer.
  (void)::setsockopt(c->socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max,
                     sizeof unsent_bytes_max);
  c->socket.non_blocking(true, ignored);
  c->read_buffer.resize(read_buffer_bytes);
  const std::lock_guard lock(c->mutex);
  c->open = true;
}

ConnectionId SocketTransport::connect(const Endpoint& to, Duration timeout) {
  auto c = std::make_shared<Connection>(io_);
  add(c);
  asio::post(io_, [this, c, to, timeout] {
    c->connecting = true;
    c->timer.expires_after(std::chrono::nanoseconds(timeout.ns));
    c->timer.async_wait([this, c](const boost::system::error_code& code) {
      if (code || !c->connecting) return;
      finish(c, Error{ErrorCode::timeout, "connection", "no answer before the dial timeout"});
    });
    resolver_.async_resolve(to.host, std::to_string(to.port),
                            [this, c](const boost::system::error_code& code, const auto& results) {
                              if (!c->connecting) return;
                              if (code) return finish(c, network_error(code));
                              connect_to(c, results);
                            });
  });
  return c->id;
}

void SocketTransport::connect_to(const ConnectionPtr& c,
                                 const tcp::resolver::results_type& results) {
  asio::async_connect(c->socket, results,
                      [this, c](const boost::system::error_code& code, const tcp::endpoint& at) {
                        if (!c->connecting) return;
                        if (code) return finish(c, network_error(code));
                        c->connecting = false;
                        c->timer.cancel();
                        opened(c);
                        events_->on_connected(c->id, endpoint_of(at));
                      });
}

void SocketTransport::read(const ConnectionPtr& c) {
  if (c->unread.load() >= options_.read_credit_bytes) {
    c->read_paused.store(true);
    // The consumer may have returned its credit between the two lines above.
    if (c->unread.load() >= options_.read_credit_bytes || !c->read_paused.exchange(false)) return;
  }
  c->socket.async_read_some(asio::buffer(c->read_buffer),
                            [this, c](const boost::system::error_code& code, std::size_t n) {
                              if (code) return finish(c, network_error(code));
                              c->unread.fetch_add(n);
                              events_->on_bytes(c->id, ByteView(c->read_buffer.data(), n));
                              read(c);
                            });
}

void SocketTransport::consumed(ConnectionId id, std::size_t bytes) {
  const auto c = find(id);
  if (!c) return;
  c->unread.fetch_sub(bytes);
  if (c->unread.load() < options_.read_credit_bytes && c->read_paused.exchange(false))
    asio::post(io_, [this, c] { read(c); });
}

// REQUIRES: c.mutex held and c.open.
SocketTransport::Written SocketTransport::write_some(Connection& c) {
  while (!c.queue.empty()) {
    const Bytes& front = c.queue.front();
    const ssize_t n = ::send(c.socket.native_handle(), front.data() + c.queue_offset,
                             front.size() - c.queue_offset, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Written::blocked : Written::failed;
    }
    c.queue_offset += static_cast<std::size_t>(n);
    c.queue_bytes -= static_cast<std::size_t>(n);
    if (c.queue_offset == front.size()) {
      c.queue.pop_front();
      c.queue_offset = 0;
    }
  }
  return Written::all;
}

void SocketTransport::start_reading(ConnectionId id) {
  if (const auto c = find(id)) asio::post(io_, [this, c] { read(c); });
}

std::size_t SocketTransport::send(ConnectionId id, Bytes bytes) {
  const auto c = find(id);
  if (!c || bytes.empty()) return 0;
  const std::lock_guard lock(c->mutex);
  if (!c->open || c->closing) return 0;
  const bool was_idle = c->queue.empty();
  c->queue_bytes += bytes.size();
  c->queue.push_back(std::move(bytes));
  if (c->queue_bytes > options_.write_queue_bytes_max) {
    c->open = false;
    asio::post(io_, [this, c] {
      finish(c, Error{ErrorCode::busy, "connection", "peer reads too slowly"});
    });
    return c->queue_bytes;
  }
  if (!was_idle || c->write_armed) return c->queue_bytes;
  const Written written = write_some(*c);
  if (written == Written::blocked) {
    c->write_armed = true;
    asio::post(io_, [this, c] { arm_write(c); });
  } else if (written == Written::failed) {
    // Not left to the read: that may be paused for want of credit.
    c->open = false;
    asio::post(io_, [this, c] {
      finish(c, Error{ErrorCode::network, "connection", "write failed"});
    });
  }
  return c->queue_bytes;
}

void SocketTransport::arm_write(const ConnectionPtr& c) {
  c->socket.async_wait(tcp::socket::wait_write, [this, c](const boost::system::error_code& code) {
    bool done = false;
    bool drained = false;
    std::optional<Error> reason;
    {
      const std::lock_guard lock(c->mutex);
      if (!c->open) return;
      const Written written = code ? Written::failed : write_some(*c);
      if (written == Written::blocked) {
        done = false;
      } else {
        c->write_armed = false;
        done = true;
        drained = written == Written::all;
        if (c->closing) reason = c->closing;
        if (written == Written::failed)
          reason = Error{ErrorCode::network, "connection", "write failed"};
      }
    }
    if (!done) return arm_write(c);
    if (reason) return finish(c, *reason);
    if (drained) events_->on_drained(c->id);
  });
}

void SocketTransport::close(ConnectionId id, const Error& reason) {
  const auto c = find(id);
  if (!c) return;
  {
    // At once, in the caller's thread: what it sends after this is dropped.
    const std::lock_guard lock(c->mutex);
    if (c->closing) return;
    c->closing = reason;
  }
  asio::post(io_, [this, c, reason] {
    {
      const std::lock_guard lock(c->mutex);
      if (c->open && !c->queue.empty()) {
        if (!c->write_armed) {
          c->write_armed = true;
          asio::post(io_, [this, c] { arm_write(c); });
        }
        c->timer.expires_after(close_deadline);
        c->timer.async_wait([this, c, reason](const boost::system::error_code& code) {
          if (!code) finish(c, reason);
        });
        return;
      }
    }
    finish(c, reason);
  });
}

void SocketTransport::close_all(const Error& reason) {
  std::vector<ConnectionId> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, c] : connections_) all.push_back(id);
  }
  for (const ConnectionId id : all) close(id, reason);
}

// Io thread. Reports the end exactly once: whoever removes the connection from the map reports.
void SocketTransport::finish(const ConnectionPtr& c, const Error& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (connections_.erase(c->id) == 0) return;
  }
  const bool never_opened = c->connecting;
  c->connecting = false;
  {
    const std::lock_guard lock(c->mutex);
    c->open = false;
    c->queue.clear();
    boost::system::error_code ignored;
    c->socket.shutdown(tcp::socket::shutdown_both, ignored);
    c->socket.close(ignored);
  }
  c->timer.cancel();
  if (never_opened)
    events_->on_connect_failed(c->id, reason);
  else
    events_->on_closed(c->id, reason);
}

void SocketTransport::stop_listening() {
  asio::post(io_, [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  });
}

void SocketTransport::stop() {
  if (stopped_.exchange(true)) return;
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    std::map<ConnectionId, ConnectionPtr> all;
    {
      const std::lock_guard lock(mutex_);
      all = connections_;
    }
    for (const auto& [id, c] : all)
      finish(c, Error{ErrorCode::cancelled, "connection", "shutdown"});
    work_.reset();
    io_.stop();
  });
  thread_.join();
}

}  // namespace

std::unique_ptr<Transport> make_socket_transport(SocketOptions options) {
  return std::make_unique<SocketTransport>(options);
}

}  // namespace witan::peers
