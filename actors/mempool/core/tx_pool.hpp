// Pending transactions, bounded, in a deterministic order. Pure: knows no signature, state or
// clock; the caller has decoded and verified what it adds and says what was committed.
//
// Order of reap(): transfers first, by the fee of each sender's next one (higher first, earlier
// arrival among equals); a sender's own go in nonce order, and only those contiguous from the
// account's nonce. Then opaque transactions in order of arrival.
// Bounds (PoolLimits): when the pool is full a transfer evicts what pays least, opaque bytes first
// (newest first), then the last transfer of a lane (so no gap appears); it must pay more than
// everything it evicts, else pool_full. Opaque bytes never evict.
// Cost: add, remove and each reaped transaction O(log n). Thread rule: one thread.
#pragma once
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/mempool/core/id_index.hpp"
#include "messages/base/result.hpp"
#include "messages/types/id_set.hpp"

namespace witan::mempool {

struct PoolLimits {
  std::size_t count_max = 131'072;      // mempool_count_max
  std::size_t bytes_max = 32U << 20U;   // mempool_bytes_max: sum of encodings
  std::size_t per_sender_max = 1024;    // mempool_sender_max: transfers, and how far a nonce
                                        // may be ahead of the account's
  std::size_t recent_ids_max = 65'536;  // committed ids remembered (twice that at most)
  std::uint64_t fee_min = 1;
  bool opaque_allowed = false;
};
// A transfer replaces the pending one of the same nonce if its fee is higher by a tenth.
inline constexpr std::uint64_t replacement_bump_percent = 10;
// An add evicts at most so many, so that one large transaction cannot stall the pool.
inline constexpr std::size_t eviction_victims_max = 1024;
// reap() passes over so many that do not fit before it stops.
inline constexpr std::size_t reap_misfits_max = 16;
// Bytes of a transaction's list entry in a block, counted by reap() beside its encoding.
inline constexpr std::size_t list_entry_bytes = 8;

struct PoolTx {
  TxId id;
  Bytes bytes;  // canonical encoding
  bool is_transfer = false;
  bool verified = false;    // signature; opaque transactions have none and count as verified
  AccountId sender;         // transfer
  std::uint64_t nonce = 0;  // transfer
  std::uint64_t fee = 0;    // transfer; 0 for opaque
  Height last_height;       // opaque

  [[nodiscard]] static PoolTx make(const TxId& id, Bytes bytes, const Transaction& tx,
                                   bool verified);
};

class TxPool {
 public:
  // `salt`: any per-process random number; it changes no observable behaviour.
  explicit TxPool(PoolLimits limits, std::uint64_t salt = 0);

  // `account_nonce`: the sender's next nonce in the latest state (transfers).
  // Errors: duplicate (pending or recently committed), not_allowed (opaque), expired, out_of_range
  // (last_height or nonce too far ahead), bad_nonce (used, or pending and not outbid), fee_too_low,
  // pool_full.
  [[nodiscard]] Status add(PoolTx tx, std::uint64_t account_nonce);

  [[nodiscard]] bool contains(const TxId& id) const { return find(id) != nullptr; }
  // Pending and its signature is known to be good: it need not be verified again in a block.
  [[nodiscard]] bool is_verified(const TxId& id) const;
  // Valid until the pool changes; nullptr if not pending.
  [[nodiscard]] const PoolTx* find(const TxId& id) const;

  // What the next block should contain, in order; nothing is removed. Pointers are valid until the
  // pool changes.
  [[nodiscard]] std::vector<const PoolTx*> reap(std::size_t bytes_max, std::size_t count_max) const;

  // A block was committed: its ids leave, lanes move to the senders' new nonces, opaque
  // transactions that can no longer be included leave.
  struct SenderNonce {
    AccountId sender;
    std::uint64_t nonce = 0;
  };
  void on_committed(Height height, std::span<const TxId> ids, std::span<const SenderNonce> nonces);
  // Transactions the builder found invalid.
  void remove(std::span<const TxId> ids);
  // All transfers of the sender leave if the fee of the next one is above the balance: no block can
  // hold it, nor those after it. True if they left.
  bool drop_unpayable(const AccountId& sender, std::uint64_t balance);

