// Rules for links that name a message: `on link n0 -> * message Vote with type=prevote do drop`. On
// the link itself everything is encrypted, so they are obeyed where messages enter it: between the
// sessions of the sending node and the stream. Rules that name none are the network's
// (network.hpp).
//
// `drop` loses the message though the connection goes on, which a real link never does: it is how a
// test keeps one vote from one node. `delay`, `slow`, `hang` and `reorder` let later messages
// overtake; what is late leaves at a tick of the session (interposer_period). `corrupt` changes
// bytes of the packet that carries it, `kill` resets the connection.
#pragma once
#include <map>
#include <vector>

#include "actors/peers/interposer.hpp"
#include "actors/runtime/faults/plan.hpp"
#include "tools/sim/network.hpp"

namespace witan::sim {

// Whether the rule is for this place.
[[nodiscard]] bool names_a_message(const faults::Rule& rule);

struct WireFaultsOptions {
  faults::Rules& rules;  // only such as name a message
  Network& network;
  std::uint32_t node = 0;
  std::vector<NodeId> ids;            // of the nodes, by number
  Instant healed{};                   // a hang without a time lasts until then
  peers::Interposer* liar = nullptr;  // between this and the session; may be null
};

class WireFaults final : public peers::Interposer {
 public:
  explicit WireFaults(WireFaultsOptions options);

  void on_leaving(const NodeId& peer, const Envelope& envelope, Instant now,
                  Departures& departures) override;
  [[nodiscard]] bool on_arrived(const NodeId& peer, const Envelope& envelope) override;
  void on_tick(const NodeId& peer, Instant now, Departures& departures) override;
  [[nodiscard]] bool misbehaves() const override { return options_.liar != nullptr; }

 private:
  void judge(const NodeId& peer, Departure&& departure, Instant now, Departures& out);

  WireFaultsOptions options_;
  std::string name_;
  std::map<NodeId, std::uint32_t> numbers_;
  std::map<NodeId, std::multimap<Instant, Departure>> waiting_;
};

}  // namespace witan::sim
