// Block sync as a pure state machine: who has which heights, what to ask whom, what to verify and
// what to hand to consensus next. Time is an argument; randomness (choice of peer) comes from the
// seed given at construction, so equal inputs give equal outputs.
//
//   inputs    claims, answers, own commits, lost peers, verdicts on blocks
//   outputs   poll(): requests to send and mode changes; to_verify(): the next block to check;
//             to_hand_over(): the block consensus needs now
//
// Consensus goes on voting while this runs, so no mode of sync can stop the chain (P40); "syncing"
// only says that the node is behind by credible claims.
// Rules: consensus.md §6.5; pitfalls P40-P43, P60-P64. Thread rule: one owner.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "actors/sync/core/fetch_window.hpp"
#include "actors/sync/core/peer_table.hpp"

namespace witan::sync {

struct Ask {
  PeerId peer = 0;
  std::uint64_t id = 0;
  Range range;
  std::size_t bytes_max = 0;
};

struct Answer {
  std::uint64_t id = 0;
  std::uint64_t first = 0;
  std::size_t bytes = 0;  // of the whole message
  std::vector<SyncBlock> blocks;
};

enum class Verdict : std::uint8_t {
  useful,      // at least one block was kept
  not_needed,  // right, but the heights were there already
  denied,      // empty
  unknown,     // no request of ours to this peer: ignored, not punished (P42, P63)
  misbehaved,  // contradicts the request in a provable way; the peer is banned (P62)
};
struct Judgement {
  Verdict verdict = Verdict::unknown;
  std::string text;  // of misbehaved
};

enum class Change : std::uint8_t { none, started, finished };

struct Poll {
  std::vector<Ask> asks;
  Change change = Change::none;
};

struct View {
  bool syncing = false;
  std::uint64_t height = 0;
  std::uint64_t target = 0;  // >= height
  std::size_t peers = 0;
};

class SyncCore {
 public:
  // `tip`: the own last committed height, or initial height - 1.
  SyncCore(Params params, std::uint64_t tip, std::uint64_t seed);

  void on_claim(PeerId peer, Claim claim) { peers_.set_claim(peer, claim); }
  void on_ahead(PeerId peer, std::uint64_t tip) { peers_.raise_claim(peer, tip); }
  void on_peer_gone(PeerId peer);
  void on_committed(std::uint64_t height, Instant now);
  [[nodiscard]] Judgement on_answer(PeerId peer, Answer answer, Instant now);
  // The peer sent something no correct peer sends: banned, its unverified blocks dropped.
  void on_misbehaviour(PeerId peer);

  // Expires requests and makes new ones. Call after inputs and while is_busy(), every tick.
  [[nodiscard]] Poll poll(Instant now);

  // The next block in height order that has not been verified, if it is here. Then one of the two:
  // set_verified(), or refuse() which names the peer to blame (none: it has gone).
  [[nodiscard]] const Held* to_verify() const { return window_.held(verified_ + 1); }
  [[nodiscard]] std::uint64_t verified_height() const { return verified_; }
  void set_verified();
  // Before set_verified: the certificate to keep with that block, instead of the one it came with.
  void replace_certificate(const Certificate& certificate) {
    window_.replace_certificate(verified_ + 1, certificate);
  }
  [[nodiscard]] std::optional<PeerId> refuse();

  // The verified block right above the own tip, once; again if the tip has not moved for a while.
  [[nodiscard]] const SyncBlock* to_hand_over(Instant now);
  // Was this committed height handed over by sync? Ask before on_committed.
  [[nodiscard]] bool was_handed_over(std::uint64_t height) const { return handed_ == height; }

  // Something is awaited that only time may bring: a tick is needed.
  [[nodiscard]] bool is_busy() const;
  [[nodiscard]] View view(Instant now) const;
  [[nodiscard]] const PeerTable& peers() const { return peers_; }
  [[nodiscard]] const FetchWindow& window() const { return window_; }

 private:
  [[nodiscard]] bool may_fetch(std::uint64_t reachable, Instant now) const;
  [[nodiscard]] std::optional<std::string> offence(const Request& request, const Answer& a) const;

  Params params_;
  PeerTable peers_;
  FetchWindow window_;
  std::uint64_t verified_;  // all above the tip up to here are held and verified; >= tip
  std::uint64_t next_id_;
  std::uint64_t handed_ = 0;  // 0: none
  Instant handed_at_{};
  std::optional<Instant> moved_;  // when the tip last moved
  bool syncing_ = false;
};

}  // namespace witan::sync
