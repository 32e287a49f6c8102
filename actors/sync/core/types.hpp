// Plain types and numbers of block sync. Heights are plain integers here: ranges do arithmetic.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/time.hpp"
#include "messages/types/block.hpp"
#include "messages/types/certificate.hpp"

namespace witan::sync {

using PeerId = std::uint32_t;  // slot number of the peer's session; never reused

// Both ends included. Empty ranges do not exist.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
  bool operator==(const Range&) const = default;
};

// What a peer says it can serve: heights base..tip. Only a claim until served (P41).
struct Claim {
  std::uint64_t tip = 0;
  std::uint64_t base = 0;
};

// A decided block as it travels: encoded block and commit certificate.
struct SyncBlock {
  Bytes bytes;
  Certificate certificate;
};

// Upper bound of what one block takes in an answer; server and client count by it.
[[nodiscard]] constexpr std::size_t item_bytes(std::size_t block_bytes, std::size_t signatures) {
  return block_bytes + 80 * signatures + 192;
}

struct Params {
  // Behind by no more than gap_small, a node fetches only after its height stood still for `grace`:
  // consensus is about to deliver those heights itself.
  Duration grace = Duration::from_ms(50);
  std::uint64_t gap_small = 8;
  std::uint32_t range_blocks = 64;
  std::uint64_t window_blocks = 512;  // above the own height, asked for or held
  std::size_t window_bytes = 16 * 1024 * 1024;
  // Fits one block of any size with its certificate, so an honest answer is never larger.
  std::size_t request_bytes = block_bytes_max + 256 * 1024;
  std::uint32_t requests_per_peer = 2;
  Duration request_timeout = Duration::from_s(2);
  Duration slow_answer = Duration::from_s(1);
  Duration exclusion_min = Duration::from_ms(250);  // doubles with each failure in a row
  Duration exclusion_max = Duration::from_s(16);
  // A peer that failed this often in a row, and served nothing for `patience`, no longer counts
  // when deciding whether we are behind. It is still asked now and then.
  std::uint32_t failures_to_doubt = 3;
  Duration patience = Duration::from_s(10);
  Duration hand_over_again = Duration::from_ms(500);  // consensus may have been replaying its log
  std::size_t peers_max = 1024;
};

// What of an answer is longer than asked for beyond this many bytes is misbehaviour (framing).
inline constexpr std::size_t answer_slack_bytes = 4096;

}  // namespace witan::sync
