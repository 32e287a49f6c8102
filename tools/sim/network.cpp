#include "tools/sim/network.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::sim {
namespace {

constexpr Duration retry_first = Duration::from_ms(200);  // of a lost segment; doubles
constexpr Duration retry_most = Duration::from_s(2);
constexpr Duration break_after = Duration::from_s(12);  // nothing got through
constexpr std::size_t window_bytes = 512 * 1024;        // on its way before send() says so
constexpr std::size_t read_credit_bytes = 1024 * 1024;

Error network(std::string text) { return {ErrorCode::network, "connection", std::move(text)}; }

void change(Bytes& bytes, const faults::Decision& decision) {
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(1, decision.bytes); ++i)
    bytes[(decision.draw + i) % bytes.size()] ^= 0x5a;
}

Duration retry_delay(std::uint32_t tries) {
  return std::min(retry_first * (std::int64_t{1} << std::min(tries, 4U)), retry_most);
}

}  // namespace

// The face of the network to one life of one node.
class SimTransport final : public peers::Transport {
 public:
  SimTransport(Network& network, std::uint32_t node) : network_(network), node_(node) {}

  void set_events(peers::TransportEvents* events) override {
    network_.nodes_[node_].events = events;
    network_.nodes_[node_].up = true;
    network_.nodes_[node_].powered = true;
  }
  Result<peers::Endpoint> listen(const peers::Endpoint& at) override {
    network_.nodes_[node_].listening = true;
    return at;
  }
  peers::ConnectionId connect(const peers::Endpoint& to, Duration timeout) override {
    return network_.connect(node_, to, timeout);
  }
  void start_reading(peers::ConnectionId c) override { network_.start_reading(c); }
  std::size_t send(peers::ConnectionId c, Bytes bytes) override {
    return network_.send(c, std::move(bytes));
  }
  void consumed(peers::ConnectionId c, std::size_t bytes) override { network_.consumed(c, bytes); }
  void close(peers::ConnectionId c, const Error& reason) override { network_.close(c, reason); }
  void close_all(const Error& reason) override { network_.close_all(node_, reason); }
  void stop_listening() override { network_.nodes_[node_].listening = false; }
  void stop() override { network_.process_died(node_); }

 private:
  Network& network_;
  std::uint32_t node_;
};

Network::Network(Schedule& schedule, LinkFaults& faults, const LinkOptions& options,
                 std::uint32_t nodes, std::uint64_t seed, Instant healed)
    : schedule_(schedule),
      faults_(faults),
      options_(options),
      healed_(healed),
      random_(Random(seed).fork("network")),
      nodes_(nodes) {}

Network::~Network() = default;

std::unique_ptr<peers::Transport> Network::make_transport(std::uint32_t node) {
  return std::make_unique<SimTransport>(*this, node);
}

peers::Endpoint Network::endpoint_of(std::uint32_t node) {
  return {"10.0.0." + std::to_string(node + 1), 26656};
}

Network::End* Network::find(Id id) {
  const auto it = ends_.find(id);
  return it == ends_.end() ? nullptr : &it->second;
}

Duration Network::latency() {
  const auto span = static_cast<std::uint64_t>((options_.delay_max - options_.delay_min).ns);
  if (span == 0) return options_.delay_min;
  std::uint64_t drawn = random_.below(span + 1);
  if (options_.shape == DelayShape::tail) {
    // span * u^4 with u in [0, 1): in 16 bits of fraction.
    const std::uint64_t u = random_.below(std::uint64_t{1} << 16U);
    const std::uint64_t u4 = (u * u >> 16U) * (u * u >> 16U) >> 16U;
    drawn = (span >> 16U) * u4;
  }
  return options_.delay_min + Duration{static_cast<std::int64_t>(drawn)};
}

// ---- connecting

Network::Id Network::connect(std::uint32_t node, const peers::Endpoint& to, Duration timeout) {
  End end;
  end.id = next_++;
  end.node = node;
  end.dialling = true;
  end.to = static_cast<std::uint32_t>(nodes_.size());
  for (std::uint32_t n = 0; n < nodes_.size(); ++n)
    if (endpoint_of(n) == to) end.to = n;
  const Id id = end.id;
  ends_.emplace(id, std::move(end));
  schedule_.after(latency(), [this, id, until = schedule_.now() + timeout] { dial(id, 0, until); });
  return id;
}

bool Network::passes(std::uint32_t from, std::uint32_t to) {
  if (random_.chance_permille(options_.loss_permille)) return false;
  const auto decision = faults_.on_link(from, to);
  if (!decision) return true;
  return decision->action != faults::Action::drop && decision->action != faults::Action::hang &&
         decision->action != faults::Action::kill;
}

