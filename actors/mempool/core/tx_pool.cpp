#include "actors/mempool/core/tx_pool.hpp"

#include <queue>

#include "messages/base/int_math.hpp"

namespace witan::mempool {

PoolTx PoolTx::make(const TxId& id, Bytes bytes, const Transaction& tx, bool verified) {
  PoolTx out;
  out.id = id;
  out.bytes = std::move(bytes);
  if (const auto* transfer = std::get_if<Transfer>(&tx)) {
    out.is_transfer = true;
    out.verified = verified;
    out.sender = transfer->from;
    out.nonce = transfer->nonce;
    out.fee = transfer->fee;
  } else {
    out.verified = true;
    out.last_height = std::get<Opaque>(tx).last_height;
  }
  return out;
}

TxPool::TxPool(PoolLimits limits, std::uint64_t salt)
    : limits_(limits),
      salt_(salt),
      index_(limits.count_max, salt),
      recent_(salt),
      recent_before_(salt) {}

// ---- entries -----------------------------------------------------------------------------------

std::uint32_t TxPool::slot_of(const TxId& id) const {
  return index_.find(id, [this](std::uint32_t s) -> const TxId& { return entries_[s].tx.id; });
}

TxPool::Rank TxPool::rank_of(std::uint32_t slot) const {
  return {entries_[slot].tx.fee, entries_[slot].seq, slot};
}

std::uint32_t TxPool::store(PoolTx tx) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  ++count_;
  bytes_ += tx.bytes.size();
  index_.insert(tx.id, slot);
  entries_[slot] = Entry{};
  entries_[slot].tx = std::move(tx);
  entries_[slot].seq = next_seq_++;
  return slot;
}

void TxPool::release(std::uint32_t slot) {
  Entry& e = entries_[slot];
  index_.erase(e.tx.id, slot, [this](std::uint32_t s) -> const TxId& { return entries_[s].tx.id; });
  --count_;
  bytes_ -= e.tx.bytes.size();
  e = Entry{};
  free_.push_back(slot);
}

void TxPool::remove_slot(std::uint32_t slot) {
  const PoolTx& tx = entries_[slot].tx;
  if (!tx.is_transfer) {
    unlink_opaque(slot);
  } else {
    const auto it = lanes_.find(tx.sender);
    rank_lane(it->second, false);
    it->second.by_nonce.erase(tx.nonce);
    rank_lane(it->second, true);
    if (it->second.by_nonce.empty()) lanes_.erase(it);
  }
  release(slot);
}

const PoolTx* TxPool::find(const TxId& id) const {
  const std::uint32_t slot = slot_of(id);
  return slot == no_slot ? nullptr : &entries_[slot].tx;
}

bool TxPool::is_verified(const TxId& id) const {
  const PoolTx* tx = find(id);
  return tx != nullptr && tx->verified;
}

// ---- opaque ------------------------------------------------------------------------------------

void TxPool::link_opaque(std::uint32_t slot) {
  Entry& e = entries_[slot];
  e.older = newest_;
  (newest_ == no_slot ? oldest_ : entries_[newest_].newer) = slot;
  newest_ = slot;
  const auto [it, added] = expiring_.try_emplace(e.tx.last_height, slot);
  if (added) return;
  e.expiry_next = it->second;
  entries_[it->second].expiry_previous = slot;
  it->second = slot;
}

void TxPool::unlink_opaque(std::uint32_t slot) {
  const Entry& e = entries_[slot];
  (e.older == no_slot ? oldest_ : entries_[e.older].newer) = e.newer;
  (e.newer == no_slot ? newest_ : entries_[e.newer].older) = e.older;
  if (e.expiry_next != no_slot) entries_[e.expiry_next].expiry_previous = e.expiry_previous;
  if (e.expiry_previous != no_slot) {
    entries_[e.expiry_previous].expiry_next = e.expiry_next;
  } else if (e.expiry_next != no_slot) {
    expiring_[e.tx.last_height] = e.expiry_next;
  } else {
    expiring_.erase(e.tx.last_height);
  }
}

void TxPool::expire(Height next_height) {
  while (!expiring_.empty() && expiring_.begin()->first < next_height)
    drop(expiring_.begin()->second, ErrorCode::expired);
}

void TxPool::drop(std::uint32_t slot, ErrorCode reason) {
  dropped_.push_back({entries_[slot].tx.id, reason});
  remove_slot(slot);
}

