// The network between simulated nodes: connections as streams of bytes, with delay, loss, limited
// bandwidth, back-pressure, and whatever the fault rules do to a link.
//
// What a rule means for a stream: `drop` loses a segment, which is sent again after a while (for as
// long as the rule lasts: a partition), and a connection that gets nothing through for too long
// breaks; `delay`, `slow`, `hang`, `reorder` make it late, and with it all that follows, because a
// stream keeps its order; `duplicate` changes nothing, TCP would drop the second copy; `corrupt`
// changes bytes; `kill` breaks the connection. A dial needs both directions.
//
// One thread. Callbacks of a transport run from Schedule, never inside a call of Transport.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "actors/peers/transport.hpp"
#include "messages/base/random.hpp"
#include "tools/sim/fault_source.hpp"
#include "tools/sim/scenario.hpp"
#include "tools/sim/schedule.hpp"

namespace witan::sim {

class Network {
 public:
  // `healed`: a hang without a time lasts until then.
  Network(Schedule& schedule, LinkFaults& faults, const LinkOptions& options, std::uint32_t nodes,
          std::uint64_t seed, Instant healed);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Runs `call` in the node, at the present moment. Set before anything is connected.
  using Enter = std::function<void(std::uint32_t node, const std::function<void()>& call)>;
  void set_enter(Enter enter) { enter_ = std::move(enter); }

  // The transport of a node's new life. Ends with power_off or process_died of that node.
  [[nodiscard]] std::unique_ptr<peers::Transport> make_transport(std::uint32_t node);
  // Nobody answers any more; what is on its way is lost.
  void power_off(std::uint32_t node);
  // The system closes what the process had open.
  void process_died(std::uint32_t node);

  [[nodiscard]] static peers::Endpoint endpoint_of(std::uint32_t node);
  [[nodiscard]] std::uint64_t chunks() const { return chunks_; }
  // For rules about a message that travels from one node to another (wire_faults.hpp): the
  // connections between them are reset now; the next bytes of each in this direction are changed.
  void reset(std::uint32_t from, std::uint32_t to);
  void corrupt_next(std::uint32_t from, std::uint32_t to, const faults::Decision& decision);

 private:
  friend class SimTransport;
  using Id = peers::ConnectionId;
  struct Chunk {
    Bytes bytes;
    Instant arrives{};
    bool end = false;      // of the stream
    bool decided = false;  // its delay was drawn already
  };
  // One direction of a connection, at its receiving end's side.
  struct Pipe {
    std::deque<Chunk> queue;
    bool moving = false;  // an arrival is planned
    Instant free_at{};    // when the line can take more
    std::size_t outstanding = 0;
    bool blocked = false;  // the sender waits for on_drained
    std::uint32_t tries = 0;
    Instant stuck_since{};
  };
  struct End {
    Id id = 0;
    Id other = 0;
    std::uint32_t node = 0;
    std::uint32_t to = 0;
    bool open = false;     // connected
    bool closing = false;  // close() was called
    bool reading = false;
    std::size_t unread = 0;  // delivered, not consumed
    bool dialling = false;
    std::optional<faults::Decision> corrupts{};  // what is sent next
    Pipe out;
  };

  struct Listener {
    bool listening = false;
    peers::TransportEvents* events = nullptr;
    bool up = false;       // a process runs
    bool powered = false;  // the machine does: it refuses what it does not know
  };

  Id connect(std::uint32_t node, const peers::Endpoint& to, Duration timeout);
  void dial(Id id, std::uint32_t tries, Instant give_up);
  std::size_t send(Id id, Bytes bytes);
  void start_reading(Id id);
  void consumed(Id id, std::size_t bytes);
  void close(Id id, const Error& reason);
  void close_all(std::uint32_t node, const Error& reason);

  End* find(Id id);
  void move_on(End& from);
  void arrive(Id from);
  void deliver(End& from);
  void try_again(End& from);
  void drop_connection(Id id, const Error& reason);
  // The end is gone from the map; its owner hears of it.
  void report_closed(Id id, std::uint32_t node, bool dialling, const Error& reason);
  void end_of(Id id, const Error& reason);
  [[nodiscard]] bool passes(std::uint32_t from, std::uint32_t to);
  [[nodiscard]] Duration latency();

  Schedule& schedule_;
  LinkFaults& faults_;
  LinkOptions options_;
  Instant healed_;
  Random random_;
  Enter enter_;
  std::vector<Listener> nodes_;
  std::map<Id, End> ends_;
  Id next_ = 1;
  std::uint64_t chunks_ = 0;
};

}  // namespace witan::sim
