// Is this the next block of our chain, really and completely? Everything a peer could have changed
// is checked here, so that consensus may take a synced block with a valid certificate for one that
// must execute (it ends the process if it does not).
//
// A certificate is verified with all its signatures (P44, P47), since it is stored and served on,
// unless a verified block above vouches for the block (links.hpp).
// Thread rule: pure, callable from anywhere.
#pragma once
#include "actors/sync/core/types.hpp"
#include "crypto/verify.hpp"

namespace witan::sync {

// The block that the next one must build on; a zero id before the first block.
struct ChainPoint {
  std::uint64_t height = 0;
  BlockId id;
};

// The id of the block. Errors: malformed, too_large (encoding); wrong_height, invalid_block (header
// against chain, certificate, or the block's own lists); everything Verifier::verify(Certificate)
// returns.
[[nodiscard]] Result<BlockId> check_block(const Verifier& verifier, const ChainPoint& previous,
                                          const SyncBlock& block);

// What a verified block says of the one below it: its id, and a commit certificate for it.
struct Link {
  BlockId id;
  Certificate certificate;
};
// The same for a block that is vouched for; the certificate that came with it is not looked at.
[[nodiscard]] Result<BlockId> check_linked_block(const Verifier& verifier,
                                                 const ChainPoint& previous, ByteView bytes,
                                                 const Link& link);

}  // namespace witan::sync