void TxPool::remember(const TxId& id) {
  if (recent_.size() >= limits_.recent_ids_max)
    recent_before_ = std::exchange(recent_, IdSet(salt_));
  recent_.insert(id);
}

Status TxPool::add_opaque(PoolTx tx) {
  if (!limits_.opaque_allowed)
    return fail(ErrorCode::not_allowed, "opaque", "only development chains carry opaque bytes");
  if (tx.last_height < next_height_)
    return fail(ErrorCode::expired, "last_height", "the last valid height has passed");
  if (tx.last_height.get() - next_height_.get() >= opaque_window_heights)
    return fail(ErrorCode::out_of_range, "last_height", "too far ahead of the chain");
  if (count_ >= limits_.count_max || bytes_ + tx.bytes.size() > limits_.bytes_max)
    return fail(ErrorCode::pool_full, "mempool", "retry after the next block");
  link_opaque(store(std::move(tx)));
  return {};
}

// ---- transfers ---------------------------------------------------------------------------------

// Enters (present) or takes out the lane's head and tail of the two rankings.
void TxPool::rank_lane(const Lane& lane, bool present) {
  if (lane.by_nonce.empty()) return;
  const Rank tail = rank_of(lane.by_nonce.rbegin()->second);
  const Rank head = rank_of(lane.by_nonce.begin()->second);
  const bool ready = lane.by_nonce.begin()->first == lane.account_nonce;
  if (present) {
    tails_.insert(tail);
    if (ready) heads_.insert(head);
  } else {
    tails_.erase(tail);
    if (ready) heads_.erase(head);
  }
}

Status TxPool::check_nonce(const PoolTx& tx, const Lane* lane, std::uint64_t account_nonce) const {
  if (tx.fee < limits_.fee_min)
    return fail(ErrorCode::fee_too_low, "fee", "below the chain's fee_min");
  if (tx.nonce < account_nonce)
    return fail(ErrorCode::bad_nonce, "nonce", "used already; the account is further");
  if (tx.nonce - account_nonce >= limits_.per_sender_max)
    return fail(ErrorCode::out_of_range, "nonce", "too far ahead of the account's nonce");
  if (lane == nullptr) return {};
  if (const auto it = lane->by_nonce.find(tx.nonce); it != lane->by_nonce.end()) {
    const std::uint64_t fee = entries_[it->second].tx.fee;
    const u128 least = static_cast<u128>(fee) * (100 + replacement_bump_percent);
    if (static_cast<u128>(tx.fee) * 100 < least || tx.fee <= fee)
      return fail(ErrorCode::bad_nonce, "nonce", "pending already; raise the fee by 10 %");
  } else if (lane->by_nonce.size() >= limits_.per_sender_max) {
    return fail(ErrorCode::pool_full, "sender", "too many pending transfers of this sender");
  }
  return {};
}

Status TxPool::add_transfer(PoolTx tx, std::uint64_t account_nonce) {
  const AccountId sender = tx.sender;
  const std::uint64_t nonce = tx.nonce;
  auto lane = lanes_.find(sender);
  if (lane != lanes_.end() && lane->second.account_nonce < account_nonce) {
    advance_lane(sender, account_nonce);
    lane = lanes_.find(sender);
  }
  // A lane that knows a later nonce than the caller was told by a commit since.
  if (lane != lanes_.end()) account_nonce = lane->second.account_nonce;
  WITAN_TRY_VOID(check_nonce(tx, lane == lanes_.end() ? nullptr : &lane->second, account_nonce));
  std::uint32_t replaced = no_slot;
  if (lane != lanes_.end()) {
    const auto it = lane->second.by_nonce.find(nonce);
    if (it != lane->second.by_nonce.end()) replaced = it->second;
  }
  const bool replaces = replaced != no_slot;
  WITAN_TRY_VOID(
      make_room(tx, replaces ? 1 : 0, replaces ? entries_[replaced].tx.bytes.size() : 0));
  if (lane == lanes_.end()) lane = lanes_.emplace(sender, Lane{account_nonce, {}}).first;
  rank_lane(lane->second, false);
  if (replaces) {
    dropped_.push_back({entries_[replaced].tx.id, ErrorCode::bad_nonce});
    release(replaced);
  }
  lane->second.by_nonce[nonce] = store(std::move(tx));
  rank_lane(lane->second, true);
  return {};
}

Status TxPool::add(PoolTx tx, std::uint64_t account_nonce) {
  if (contains(tx.id)) return fail(ErrorCode::duplicate, "id", "pending already");
  if (was_committed(tx.id)) return fail(ErrorCode::duplicate, "id", "committed already");
  return tx.is_transfer ? add_transfer(std::move(tx), account_nonce) : add_opaque(std::move(tx));
}

