#include "actors/sync/core/peer_table.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::sync {

namespace {
constexpr std::uint32_t score_max = 1000;
constexpr std::uint32_t weight_min = 10;  // even a bad peer is tried now and then
}  // namespace

PeerTable::Peer* PeerTable::find(PeerId peer) {
  const auto at = peers_.find(peer);
  return at == peers_.end() ? nullptr : &at->second;
}

PeerTable::Peer* PeerTable::find_or_add(PeerId peer) {
  if (Peer* known = find(peer)) return known;
  if (peers_.size() >= params_.peers_max) {
    // The oldest number is the likeliest to be of a session that ended; if not, it speaks again.
    const auto idle = std::find_if(peers_.begin(), peers_.end(),
                                   [](const auto& entry) { return entry.second.in_flight == 0; });
    if (idle == peers_.end()) return nullptr;
    peers_.erase(idle);
  }
  return &peers_[peer];
}

void PeerTable::set_claim(PeerId peer, Claim claim) {
  if (Peer* p = find_or_add(peer)) p->claim = claim;
}

void PeerTable::raise_claim(PeerId peer, std::uint64_t tip) {
  if (Peer* p = find_or_add(peer)) p->claim.tip = std::max(p->claim.tip, tip);
}

void PeerTable::remove(PeerId peer) { peers_.erase(peer); }

void PeerTable::ban(PeerId peer) {
  if (Peer* p = find(peer)) p->banned = true;
}

void PeerTable::request_sent(PeerId peer) {
  Peer* p = find(peer);
  WITAN_CHECK(p != nullptr, peer);
  ++p->in_flight;
}

void PeerTable::request_over(PeerId peer) {
  if (Peer* p = find(peer)) {
    WITAN_CHECK(p->in_flight > 0, peer);
    --p->in_flight;
  }
}

void PeerTable::served(PeerId peer, Duration took, Instant now) {
  Peer* p = find(peer);
  if (p == nullptr) return;
  const std::uint32_t goal = took > params_.slow_answer ? score_max / 2 : score_max;
  p->score = (p->score * 4 + goal) / 5;
  p->failures = 0;
  p->excluded_until.reset();
  p->last_served = now;
}

void PeerTable::failed(Peer& peer, Instant now) {
  Duration pause = params_.exclusion_min;
  for (std::uint32_t i = 0; i < peer.failures && pause < params_.exclusion_max; ++i)
    pause = pause * 2;
  peer.excluded_until = now + std::min(pause, params_.exclusion_max);
  if (peer.failures < 64) ++peer.failures;
}

void PeerTable::timed_out(PeerId peer, Instant now) {
  if (Peer* p = find(peer)) {
    p->score -= p->score / 10;
    failed(*p, now);
  }
}

void PeerTable::denied(PeerId peer, std::uint64_t first, Instant now) {
  Peer* p = find(peer);
  if (p == nullptr) return;
  p->score -= p->score * 15 / 100;
  failed(*p, now);
  // A newer status may have corrected the claim already.
  if (first >= p->claim.base && first <= p->claim.tip) p->claim.tip = first - 1;
}

bool PeerTable::is_excluded(const Peer& peer, Instant now) {
  return peer.banned || (peer.excluded_until && now < *peer.excluded_until);
}

bool PeerTable::may_ask(const Peer& peer, std::uint64_t height, Instant now) const {
  return !is_excluded(peer, now) && peer.in_flight < params_.requests_per_peer &&
         peer.claim.base <= height && height <= peer.claim.tip;
}

bool PeerTable::is_credible(const Peer& peer, Instant now) const {
  if (peer.banned) return false;
  if (peer.failures < params_.failures_to_doubt) return true;
  return peer.last_served && now - *peer.last_served < params_.patience;
}

std::optional<PeerTable::Choice> PeerTable::choose(std::uint64_t height, Instant now) {
  std::uint64_t total = 0;
  for (const auto& [id, peer] : peers_)
    if (may_ask(peer, height, now)) total += std::max(peer.score, weight_min);
  if (total == 0) return std::nullopt;
  std::uint64_t draw = random_.below(total);
  for (const auto& [id, peer] : peers_) {
    if (!may_ask(peer, height, now)) continue;
    const std::uint64_t weight = std::max(peer.score, weight_min);
    if (draw < weight) return Choice{id, peer.claim.tip};
    draw -= weight;
  }
  WITAN_CHECK(false, total, draw);
  return std::nullopt;
}

std::uint64_t PeerTable::highest_claim() const {
  std::uint64_t tip = 0;
  for (const auto& [id, peer] : peers_)
    if (!peer.banned) tip = std::max(tip, peer.claim.tip);
  return tip;
}

std::uint64_t PeerTable::reachable(Instant now) const {
  std::uint64_t tip = 0;
  for (const auto& [id, peer] : peers_)
    if (!is_excluded(peer, now)) tip = std::max(tip, peer.claim.tip);
  return tip;
}

std::uint64_t PeerTable::credible_tip(Instant now) const {
  std::uint64_t tip = 0;
  for (const auto& [id, peer] : peers_)
    if (is_credible(peer, now)) tip = std::max(tip, peer.claim.tip);
  return tip;
}

bool PeerTable::is_banned(PeerId peer) const {
  const auto at = peers_.find(peer);
  return at != peers_.end() && at->second.banned;
}

std::uint32_t PeerTable::score_permille(PeerId peer) const {
  const auto at = peers_.find(peer);
  return at == peers_.end() ? 0 : at->second.score;
}

}  // namespace witan::sync
