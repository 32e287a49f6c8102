// Connections in memory between any number of hosts: the Transport of deterministic runs. Nothing
// happens outside MemoryNetwork::run(); bytes arrive in order, at once, under read credit.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "actors/peers/transport.hpp"

namespace witan::test {

class MemoryNetwork {
 public:
  // A host of this network; must not outlive it.
  [[nodiscard]] std::unique_ptr<peers::Transport> host(std::size_t read_credit = 1024 * 1024);
  // Carries out everything that is under way. True if there was anything.
  bool run() {
    const bool any = !queue_.empty();
    while (!queue_.empty()) {
      const auto action = std::move(queue_.front());
      queue_.pop_front();
      action();
    }
    return any;
  }
  // How often anybody tried to open a connection.
  [[nodiscard]] std::size_t dials() const { return dials_; }

 private:
  friend class MemoryTransport;
  std::deque<std::function<void()>> queue_;
  std::map<std::uint16_t, class MemoryTransport*> listeners_;
  std::uint16_t next_port_ = 40'000;
  peers::ConnectionId next_id_ = 1;
  std::size_t dials_ = 0;
};

class MemoryTransport final : public peers::Transport {
 public:
  MemoryTransport(MemoryNetwork& network, std::size_t read_credit)
      : network_(network), read_credit_(read_credit) {}
  ~MemoryTransport() override { stop(); }

  void set_events(peers::TransportEvents* events) override { events_ = events; }
  Result<peers::Endpoint> listen(const peers::Endpoint& at) override {
    if (listening_ != 0 && at == asked_) return peers::Endpoint{at.host, listening_};
    const std::uint16_t port = at.port != 0 ? at.port : network_.next_port_++;
    if (!network_.listeners_.emplace(port, this).second)
      return fail(ErrorCode::network, "p2p.laddr", "address in use");
    listening_ = port;
    asked_ = at;
    return peers::Endpoint{at.host, port};
  }
  peers::ConnectionId connect(const peers::Endpoint& to, Duration) override {
    const peers::ConnectionId id = network_.next_id_++;
    ++network_.dials_;
    post([this, id, to] {
      const auto it = network_.listeners_.find(to.port);
      if (it == network_.listeners_.end())
        return events_->on_connect_failed(id, Error{ErrorCode::network, "connection", "refused"});
      MemoryTransport& other = *it->second;
      const peers::ConnectionId other_id = network_.next_id_++;
      ends_[id] = {&other, other_id, other.alive_};
      other.ends_[other_id] = {this, id, alive_};
      other.events_->on_accepted(other_id, peers::Endpoint{"10.0.0.1", 1});
      events_->on_connected(id, to);
    });
    return id;
  }
  void start_reading(peers::ConnectionId id) override {
    post([this, id] {
      const auto it = ends_.find(id);
      if (it == ends_.end()) return;
      it->second.reading = true;
      hand_over(id);
    });
  }
  std::size_t send(peers::ConnectionId id, Bytes bytes) override {
    const auto it = ends_.find(id);
    if (it == ends_.end() || it->second.closing) return 0;
    post([this, id, data = std::move(bytes)] {
      const auto end = ends_.find(id);
      if (end == ends_.end() || !*end->second.other_alive) return;
      const auto [other, other_id] = std::pair{end->second.other, end->second.other_id};
      const auto remote = other->ends_.find(other_id);
      if (remote == other->ends_.end()) return;
      append(remote->second.inbox, data);
      other->hand_over(other_id);
    });
    return 0;
  }
  void consumed(peers::ConnectionId id, std::size_t bytes) override {
    post([this, id, bytes] {
      const auto it = ends_.find(id);
      if (it == ends_.end()) return;
      it->second.unread -= bytes;
      hand_over(id);
    });
  }
  void close(peers::ConnectionId id, const Error& reason) override {
    if (const auto it = ends_.find(id); it != ends_.end()) it->second.closing = true;
    post([this, id, reason] { drop(id, reason); });
  }
  void close_all(const Error& reason) override {
    for (const auto& [id, end] : ends_) close(id, reason);
  }
  // As after a power failure: nobody at the other ends hears anything, then or later.
  void vanish() {
    stop_listening();
    *alive_ = false;
    ends_.clear();
  }
  void stop_listening() override {
    if (listening_ != 0) network_.listeners_.erase(std::exchange(listening_, std::uint16_t{0}));
  }
  void stop() override {
    stop_listening();
    *alive_ = false;
    while (!ends_.empty()) {
      const End end = ends_.extract(ends_.begin()).mapped();
      if (!*end.other_alive) continue;
      end.other->post([other = end.other, other_id = end.other_id] {
        other->drop(other_id, Error{ErrorCode::network, "connection", "reset by peer"});
      });
    }
  }

 private:
  struct End {
    MemoryTransport* other = nullptr;
    peers::ConnectionId other_id = 0;
    std::shared_ptr<bool> other_alive;
    Bytes inbox{};
    std::size_t unread = 0;
    bool reading = false;
    bool closing = false;
  };
  // Nothing is carried out for a host that has stopped.
  void post(std::function<void()> action) {
    network_.queue_.push_back([alive = alive_, action = std::move(action)] {
      if (*alive) action();
    });
  }
  void hand_over(peers::ConnectionId id) {
    End& end = ends_.at(id);
    if (!end.reading || end.inbox.empty() || end.unread >= read_credit_) return;
    const Bytes bytes = std::exchange(end.inbox, {});
    end.unread += bytes.size();
    events_->on_bytes(id, bytes);
  }
  void drop(peers::ConnectionId id, const Error& reason) {
    const auto it = ends_.find(id);
    if (it == ends_.end()) return;
    const End end = ends_.extract(it).mapped();
    events_->on_closed(id, reason);
    if (*end.other_alive && end.other->ends_.erase(end.other_id) != 0)
      end.other->events_->on_closed(end.other_id,
                                    Error{ErrorCode::network, "connection", "end of file"});
  }

  MemoryNetwork& network_;
  std::size_t read_credit_;
  peers::TransportEvents* events_ = nullptr;
  std::map<peers::ConnectionId, End> ends_;
  std::uint16_t listening_ = 0;
  peers::Endpoint asked_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

inline std::unique_ptr<peers::Transport> MemoryNetwork::host(std::size_t read_credit) {
  return std::make_unique<MemoryTransport>(*this, read_credit);
}

}  // namespace witan::test
