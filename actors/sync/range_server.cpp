#include "actors/sync/range_server.hpp"

#include <algorithm>

#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/limits.hpp"

namespace witan::sync {

Claim RangeServer::own_claim() const {
  const auto last = store_.last();
  const auto first = store_.first();
  if (!last || !first) return {};
  return {last->get(), first->get()};
}

// What the peer may still take.
std::uint64_t RangeServer::refill(PeerId peer, Instant now) {
  const auto [at, added] = budgets_.try_emplace(peer, Budget{limits_.burst_bytes, now});
  Budget& budget = at->second;
  // Below a millisecond nothing is added and nothing is lost.
  const std::int64_t elapsed_ms = std::min<std::int64_t>((now - budget.filled).ms(), 60'000);
  if (elapsed_ms > 0) {
    const std::uint64_t gained =
        static_cast<std::uint64_t>(elapsed_ms) * limits_.bytes_per_second / 1000;
    budget.bytes = std::min(limits_.burst_bytes, budget.bytes + gained);
    budget.filled = now;
  }
  return budget.bytes;
}

Status RangeServer::collect(Range range, std::size_t bytes_max, std::vector<SyncBlock>& out,
                            std::size_t& bytes) const {
  for (std::uint64_t h = range.first; h <= range.last; ++h) {
    auto block = store_.block_at(Height(h));
    if (!block) return fail(block.error());
    WITAN_TRY(const Bytes encoded, store_.certificate_at(Height(h)));
    WITAN_TRY(Certificate certificate, decode_certificate(encoded));
    const std::size_t item = item_bytes(block->block.size(), certificate.signatures.size());
    if (!out.empty() && bytes + item > bytes_max) break;
    bytes += item;
    out.push_back({std::move(block->block), std::move(certificate)});
  }
  return {};
}

RangeServer::Served RangeServer::serve(PeerId peer, schema::RangeRequest::Reader request,
                                       Instant now) {
  const std::uint64_t budget = refill(peer, now);
  const Claim claim = own_claim();
  const std::uint64_t first = request.getFirst();
  const std::uint64_t last = std::min(request.getLast(), claim.tip);
  std::vector<SyncBlock> blocks;
  std::size_t bytes = 0;
  Status read;
  if (budget >= limits_.request_cost && first >= std::max<std::uint64_t>(claim.base, 1) &&
      first <= last) {
    const Range range{first, std::min(last, first + limits::range_blocks_max - 1)};
    const std::size_t bytes_max =
        std::min<std::size_t>({request.getBytesMax(), limits::range_bytes_max, budget});
    read = collect(range, bytes_max, blocks, bytes);
  }
  // Pruned while serving: the prefix is good, the rest is not there.
  if (!read &&
      (read.error().code == ErrorCode::pruned || read.error().code == ErrorCode::not_found))
    read = Status{};
  Budget& left = budgets_[peer];
  left.bytes -= std::min<std::uint64_t>(left.bytes, bytes + limits_.request_cost);

  Draft<schema::RangeResponse> response(bytes / 8 + 64);
  response->setId(request.getId());
  response->setFirst(first);
  auto list = response->initBlocks(static_cast<kj::uint>(blocks.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    list[i].setBytes(as_data(ByteView(blocks[i].bytes)));
    write_certificate(list[i].initCertificate(), blocks[i].certificate);
  }
  return {std::move(response), blocks.size(), std::move(read)};
}

Result<std::vector<SyncBlock>> read_blocks(schema::RangeResponse::Reader response) {
  const auto list = response.getBlocks();
  if (list.size() > limits::range_blocks_max)
    return fail(ErrorCode::too_large, "blocks", "more blocks than an answer may hold");
  std::vector<SyncBlock> out;
  out.reserve(list.size());
  for (const auto item : list) {
    const ByteView bytes = as_view(item.getBytes());
    if (bytes.size() > block_bytes_max)
      return fail(ErrorCode::too_large, "blocks.bytes", "above the block size limit");
    WITAN_TRY(Certificate certificate, read_certificate(item.getCertificate()));
    out.push_back({Bytes(bytes.begin(), bytes.end()), std::move(certificate)});
  }
  return out;
}

}  // namespace witan::sync
