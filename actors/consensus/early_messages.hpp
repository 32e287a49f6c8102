// Verified messages of heights that have not begun here. A node that is a few heights behind (a
// slow disk, a busy moment) finds in here what it needs to decide them one after the other, while
// the others go on; without it, it would have to fetch each one.
//
// Bounded in messages and bytes; when full, the messages of the highest height go first. A peer has
// an eighth of the places (a signer of a million rounds crowds nobody out). What anybody can make
// up (parts) may fill half of it and displaces nothing. Not thread-safe; owned by the consensus
// actor.
#pragma once
#include <map>
#include <vector>

#include "messages/types/height.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::consensus {

inline constexpr std::uint64_t early_heights_max = 64;  // ahead of the height being decided
inline constexpr std::size_t early_messages_max = 16'384;
inline constexpr std::size_t early_messages_per_peer = early_messages_max / 8;
inline constexpr std::size_t early_bytes_max = 16 * 1024 * 1024;

class EarlyMessages {
 public:
  enum class Origin { signed_by_validator, unsigned_part };

  // False when there was no room for it.
  bool keep(Height height, std::uint32_t peer, const Envelope& envelope, Origin origin) {
    const std::size_t size = envelope.words->flat_bytes();
    if (const auto held = by_peer_.find(peer);
        held != by_peer_.end() && held->second >= early_messages_per_peer)
      return false;
    if (origin == Origin::unsigned_part &&
        (messages_ >= early_messages_max / 2 || bytes_ + size > early_bytes_max / 2))
      return false;
    while (messages_ >= early_messages_max || bytes_ + size > early_bytes_max) {
      if (by_height_.empty() || by_height_.rbegin()->first <= height) return false;
      drop(std::prev(by_height_.end()));
    }
    by_height_[height].push_back({peer, envelope});
    ++by_peer_[peer];
    ++messages_;
    bytes_ += size;
    return true;
  }
  // The messages of this height in the order in which they came; those of lower heights are
  // dropped.
  [[nodiscard]] std::vector<Envelope> take(Height height) {
    while (!by_height_.empty() && by_height_.begin()->first < height) drop(by_height_.begin());
    const auto it = by_height_.find(height);
    if (it == by_height_.end()) return {};
    std::vector<Envelope> out;
    out.reserve(it->second.size());
    for (const Kept& kept : it->second) out.push_back(kept.envelope);
    drop(it);
    return out;
  }
  [[nodiscard]] std::size_t size() const { return messages_; }

 private:
  struct Kept {
    std::uint32_t peer = 0;
    Envelope envelope;
  };
  using Heights = std::map<Height, std::vector<Kept>>;
  void drop(Heights::iterator it) {
    for (const Kept& kept : it->second) {
      bytes_ -= kept.envelope.words->flat_bytes();
      if (--by_peer_[kept.peer] == 0) by_peer_.erase(kept.peer);
    }
    messages_ -= it->second.size();
    by_height_.erase(it);
  }

  Heights by_height_;
  std::map<std::uint32_t, std::size_t> by_peer_;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace witan::consensus