void Network::dial(Id id, std::uint32_t tries, Instant give_up) {
  End* end = find(id);
  if (end == nullptr || !end->dialling) return;
  const bool exists = end->to < nodes_.size();
  if (!exists || !nodes_[end->to].powered || !passes(end->node, end->to) ||
      !passes(end->to, end->node)) {
    const Instant next = schedule_.now() + retry_delay(tries);
    if (next >= give_up)
      schedule_.at(give_up, [this, id] {
        end_of(id, {ErrorCode::timeout, "connection", "no answer before the dial timeout"});
      });
    else
      schedule_.at(next, [this, id, tries, give_up] { dial(id, tries + 1, give_up); });
    return;
  }
  if (!nodes_[end->to].listening) return end_of(id, network("Connection refused"));
  End far;
  far.id = next_++;
  far.other = id;
  far.node = end->to;
  far.to = end->node;
  far.open = true;
  end->other = far.id;
  end->open = true;
  end->dialling = false;
  const Id far_id = far.id;
  const std::uint32_t from = end->node;
  const std::uint32_t to = end->to;
  ends_.emplace(far_id, std::move(far));
  enter_(to, [&] { nodes_[to].events->on_accepted(far_id, {endpoint_of(from).host, 50000}); });
  schedule_.after(latency(), [this, id, from, to] {
    if (find(id) != nullptr && nodes_[from].up)
      enter_(from, [&] { nodes_[from].events->on_connected(id, endpoint_of(to)); });
  });
}

// ---- bytes