// The transfer before this one in its lane, which becomes the tail if this one leaves.
std::uint32_t TxPool::worse_in_lane(std::uint32_t slot) const {
  const PoolTx& tx = entries_[slot].tx;
  const Lane& lane = lanes_.find(tx.sender)->second;
  auto it = lane.by_nonce.find(tx.nonce);
  return it == lane.by_nonce.begin() ? no_slot : std::prev(it)->second;
}

// Evicts what must leave for a transfer, or nothing at all. Lanes are consumed from their ends
// through a heap beside tails_, so only what is looked at is touched.
Status TxPool::make_room(const PoolTx& tx, std::size_t freed_count, std::size_t freed_bytes) {
  std::vector<std::uint32_t> victims;
  const auto fits = [&] {
    return count_ + 1 <= limits_.count_max + freed_count &&
           bytes_ + tx.bytes.size() <= limits_.bytes_max + freed_bytes;
  };
  const auto take = [&](std::uint32_t slot) {
    victims.push_back(slot);
    ++freed_count;
    freed_bytes += entries_[slot].tx.bytes.size();
  };
  for (std::uint32_t s = newest_; s != no_slot && !fits(); s = entries_[s].older) {
    if (victims.size() >= eviction_victims_max) break;
    take(s);
  }
  const auto better = [](const Rank& a, const Rank& b) { return BestFirst{}(a, b); };
  std::priority_queue<Rank, std::vector<Rank>, decltype(better)> exposed(better);
  auto next = tails_.begin();
  while (!fits() && victims.size() < eviction_victims_max) {
    const bool from_set =
        next != tails_.end() && (exposed.empty() || WorstFirst{}(*next, exposed.top()));
    if (!from_set && exposed.empty()) break;
    const Rank worst = from_set ? *next : exposed.top();
    if (worst.fee >= tx.fee) break;
    from_set ? static_cast<void>(++next) : exposed.pop();
    // The sender's own earlier transfers stay: without them this one could never be ready.
    if (entries_[worst.slot].tx.sender == tx.sender) continue;
    take(worst.slot);
    if (const std::uint32_t s = worse_in_lane(worst.slot); s != no_slot) exposed.push(rank_of(s));
  }
  if (!fits()) return fail(ErrorCode::pool_full, "mempool", "raise the fee or retry later");
  for (const std::uint32_t s : victims) drop(s, ErrorCode::pool_full);
  return {};
}

void TxPool::advance_lane(const AccountId& sender, std::uint64_t nonce) {
  const auto it = lanes_.find(sender);
  if (it == lanes_.end() || nonce <= it->second.account_nonce) return;
  Lane& lane = it->second;
  rank_lane(lane, false);
  while (!lane.by_nonce.empty() && lane.by_nonce.begin()->first < nonce) {
    const std::uint32_t slot = lane.by_nonce.begin()->second;
    dropped_.push_back({entries_[slot].tx.id, ErrorCode::bad_nonce});
    release(slot);
    lane.by_nonce.erase(lane.by_nonce.begin());
  }
  lane.account_nonce = nonce;
  rank_lane(lane, true);
  if (lane.by_nonce.empty()) lanes_.erase(it);
}

// ---- blocks ------------------------------------------------------------------------------------

// Next of the same sender if it is contiguous, else no_slot.
std::uint32_t TxPool::successor(std::uint32_t slot) const {
  const PoolTx& tx = entries_[slot].tx;
  const Lane& lane = lanes_.find(tx.sender)->second;
  const auto it = std::next(lane.by_nonce.find(tx.nonce));
  return it != lane.by_nonce.end() && it->first == tx.nonce + 1 ? it->second : no_slot;
}

std::uint64_t TxPool::next_nonce(const AccountId& sender) const {
  const auto lane = lanes_.find(sender);
  if (lane == lanes_.end()) return 0;
  std::uint64_t next = lane->second.account_nonce;
  for (const auto& [nonce, slot] : lane->second.by_nonce) {
    if (nonce != next) break;
    ++next;
  }
  return next;
}

