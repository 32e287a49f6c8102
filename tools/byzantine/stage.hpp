// Puts a Behaviour between a node and its peers: takes what leaves apart (own votes, own blocks,
// the rest), keeps what is to leave later, and keeps from the node what peers know of its lies -
// an honest node that learned of them would stop itself (S16).
//
// Thread-safe: one message at a time.
#pragma once
#include <map>
#include <mutex>
#include <optional>

#include "actors/consensus/core/part_set.hpp"
#include "tools/byzantine/behaviour.hpp"

namespace witan::byzantine {

class Stage final : public peers::Interposer {
 public:
  Stage(Insider insider, const BehaviourInfo& info)
      : insider_(std::move(insider)), behaviour_(info.make(insider_)) {}

  Damage on_leaving(const Line& line, const Envelope& envelope, Instant now,
                    Departures& departures) override;
  Damage on_arrived(const Line& line, const Envelope& envelope, Instant now,
                    Arrivals& arrivals) override;
  Damage on_tick(const Line& line, Instant now, Departures& departures,
                 Arrivals& arrivals) override;
  // Whether the node may know of it.
  [[nodiscard]] bool lets_in(const Envelope& envelope) const;

 private:
  struct HeldBlock {
    explicit HeldBlock(const SignedProposal& signed_proposal)
        : proposal(signed_proposal), parts(signed_proposal.proposal.parts) {}
    SignedProposal proposal;
    consensus::PartSet parts;
  };
  struct Peer {
    PeerNumber number = 0;
    std::optional<HeldBlock> held;  // own proposal whose parts are still to come
    std::multimap<Instant, Departure> waiting;
  };
  Peer& peer_of(const NodeId& id);
  void take_apart(Peer& peer, const Envelope& envelope, Outbox& out);
  [[nodiscard]] bool holds_own_block(Peer& peer, const Envelope& envelope, Outbox& out);

  std::mutex mutex_;
  Insider insider_;
  std::unique_ptr<Behaviour> behaviour_;
  std::map<NodeId, Peer> peers_;
};

}  // namespace witan::byzantine
