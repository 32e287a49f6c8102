// Skipping verification (consensus.md §6.5): which held blocks need no signatures of their own.
//
// A block whose certificate verifies vouches for the one below it: its header names that block's id
// and the hash of a commit certificate for it, which it carries (last_commit). No block without a
// good one is valid, so more than two thirds of the power have checked it. So of a run of held
// blocks only the certificate of the highest is verified here, and the others get the certificate
// that their successor carries: what is stored and served on has been checked, by us or by the
// quorum of a block that we have checked (P44).
//
// Holds for one validator set (the epoch's). Thread rule: one owner.
#pragma once
#include <map>

#include "actors/sync/block_check.hpp"
#include "actors/sync/core/fetch_window.hpp"

namespace witan::sync {

inline constexpr std::uint64_t links_max = 32;  // blocks per verified certificate

class Links {
 public:
  // The link of the held block at `height`; nullptr if it must be verified by its own certificate:
  // it ends the run, or the run's highest block or a link above it is bad. Adds to `signatures`
  // what was verified for it. Valid until the next call. Heights must not fall between calls.
  [[nodiscard]] const Link* find(std::uint64_t height, const FetchWindow& window,
                                 const Verifier& verifier, std::size_t& signatures);

 private:
  [[nodiscard]] bool anchor(std::uint64_t height, const Held& held, const Verifier& verifier,
                            Block& block);
  void walk_down(std::uint64_t from, std::uint64_t to, const FetchWindow& window, Block child);

  std::map<std::uint64_t, Link> links_;
  std::uint64_t alone_until_ = 0;  // up to here blocks are verified one by one
};

}  // namespace witan::sync