std::vector<const PoolTx*> TxPool::reap(std::size_t bytes_max, std::size_t count_max) const {
  std::vector<const PoolTx*> out;
  std::size_t used = 0;
  std::size_t misfits = 0;
  const auto take = [&](std::uint32_t slot) {
    const PoolTx& tx = entries_[slot].tx;
    if (used + tx.bytes.size() + list_entry_bytes > bytes_max) return ++misfits, false;
    used += tx.bytes.size() + list_entry_bytes;
    out.push_back(&tx);
    return true;
  };
  const auto open = [&] { return out.size() < count_max && misfits < reap_misfits_max; };
  // Merge of the lanes' heads with the successors of what was taken.
  const auto worse = [](const Rank& a, const Rank& b) { return BestFirst{}(b, a); };
  std::priority_queue<Rank, std::vector<Rank>, decltype(worse)> exposed(worse);
  auto next = heads_.begin();
  while (open() && (next != heads_.end() || !exposed.empty())) {
    const bool from_set =
        next != heads_.end() && (exposed.empty() || BestFirst{}(*next, exposed.top()));
    const Rank best = from_set ? *next : exposed.top();
    from_set ? static_cast<void>(++next) : exposed.pop();
    if (!take(best.slot)) continue;
    if (const std::uint32_t s = successor(best.slot); s != no_slot) exposed.push(rank_of(s));
  }
  for (std::uint32_t s = oldest_; s != no_slot && open(); s = entries_[s].newer) take(s);
  return out;
}

void TxPool::on_committed(Height height, std::span<const TxId> ids,
                          std::span<const SenderNonce> nonces) {
  for (const TxId& id : ids) {
    remember(id);
    if (const std::uint32_t slot = slot_of(id); slot != no_slot) remove_slot(slot);
  }
  // After the ids, so that what is left below the new nonces was passed over, not committed.
  for (const SenderNonce& n : nonces) advance_lane(n.sender, n.nonce);
  next_height_ = std::max(next_height_, height + 1);
  expire(next_height_);
}

void TxPool::remove(std::span<const TxId> ids) {
  for (const TxId& id : ids)
    if (const std::uint32_t slot = slot_of(id); slot != no_slot) remove_slot(slot);
}

bool TxPool::drop_unpayable(const AccountId& sender, std::uint64_t balance) {
  const auto lane = lanes_.find(sender);
  if (lane == lanes_.end()) return false;
  const auto& by_nonce = lane->second.by_nonce;
  if (entries_[by_nonce.begin()->second].tx.fee <= balance) return false;
  std::vector<std::uint32_t> slots;
  for (const auto& [nonce, slot] : by_nonce) slots.push_back(slot);
  // The last removal ends the lane.
  for (auto s = slots.rbegin(); s != slots.rend(); ++s) drop(*s, ErrorCode::insufficient_funds);
  return true;
}

Status TxPool::check() const {
  const auto broken = [](const char* what) { return fail(ErrorCode::internal, "mempool", what); };
  std::size_t transfers = 0;
  std::size_t opaque = 0;
  std::size_t bytes = 0;
  std::size_t ready = 0;
  for (const auto& [sender, lane] : lanes_) {
    if (lane.by_nonce.empty()) return broken("an empty lane is kept");
    for (const auto& [nonce, slot] : lane.by_nonce) {
      const PoolTx& tx = entries_[slot].tx;
      if (tx.sender != sender || tx.nonce != nonce || nonce < lane.account_nonce)
        return broken("a lane holds what is not its own");
      if (slot_of(tx.id) != slot) return broken("a transfer is not indexed");
      bytes += tx.bytes.size();
      ++transfers;
    }
    if (!tails_.contains(rank_of(lane.by_nonce.rbegin()->second))) return broken("tail not ranked");
    const bool is_ready = lane.by_nonce.begin()->first == lane.account_nonce;
    ready += is_ready ? 1U : 0U;
    if (is_ready && !heads_.contains(rank_of(lane.by_nonce.begin()->second)))
      return broken("head not ranked");
  }
  for (std::uint32_t s = oldest_; s != no_slot; s = entries_[s].newer) {
    if (slot_of(entries_[s].tx.id) != s) return broken("an opaque transaction is not indexed");
    if (entries_[s].tx.last_height < next_height_) return broken("an expired transaction is kept");
    bytes += entries_[s].tx.bytes.size();
    ++opaque;
  }
  if (transfers + opaque != count_ || bytes != bytes_) return broken("counts do not add up");
  if (heads_.size() != ready || tails_.size() != lanes_.size()) return broken("stale rankings");
  if (count_ > limits_.count_max || bytes_ > limits_.bytes_max) return broken("above its limits");
  return {};
}

}  // namespace witan::mempool
