// EvidencePool: evidence that waits for a block, and what was committed lately. Pure.
//
// Invariants: one item per offence (EvidenceKey); at most pending_per_validator_max of one accused,
// so that a validator that fills the pool with its own offences leaves room for everybody else's;
// at most pending_max in all. Of one accused the lowest heights stay: they can be committed first.
// An offence that was committed is not taken again while it is among the last committed_max; after
// that the ledger's state says so.
// Not thread-safe.
#pragma once
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "messages/types/evidence.hpp"

namespace witan::evidence {

inline constexpr std::size_t pending_max = 1024;
inline constexpr std::size_t pending_per_validator_max = 64;
inline constexpr std::size_t committed_max = 4096;
// What is offered to the ledger at once: two full blocks' worth.
inline constexpr std::size_t offered_max = 128;

enum class Added : std::uint8_t {
  added,
  known,      // the same offence is pending
  committed,  // or was put into a block
  full,       // no room for this accused, or at all
};

class EvidencePool {
 public:
  struct Item {
    EvidenceKey key;
    Hash32 hash;
    Bytes bytes;  // canonical encoding
  };
  struct Outcome {
    Added added = Added::added;
    std::optional<Item> evicted;  // a later height of the same accused made room
  };

  [[nodiscard]] Outcome add(Item item);
  // Known, pending or committed: needs no verification.
  [[nodiscard]] bool knows(const EvidenceKey& key) const {
    return pending_.contains(key) || committed_.contains(key);
  }
  // The offence is in a block: never again. Returns the item that was pending for it, if any.
  std::optional<Item> commit(const EvidenceKey& key);
  // Takes it out without remembering it.
  std::optional<Item> drop(const EvidenceKey& key);

  // Pending items, lowest height first, at most `count_max`.
  [[nodiscard]] std::vector<const Item*> pending(std::size_t count_max = pending_max) const;
  [[nodiscard]] std::size_t size() const { return pending_.size(); }

 private:
  std::map<EvidenceKey, Item> pending_;
  std::set<EvidenceKey> committed_;
  std::deque<EvidenceKey> committed_order_;
};

}  // namespace witan::evidence
