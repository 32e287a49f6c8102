// Rules for links that name a message: `on link n0 -> * message Vote with type=prevote do drop`. On
// the link itself everything is encrypted, so they are obeyed where messages leave a session
// (actors/peers/link_faults.hpp). Rules that name none are the network's (network.hpp).
//
// `corrupt` changes bytes of the packet that carries the message, `kill` resets the connections of
// the two nodes: both happen in the network.
#pragma once
#include <vector>

#include "actors/peers/link_faults.hpp"
#include "tools/sim/network.hpp"

namespace witan::sim {

struct WireFaultsOptions {
  faults::Rules& rules;  // only such as name a message
  Network& network;
  std::uint32_t node = 0;
  std::vector<NodeId> ids;            // of the nodes, by number
  peers::Interposer* liar = nullptr;  // between this and the session; may be null
};

class WireFaults final : public peers::Interposer {
 public:
  explicit WireFaults(WireFaultsOptions options);

  Damage on_leaving(const Line& line, const Envelope& envelope, Instant now,
                    Departures& departures) override;
  Damage on_arrived(const Line& line, const Envelope& envelope, Instant now,
                    Arrivals& arrivals) override;
  Damage on_tick(const Line& line, Instant now, Departures& departures,
                 Arrivals& arrivals) override;
  void on_ended(const Line& line) override { faults_.on_ended(line); }
  [[nodiscard]] bool misbehaves() const override { return faults_.misbehaves(); }

 private:
  void happen(const Line& line, const Damage& damage);

  Network& network_;
  const std::uint32_t node_;
  std::map<NodeId, std::uint32_t> numbers_;
  peers::LinkFaults faults_;
};

}  // namespace witan::sim