std::size_t Network::send(Id id, Bytes bytes) {
  End* end = find(id);
  if (end == nullptr || !end->open || end->closing || bytes.empty()) return 0;
  ++chunks_;
  if (end->corrupts) change(bytes, *std::exchange(end->corrupts, std::nullopt));
  Pipe& pipe = end->out;
  Instant leaves = std::max(schedule_.now(), pipe.free_at);
  if (options_.bytes_per_s != 0) {
    const auto ns = static_cast<std::int64_t>(bytes.size() * std::uint64_t{1'000'000'000} /
                                              options_.bytes_per_s);
    leaves = leaves + Duration{ns};
    pipe.free_at = leaves;
  }
  pipe.outstanding += bytes.size();
  pipe.queue.push_back({std::move(bytes), leaves + latency(), false, false});
  move_on(*end);
  if (pipe.outstanding <= window_bytes) return 0;
  pipe.blocked = true;
  return pipe.outstanding - window_bytes;
}

// Plans the arrival of the first chunk that has not arrived.
void Network::move_on(End& from) {
  Pipe& pipe = from.out;
  if (pipe.moving || pipe.queue.empty()) return;
  pipe.moving = true;
  schedule_.at(pipe.queue.front().arrives, [this, id = from.id] { arrive(id); });
}

void Network::try_again(End& from) {
  Pipe& pipe = from.out;
  if (pipe.tries == 0) pipe.stuck_since = schedule_.now();
  if (schedule_.now() - pipe.stuck_since >= break_after)
    return drop_connection(from.id, network("Connection timed out"));
  pipe.queue.front().arrives = schedule_.now() + retry_delay(pipe.tries++);
  move_on(from);
}

void Network::arrive(Id id) {
  End* from = find(id);
  if (from == nullptr) return;
  Pipe& pipe = from->out;
  pipe.moving = false;
  if (!nodes_[from->to].powered) return try_again(*from);
  Chunk& chunk = pipe.queue.front();
  if (!chunk.decided) {
    if (random_.chance_permille(options_.loss_permille)) return try_again(*from);
    if (const auto decision = faults_.on_link(from->node, from->to)) {
      using faults::Action;
      switch (decision->action) {
        case Action::drop:
          return try_again(*from);
        case Action::hang:
          if (decision->by == Duration{}) {
            chunk.decided = true;
            chunk.arrives = std::max(schedule_.now(), healed_);
            return move_on(*from);
          }
          [[fallthrough]];
        case Action::delay:
        case Action::slow:
        case Action::reorder:
          chunk.decided = true;
          chunk.arrives = schedule_.now() + decision->by;
          return move_on(*from);
        case Action::kill:
          return drop_connection(id, network("Connection reset by peer"));
        case Action::corrupt:
          if (!chunk.bytes.empty()) change(chunk.bytes, *decision);
          break;
        default:
          break;
      }
    }
  }
  chunk.decided = true;
  pipe.tries = 0;
  End* to = find(from->other);
  if (to == nullptr) {  // it was restarted since: it knows of no such connection
    if (chunk.end) return end_of(id, network("closed"));
    return drop_connection(id, network("Connection reset by peer"));
  }
  if (chunk.end) {
    const Id other = to->id;
    ends_.erase(id);
    return end_of(other, network("End of file"));
  }
  deliver(*from);
}

// As much as the receiver takes.
void Network::deliver(End& from) {
  End* to = find(from.other);
  if (to == nullptr || from.out.moving || from.out.queue.empty()) return;
  Pipe& pipe = from.out;
  if (!to->reading || (!to->closing && to->unread >= read_credit_bytes)) return;
  if (pipe.queue.front().arrives > schedule_.now() || pipe.queue.front().end) return move_on(from);
  const Bytes bytes = std::move(pipe.queue.front().bytes);
  pipe.queue.pop_front();
  pipe.outstanding -= bytes.size();
  to->unread += bytes.size();
  const Id from_id = from.id;
  const Id to_id = to->id;
  const std::uint32_t receiver = to->node;
  if (pipe.blocked && pipe.outstanding <= window_bytes) {
    pipe.blocked = false;
    schedule_.after({}, [this, from_id] {
      if (const End* e = find(from_id); e != nullptr && nodes_[e->node].up)
        enter_(e->node, [&] { nodes_[e->node].events->on_drained(from_id); });
    });
  }
  move_on(from);
  if (to->closing) return;
  enter_(receiver, [&] { nodes_[receiver].events->on_bytes(to_id, bytes); });
}

void Network::start_reading(Id id) {
  End* end = find(id);
  if (end == nullptr) return;
  end->reading = true;
  consumed(id, 0);
}

void Network::consumed(Id id, std::size_t bytes) {
  End* end = find(id);
  if (end == nullptr) return;
  end->unread -= std::min(bytes, end->unread);
  End* sender = find(end->other);
  if (sender == nullptr || sender->out.moving || sender->out.queue.empty()) return;
  // What waited for credit.
  sender->out.moving = true;
  schedule_.after({}, [this, other = sender->id] { arrive(other); });
}

// ---- ends

void Network::close(Id id, const Error& reason) {
  End* end = find(id);
  if (end == nullptr || end->closing) return;
  if (!end->open) {
    schedule_.after({}, [this, id, reason] { end_of(id, reason); });
    return;
  }
  end->closing = true;
  end->reading = true;
  const Pipe& pipe = end->out;
  const Instant last = pipe.queue.empty() ? schedule_.now() : pipe.queue.back().arrives;
  end->out.queue.push_back({{}, std::max(last, schedule_.now() + latency()), true, false});
  move_on(*end);
  // Its owner hears at once; the stream goes on without an owner until its end has arrived.
  schedule_.after({},
                  [this, id, node = end->node, reason] { report_closed(id, node, false, reason); });
}

void Network::close_all(std::uint32_t node, const Error& reason) {
  std::vector<Id> all;
  for (const auto& [id, end] : ends_)
    if (end.node == node) all.push_back(id);
  for (const Id id : all) close(id, reason);
}

void Network::report_closed(Id id, std::uint32_t node, bool dialling, const Error& reason) {
  Listener& owner = nodes_[node];
  if (!owner.up) return;
  enter_(node, [&] {
    if (dialling)
      owner.events->on_connect_failed(id, reason);
    else
      owner.events->on_closed(id, reason);
  });
}

void Network::end_of(Id id, const Error& reason) {
  const auto found = ends_.extract(id);
  if (found.empty()) return;
  const End& end = found.mapped();
  if (!end.closing) report_closed(id, end.node, end.dialling, reason);
}

void Network::drop_connection(Id id, const Error& reason) {
  const End* end = find(id);
  if (end == nullptr) return;
  const Id other = end->other;
  end_of(id, reason);
  end_of(other, reason);
}

void Network::reset(std::uint32_t from, std::uint32_t to) {
  schedule_.after({}, [this, from, to] {
    std::vector<Id> all;
    for (const auto& [id, end] : ends_)
      if (end.open && end.node == from && end.to == to) all.push_back(id);
    for (const Id id : all) drop_connection(id, network("Connection reset by peer"));
  });
}

void Network::corrupt_next(std::uint32_t from, std::uint32_t to, const faults::Decision& decision) {
  for (auto& [id, end] : ends_)
    if (end.open && end.node == from && end.to == to) end.corrupts = decision;
}

void Network::power_off(std::uint32_t node) {
  nodes_[node] = {};
  std::erase_if(ends_, [&](const auto& e) { return e.second.node == node; });
}

void Network::process_died(std::uint32_t node) {
  nodes_[node] = {.powered = true};
  for (auto& [id, end] : ends_) {
    if (end.node != node || end.closing) continue;
    end.closing = true;
    end.reading = true;
    if (!end.open) continue;
    end.out.queue.push_back({{}, schedule_.now() + latency(), true, false});
    move_on(end);
  }
  std::erase_if(ends_, [&](const auto& e) { return e.second.node == node && !e.second.open; });
}

}  // namespace witan::sim
