// Rules for links, obeyed where messages leave a session and where they arrive
// (docs/faults.md, "Links"). In a running node all of them; in the simulator those that name a
// message (tools/sim/wire_faults.hpp), because its network obeys the others.
//
// A rule that names a message is about that message alone: later ones overtake it, and `drop` loses
// it though the connection goes on, which a real link never does: it is how a test keeps one vote
// from one node. A rule that names none is about the connection: what is late makes all that
// follows late, nothing comes twice, and a `drop`, `hang` or `kill` refuses new connections.
//
// Never signs and never makes a message. What waits is bounded, and leaves when it is due, when its
// rule is cleared, or not at all when its connection ends.
//
// Thread-safe.
#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "actors/peers/interposer.hpp"
#include "actors/runtime/faults/plan.hpp"

namespace witan::peers {

// Of one direction of one connection; what comes when it is full is lost.
inline constexpr std::size_t held_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t held_messages_max = 16 * 1024;
inline constexpr std::size_t names_known_max = 1024;  // of peers that were ever ready

struct LinkFaultsOptions {
  faults::Rules& rules;         // outlives this
  std::string name;             // what rules call this node
  std::string id;               // and its node id in hex
  bool judges_arrivals = true;  // false: what arrives was judged where it left
  Interposer* inner = nullptr;  // between the sessions and this; may be null; outlives this
  // Of peers whose hello has not been seen: their names, if they are known before.
  std::map<NodeId, std::string> names{};
};

class LinkFaults final : public Interposer {
 public:
  explicit LinkFaults(LinkFaultsOptions options);

  [[nodiscard]] bool active() const override;
  [[nodiscard]] bool lets_connect(const Line& line) override;
  void on_ready(const Line& line, std::string_view moniker) override;
  Damage on_leaving(const Line& line, const Envelope& envelope, Instant now,
                    Departures& departures) override;
  Damage on_arrived(const Line& line, const Envelope& envelope, Instant now,
                    Arrivals& arrivals) override;
  Damage on_tick(const Line& line, Instant now, Departures& departures,
                 Arrivals& arrivals) override;
  [[nodiscard]] bool ticks() const override;
  [[nodiscard]] bool holds_back(const Line& line) override;
  void on_ended(const Line& line) override;
  [[nodiscard]] bool misbehaves() const override;

 private:
  enum class Way : std::uint8_t { out, in };
  struct Held {
    Instant due{};
    bool for_good = false;  // a hang without a time: until its rule is cleared
    bool in_line = false;   // it overtakes nothing that stands in line before it
    faults::RuleId rule = 0;
    Departure departure;
  };
  struct Lane {  // one direction of a connection
    std::deque<Held> held;
    std::size_t bytes = 0;
    std::size_t in_line = 0;  // of `held`
  };
  struct Lanes {
    Lane out, in;
    Lane& of(Way way) { return way == Way::out ? out : in; }
  };
  [[nodiscard]] std::optional<faults::Decision> ask(const Line& line, Way way,
                                                    const Envelope* message);
  Damage judge(const Line& line, Way way, Departure&& departure, Instant now, Departures& out);
  Damage let_in(const Line& line, Departures&& came, Instant now, Arrivals& arrivals);
  void pass(const Line& line, Way way, Departure&& departure, Instant now, Departures& out);
  void hold(const Line& line, Way way, Held&& held);
  void release(Lane& lane, Instant now, Departures& out);
  [[nodiscard]] bool is_over(const Held& held, Instant now) const;

  LinkFaultsOptions options_;
  std::atomic<std::size_t> held_{0};  // of all lanes
  std::mutex mutex_;                  // guards what follows
  std::map<ConnectionId, Lanes> lanes_;
  std::map<NodeId, std::string> names_;
};

// Whether a node of this name and id is one of the two ends. Errors: bad_rule, saying what it is
// called: a rule about links of others would never be obeyed. Rules for other targets are fine.
[[nodiscard]] Status check_link_end(const faults::Rule& rule, const std::string& name,
                                    const std::string& id);

}  // namespace witan::peers
