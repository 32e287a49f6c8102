// A compact set of transaction ids.
#pragma once
#include <vector>

#include "messages/types/transaction.hpp"

namespace witan {

// A set of ids that are hashes: open addressing, linear probing, grown by half at 7/8 full. The
// zero id marks a free slot and cannot be stored (no preimage of it is known).
class IdSet {
 public:
  // `salt` moves ids between slots only: it keeps a sender from choosing ids that collide.
  explicit IdSet(std::uint64_t salt = 0) : salt_(salt) {}
  [[nodiscard]] bool contains(const TxId& id) const;
  // False if it was there.
  bool insert(const TxId& id);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return slots_.capacity() * sizeof(TxId); }

 private:
  [[nodiscard]] std::size_t slot_of(const TxId& id) const;
  void grow();
  std::vector<TxId> slots_;
  std::size_t size_ = 0;
  std::uint64_t salt_;
};

}  // namespace witan
