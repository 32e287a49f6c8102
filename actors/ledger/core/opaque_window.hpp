// Which opaque transactions are on the chain already. An opaque transaction names its last height
// and may only be included within opaque_window_heights before it, so an id has to be remembered
// until that height has passed and no longer.
//
// Ids are kept by last height in flat tables (16 bytes per slot, no allocation per id): the same
// bytes always name the same last height, so one table is probed, and expiry frees whole tables.
// The number of ids is bounded by opaque_window_ids_max; the bound is a rule of the chain (a block
// that would pass it is invalid), so every node agrees on what fits.
#pragma once
#include <map>
#include <span>
#include <vector>

#include "messages/types/id_set.hpp"

namespace witan::ledger {

// 1 Mi ids: at most 33 MB of tables.
inline constexpr std::size_t opaque_window_ids_max = std::size_t{1} << 20U;

struct OpaqueEntry {
  TxId id;
  Height last_height;
};

class OpaqueWindow {
 public:
  explicit OpaqueWindow(std::uint64_t salt = 0, std::size_t ids_max = opaque_window_ids_max)
      : salt_(salt), ids_max_(ids_max) {}

  [[nodiscard]] bool contains(const TxId& id, Height last_height) const;
  // How many more ids fit.
  [[nodiscard]] std::size_t room() const { return ids_max_ - size_; }
  // A committed block: its opaque ids enter, ids that can no longer be included leave. After a
  // restart: call for the last opaque_window_heights blocks in order.
  // REQUIRES: entries.size() <= room().
  void commit(Height height, std::span<const OpaqueEntry> entries);
  [[nodiscard]] std::size_t size() const { return size_; }
  // For tables beside this one.
  [[nodiscard]] std::uint64_t salt() const { return salt_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::map<Height, IdSet> by_last_height_;
  std::size_t size_ = 0;
  std::uint64_t salt_;
  std::size_t ids_max_;
};

}  // namespace witan::ledger
