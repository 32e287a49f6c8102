// Blocks for the core's tests: the core looks only at sizes and certificate heights.
#pragma once
#include "actors/sync/core/sync_core.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::sync {

inline Instant at_ms(std::int64_t ms) { return Instant{} + Duration::from_ms(ms); }

inline SyncBlock block_of(std::uint64_t height, std::size_t bytes = 100, std::uint8_t mark = 0) {
  SyncBlock out;
  out.bytes.assign(bytes, mark);
  out.certificate.height = Height(height);
  out.certificate.signatures.resize(3);
  return out;
}

inline Answer answer_of(const Ask& ask, std::size_t bytes = 100, std::uint8_t mark = 0) {
  Answer out{ask.id, ask.range.first, 0, {}};
  for (std::uint64_t h = ask.range.first; h <= ask.range.last; ++h) {
    if (!out.blocks.empty() && out.bytes + item_bytes(bytes, 3) > ask.bytes_max) break;
    out.blocks.push_back(block_of(h, bytes, mark));
    out.bytes += item_bytes(bytes, 3);
  }
  return out;
}

}  // namespace witan::sync
