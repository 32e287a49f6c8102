// What peers claim, how well they served, and whom to ask next.
//
// A timeout or an empty answer lowers the peer's share and excludes it for a while, never more:
// only provable misbehaviour bans (P42, P63). A claim that is not served stops counting (P41), but
// the peer is asked again after each exclusion, so a single lossy honest peer is enough (P60).
// Bounded by Params::peers_max. Thread rule: owned by one SyncCore.
#pragma once
#include <map>
#include <optional>

#include "actors/sync/core/types.hpp"
#include "messages/base/random.hpp"

namespace witan::sync {

class PeerTable {
 public:
  PeerTable(const Params& params, Random random) : params_(params), random_(random) {}

  // A status replaces the claim, also by a lower one (height regression is no offence, P41).
  void set_claim(PeerId peer, Claim claim);
  // Seen at work above `tip`: raises the claim only.
  void raise_claim(PeerId peer, std::uint64_t tip);
  void remove(PeerId peer);
  // Until it is removed: never asked, never counted.
  void ban(PeerId peer);

  void request_sent(PeerId peer);
  // The request is over; its outcome is told by one of the three below, or by none if it no longer
  // mattered.
  void request_over(PeerId peer);
  void served(PeerId peer, Duration took, Instant now);
  void timed_out(PeerId peer, Instant now);
  // Claimed `first` but had nothing there: loses the claim from there on.
  void denied(PeerId peer, std::uint64_t first, Instant now);

  struct Choice {
    PeerId peer = 0;
    std::uint64_t tip = 0;
  };
  // Weighted by score among the peers that claim `height` and may be asked now.
  [[nodiscard]] std::optional<Choice> choose(std::uint64_t height, Instant now);
  // Highest tip anyone claims, credible or not; 0 if none.
  [[nodiscard]] std::uint64_t highest_claim() const;
  // Highest tip claimed by peers that are not excluded now; 0 if none.
  [[nodiscard]] std::uint64_t reachable(Instant now) const;
  // Highest credible tip; 0 if none.
  [[nodiscard]] std::uint64_t credible_tip(Instant now) const;

  [[nodiscard]] bool is_banned(PeerId peer) const;
  [[nodiscard]] std::size_t size() const { return peers_.size(); }
  [[nodiscard]] std::uint32_t score_permille(PeerId peer) const;

 private:
  struct Peer {
    Claim claim;
    std::uint32_t score = 500;   // permille, moving average
    std::uint32_t failures = 0;  // in a row
    std::uint32_t in_flight = 0;
    std::optional<Instant> last_served;
    std::optional<Instant> excluded_until;
    bool banned = false;
  };
  Peer* find(PeerId peer);
  Peer* find_or_add(PeerId peer);
  void failed(Peer& peer, Instant now);
  [[nodiscard]] static bool is_excluded(const Peer& peer, Instant now);
  [[nodiscard]] bool may_ask(const Peer& peer, std::uint64_t height, Instant now) const;
  [[nodiscard]] bool is_credible(const Peer& peer, Instant now) const;

  Params params_;
  Random random_;
  std::map<PeerId, Peer> peers_;
};

}  // namespace witan::sync
