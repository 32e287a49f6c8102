#include "actors/sync/links.hpp"

#include "messages/wire/consensus_codec.hpp"

namespace witan::sync {

const Link* Links::find(std::uint64_t height, const FetchWindow& window, const Verifier& verifier,
                        std::size_t& signatures) {
  links_.erase(links_.begin(), links_.lower_bound(height));
  if (const auto at = links_.find(height); at != links_.end()) return &at->second;
  if (height <= alone_until_) return nullptr;
  std::uint64_t top = height;
  while (top - height + 1 < links_max && window.held(top + 1) != nullptr) ++top;
  if (top == height) return nullptr;
  signatures += window.held(top)->block.certificate.signatures.size();
  alone_until_ = top;
  Block block;
  if (!anchor(top, *window.held(top), verifier, block)) return nullptr;
  walk_down(top, height, window, std::move(block));
  const auto at = links_.find(height);
  return at == links_.end() ? nullptr : &at->second;
}

// Is the highest block of the run what a quorum decided?
bool Links::anchor(std::uint64_t height, const Held& held, const Verifier& verifier, Block& block) {
  const Certificate& certificate = held.block.certificate;
  if (certificate.type != VoteType::precommit || certificate.height.get() != height) return false;
  auto decoded = decode_block(held.block.bytes);
  if (!decoded || decoded->header.chain_id != verifier.chain_id()) return false;
  const BlockId id = block_id(decoded->header);
  if (id != certificate.block_id || !verifier.verify(certificate)) return false;
  links_[height] = {id, certificate};
  block = std::move(*decoded);
  return true;
}

// `child` is the block at `from`, known by its id.
void Links::walk_down(std::uint64_t from, std::uint64_t to, const FetchWindow& window,
                      Block child) {
  for (std::uint64_t height = from; height-- > to;) {
    const Certificate& commit = child.last_commit;
    // The id covers the list of signatures through its hash only.
    if (commit_hash(commit) != child.header.prev_commit_hash) return;
    if (commit.type != VoteType::precommit || commit.height.get() != height) return;
    const BlockId id = child.header.prev_block_id;
    if (commit.block_id != id) return;
    links_[height] = {id, commit};
    auto block = decode_block(window.held(height)->block.bytes);
    // Another block than the one vouched for: whoever sent it is blamed when its turn comes.
    if (!block || block_id(block->header) != id) return;
    child = std::move(*block);
  }
}

}  // namespace witan::sync
