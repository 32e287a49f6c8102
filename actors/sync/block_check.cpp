#include "actors/sync/block_check.hpp"

#include "messages/wire/consensus_codec.hpp"

namespace witan::sync {

namespace {

Status same(const Hash32& got, const Hash32& expected, const char* field, const char* text) {
  if (got == expected) return {};
  return fail(ErrorCode::invalid_block, field, text);
}

Status check_place(const Header& header, const Certificate& certificate, const Verifier& verifier,
                   const ChainPoint& previous) {
  const Height height(previous.height + 1);
  if (header.height != height)
    return fail(ErrorCode::wrong_height, "header.height", "not the height asked for");
  if (certificate.height != height)
    return fail(ErrorCode::wrong_height, "certificate.height", "not the height of its block");
  if (certificate.type != VoteType::precommit)
    return fail(ErrorCode::invalid_block, "certificate.type", "not a commit certificate");
  WITAN_TRY_VOID(same(header.chain_id, verifier.chain_id(), "header.chain_id", "another chain"));
  return same(header.prev_block_id, previous.id, "header.prev_block_id",
              "does not build on the block before");
}

// The header's hash covers the lists through their roots only: without this, a valid header and
// certificate could carry another content.
Status check_lists(const Block& block) {
  std::vector<TxId> ids;
  ids.reserve(block.txs.size());
  for (const Bytes& tx : block.txs) ids.push_back(tx_id(tx));
  WITAN_TRY_VOID(same(tx_root(ids), block.header.tx_root, "header.tx_root",
                      "transactions are not those of the header"));
  std::vector<Hash32> evidence;
  for (const Bytes& item : block.evidence) evidence.push_back(evidence_hash(item));
  WITAN_TRY_VOID(same(evidence_root(evidence), block.header.evidence_root, "header.evidence_root",
                      "evidence is not that of the header"));
  const Hash32 commit =
      block.last_commit.signatures.empty() ? Hash32{} : commit_hash(block.last_commit);
  return same(commit, block.header.prev_commit_hash, "header.prev_commit_hash",
              "last commit is not that of the header");
}

}  // namespace

Result<BlockId> check_block(const Verifier& verifier, const ChainPoint& previous,
                            const SyncBlock& block) {
  const Certificate& certificate = block.certificate;
  WITAN_TRY(const BlockId id, check_linked_block(verifier, previous, block.bytes,
                                                 {certificate.block_id, certificate}));
  WITAN_TRY_VOID(verifier.verify(certificate));
  return id;
}

Result<BlockId> check_linked_block(const Verifier& verifier, const ChainPoint& previous,
                                   ByteView bytes, const Link& link) {
  WITAN_TRY(const Block decoded, decode_block(bytes));
  WITAN_TRY_VOID(check_place(decoded.header, link.certificate, verifier, previous));
  const BlockId id = block_id(decoded.header);
  WITAN_TRY_VOID(same(link.id, id, "certificate.block_id", "certifies another block"));
  WITAN_TRY_VOID(check_lists(decoded));
  return id;
}

}  // namespace witan::sync
