// What this node has to tell its peers: transactions admitted from its own API, collected into
// batches, and once more those that stay pending (a peer may have been away).
#pragma once
#include <deque>

#include "messages/base/time.hpp"
#include "messages/types/transaction.hpp"

namespace witan::mempool {

inline constexpr std::size_t gossip_bytes_max = 64 * 1024;
inline constexpr std::size_t gossip_count_max = 200;
inline constexpr Duration gossip_delay = Duration::from_ms(2);
// Own pending ids watched for repetition; older ones are repeated no more.
inline constexpr std::size_t own_ids_max = 32'768;
// Repeated at most per round.
inline constexpr std::size_t repeat_max = 1000;

class GossipQueue {
 public:
  struct Batch {
    Bytes blob;  // u32 length before each
    std::uint32_t count = 0;
  };

  // True if this was the first of a batch: flush after gossip_delay, unless full() comes first.
  bool add(ByteView tx) {
    const auto size = static_cast<std::uint32_t>(tx.size());
    for (unsigned shift = 0; shift < 32; shift += 8)
      batch_.blob.push_back(static_cast<std::uint8_t>(size >> shift));
    batch_.blob.insert(batch_.blob.end(), tx.begin(), tx.end());
    return ++batch_.count == 1;
  }
  [[nodiscard]] bool empty() const { return batch_.count == 0; }
  [[nodiscard]] bool full() const {
    return batch_.count >= gossip_count_max || batch_.blob.size() >= gossip_bytes_max;
  }
  // Counts flushes: a timer that carries an older number is void.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] const Batch& batch() const { return batch_; }
  // After the batch was sent: empties it, keeping its memory.
  void flushed() {
    batch_.blob.clear();
    batch_.count = 0;
    ++generation_;
  }

  void watch(const TxId& id, Instant sent) {
    if (own_.size() >= own_ids_max) own_.pop_front();
    own_.push_back({id, sent});
  }
  // Calls `again(id)` for those sent before `limit`, oldest first; what it answers true for is
  // still pending and is watched further.
  template <class F>
  void repeat(Instant limit, Instant now, const F& again) {
    std::size_t repeated = 0;
    while (!own_.empty() && own_.front().sent < limit && repeated < repeat_max) {
      const TxId id = own_.front().id;
      own_.pop_front();
      if (!again(id)) continue;
      own_.push_back({id, now});
      ++repeated;
    }
  }

 private:
  struct Own {
    TxId id;
    Instant sent;
  };
  Batch batch_;
  std::uint64_t generation_ = 0;
  std::deque<Own> own_;
};

}  // namespace witan::mempool
