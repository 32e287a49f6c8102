#include "actors/sync/core/sync_core.hpp"

#include <algorithm>
#include <utility>

#include "messages/base/check.hpp"

namespace witan::sync {

SyncCore::SyncCore(Params params, std::uint64_t tip, std::uint64_t seed)
    : params_(params),
      peers_(params, Random(seed).fork("peers")),
      window_(params, tip),
      verified_(tip),
      // Ids of an earlier incarnation must not match: its late answers are then unknown.
      next_id_(Random(seed).fork("ids").next()) {}

void SyncCore::on_peer_gone(PeerId peer) {
  window_.drop_peer(peer, false);
  peers_.remove(peer);
}

void SyncCore::on_misbehaviour(PeerId peer) {
  window_.drop_peer(peer, true);
  peers_.ban(peer);
}

void SyncCore::on_committed(std::uint64_t height, Instant now) {
  if (height <= window_.tip()) return;
  window_.advance(height);
  verified_ = std::max(verified_, height);
  moved_ = now;
}

// What no correct peer answers, whatever happened on the way (P62).
std::optional<std::string> SyncCore::offence(const Request& request, const Answer& a) const {
  if (a.first != request.range.first) return "answer starts at another height";
  if (a.blocks.size() > request.range.size()) return "more blocks than asked for";
  if (a.bytes > params_.request_bytes + answer_slack_bytes) return "more bytes than asked for";
  for (std::size_t i = 0; i < a.blocks.size(); ++i)
    if (a.blocks[i].certificate.height.get() != a.first + i) return "heights are not contiguous";
  return std::nullopt;
}

Judgement SyncCore::on_answer(PeerId peer, Answer answer, Instant now) {
  const auto closed = window_.close(peer, answer.id);
  if (!closed || peers_.is_banned(peer)) return {Verdict::unknown, {}};
  const Request& request = closed->request;
  if (!closed->late) peers_.request_over(peer);
  if (auto text = offence(request, answer)) {
    on_misbehaviour(peer);
    return {Verdict::misbehaved, std::move(*text)};
  }
  if (answer.blocks.empty()) {
    if (!closed->late && request.range.last > window_.tip())
      peers_.denied(peer, request.range.first, now);
    return {Verdict::denied, {}};
  }
  bool kept = false;
  for (std::size_t i = 0; i < answer.blocks.size(); ++i)
    kept |= window_.keep(answer.first + i, peer, std::move(answer.blocks[i]));
  if (kept || !closed->late) peers_.served(peer, now - request.sent, now);
  return {kept ? Verdict::useful : Verdict::not_needed, {}};
}

// Right behind the others, consensus delivers the next heights itself: wait for it a little.
bool SyncCore::may_fetch(std::uint64_t reachable, Instant now) const {
  if (reachable <= window_.tip()) return false;
  if (syncing_ || reachable - window_.tip() > params_.gap_small) return true;
  return !moved_ || now - *moved_ >= params_.grace;
}

Poll SyncCore::poll(Instant now) {
  Poll out;
  for (const Request& request : window_.expire(now)) {
    peers_.request_over(request.peer);
    // One that no longer matters costs nothing.
    if (window_.is_wanted(request.range)) peers_.timed_out(request.peer, now);
  }
  const std::uint64_t tip = window_.tip();
  const std::uint64_t reachable = peers_.reachable(now);
  if (may_fetch(reachable, now)) {
    while (auto range = window_.missing(verified_ + 1, reachable)) {
      if (!window_.has_room(range->first)) break;
      const auto choice = peers_.choose(range->first, now);
      if (!choice) break;
      range->last = std::min(range->last, choice->tip);
      const Ask ask{choice->peer, next_id_++, *range, params_.request_bytes};
      window_.open({ask.id, ask.peer, ask.range, now, now + params_.request_timeout});
      peers_.request_sent(ask.peer);
      out.asks.push_back(ask);
    }
  }
  const std::uint64_t target = peers_.credible_tip(now);
  if (!syncing_ && target > tip + 1 && !out.asks.empty()) {
    syncing_ = true;
    out.change = Change::started;
  } else if (syncing_ && target <= tip + 1) {
    syncing_ = false;
    out.change = Change::finished;
  }
  return out;
}

void SyncCore::set_verified() {
  window_.set_verified(verified_ + 1);
  ++verified_;
}

std::optional<PeerId> SyncCore::refuse() {
  const Held* held = to_verify();
  WITAN_CHECK(held != nullptr, verified_);
  const PeerId peer = held->peer;
  window_.drop(verified_ + 1);
  if (peer == 0) return std::nullopt;
  on_misbehaviour(peer);
  return peer;
}

const SyncBlock* SyncCore::to_hand_over(Instant now) {
  const std::uint64_t next = window_.tip() + 1;
  const Held* held = window_.held(next);
  if (held == nullptr || !held->verified) return nullptr;
  if (handed_ == next && now - handed_at_ < params_.hand_over_again) return nullptr;
  handed_ = next;
  handed_at_ = now;
  return &held->block;
}

bool SyncCore::is_busy() const {
  if (syncing_ || window_.open_requests() > 0 || window_.held_blocks() > 0) return true;
  return peers_.highest_claim() > window_.tip();
}

View SyncCore::view(Instant now) const {
  const std::uint64_t tip = window_.tip();
  return {syncing_, tip, std::max(tip, peers_.credible_tip(now)), peers_.size()};
}

}  // namespace witan::sync