  // Left without being committed since the last call, and why: pool_full (evicted), expired,
  // bad_nonce (outbid, or its nonce was used by another), insufficient_funds. The caller takes them
  // after each add, on_committed and drop_unpayable.
  struct Dropped {
    TxId id;
    ErrorCode reason = ErrorCode::ok;
  };
  [[nodiscard]] std::vector<Dropped> take_dropped() { return std::exchange(dropped_, {}); }

  // Something could be reaped now.
  [[nodiscard]] bool has_ready() const { return !heads_.empty() || oldest_ != no_slot; }
  // One of the ids remembered from on_committed.
  [[nodiscard]] bool was_committed(const TxId& id) const {
    return recent_.contains(id) || recent_before_.contains(id);
  }
  // The nonce a further transfer of the sender should have: after its pending ones that are
  // contiguous from the account's. 0 if none is pending: the account knows better then.
  [[nodiscard]] std::uint64_t next_nonce(const AccountId& sender) const;
  // Last committed height; 0 before the first on_committed.
  [[nodiscard]] Height height() const { return Height(next_height_.get() - 1); }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t senders() const { return lanes_.size(); }
  // Recomputes every bound and index from the entries; for tests and the crash dump.
  [[nodiscard]] Status check() const;

 private:
  struct Entry {
    PoolTx tx;
    std::uint64_t seq = 0;  // arrival
    // Opaque only: neighbours in arrival order and among those of the same last height.
    std::uint32_t older = no_slot;
    std::uint32_t newer = no_slot;
    std::uint32_t expiry_previous = no_slot;
    std::uint32_t expiry_next = no_slot;
  };
  struct Lane {
    std::uint64_t account_nonce = 0;
    std::map<std::uint64_t, std::uint32_t> by_nonce;
  };
  struct Rank {
    std::uint64_t fee = 0;
    std::uint64_t seq = 0;
    std::uint32_t slot = no_slot;
  };
  struct BestFirst {
    bool operator()(const Rank& a, const Rank& b) const {
      return a.fee != b.fee ? a.fee > b.fee : a.seq < b.seq;
    }
  };
  struct WorstFirst {
    bool operator()(const Rank& a, const Rank& b) const { return BestFirst{}(b, a); }
  };
  using Lanes = std::unordered_map<AccountId, Lane>;  // never iterated where the order shows

  [[nodiscard]] std::uint32_t slot_of(const TxId& id) const;
  [[nodiscard]] Rank rank_of(std::uint32_t slot) const;
  Status add_opaque(PoolTx tx);
  Status add_transfer(PoolTx tx, std::uint64_t account_nonce);
  Status check_nonce(const PoolTx& tx, const Lane* lane, std::uint64_t account_nonce) const;
  Status make_room(const PoolTx& tx, std::size_t freed_count, std::size_t freed_bytes);
  [[nodiscard]] std::uint32_t worse_in_lane(std::uint32_t slot) const;
  std::uint32_t store(PoolTx tx);
  void release(std::uint32_t slot);
  void remove_slot(std::uint32_t slot);
  void link_opaque(std::uint32_t slot);
  void unlink_opaque(std::uint32_t slot);
  void rank_lane(const Lane& lane, bool present);
  void advance_lane(const AccountId& sender, std::uint64_t nonce);
  void remember(const TxId& id);
  void drop(std::uint32_t slot, ErrorCode reason);
  void expire(Height next_height);
  [[nodiscard]] std::uint32_t successor(std::uint32_t slot) const;

  PoolLimits limits_;
  std::uint64_t salt_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  IdIndex index_;
  Lanes lanes_;
  std::set<Rank, BestFirst> heads_;   // first ready transfer of each lane
  std::set<Rank, WorstFirst> tails_;  // last transfer of each lane
  std::map<Height, std::uint32_t> expiring_;
  std::uint32_t oldest_ = no_slot;
  std::uint32_t newest_ = no_slot;
  IdSet recent_;
  IdSet recent_before_;
  std::vector<Dropped> dropped_;
  Height next_height_{1};
  std::uint64_t next_seq_ = 0;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace witan::mempool
