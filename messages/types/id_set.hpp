// A compact set of transaction ids.
#pragma once
#include <vector>

#include "messages/types/transaction.hpp"

namespace witan {

// A set of ids that are hashes, told apart by their first 16 bytes: open addressing, linear
// probing, grown by half at 3/4 full. Two ids with the same first half are one id to every node
// alike: finding such a pair costs 2^64 hashes and only makes one of the finder's own transactions
// a duplicate; finding the partner of somebody else's costs 2^128. The all-zero half marks a free
// slot, so that id cannot be stored.
class IdSet {
 public:
  // `salt` moves ids between slots only: it keeps a sender from choosing ids that collide.
  explicit IdSet(std::uint64_t salt = 0) : salt_(salt) {}
  [[nodiscard]] bool contains(const TxId& id) const;
  // False if it was there.
  bool insert(const TxId& id);
  // Room for `count` ids without growing again.
  void reserve(std::size_t count);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return slots_.capacity() * sizeof(Half); }

 private:
  // Not std::array, whose comparison is a call of memcmp.
  struct Half {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    bool operator==(const Half&) const = default;
    [[nodiscard]] bool is_free() const { return (a | b) == 0; }
  };
  [[nodiscard]] static Half half_of(const TxId& id);
  // The slot that holds it, or the free one where it belongs. REQUIRES: a free slot.
  [[nodiscard]] std::size_t find(const Half& half) const;
  void resize(std::size_t slots);
  std::vector<Half> slots_;
  std::size_t size_ = 0;
  std::uint64_t salt_;
};

}  // namespace witan
