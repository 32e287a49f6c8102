#include "crypto/light/light_block.hpp"

#include "messages/base/hex.hpp"

namespace witan::light {
namespace {

Status same_hash(const ValidatorSet& set, const Hash32& expected, const char* field) {
  const Hash32 actual = validators_hash(set);
  if (actual == expected) return {};
  return fail(ErrorCode::bad_proof, field,
              "the set hashes to " + to_hex(actual) + ", the header says " + to_hex(expected));
}

// The commit without its signatures: the right kind of certificate, for this header, by members.
Status check_commit(const LightBlock& block) {
  const Certificate& commit = block.commit;
  if (commit.type != VoteType::precommit)
    return fail(ErrorCode::unknown_type, "commit.type", "only precommits decide a block");
  if (commit.height != block.height())
    return fail(ErrorCode::wrong_height, "commit.height",
                std::to_string(commit.height.get()) + " for a header of height " +
                    std::to_string(block.height().get()));
  if (const BlockId id = block.id(); commit.block_id != id)
    return fail(
        ErrorCode::invalid_block, "commit.block_id",
        "the commit is for " + to_hex(commit.block_id) + ", the header hashes to " + to_hex(id));
  if (commit.signatures.empty()) return fail(ErrorCode::missing, "commit.signatures", "none");
  const CertificateSignature* previous = nullptr;
  for (const CertificateSignature& s : commit.signatures) {
    if (previous != nullptr && s.validator <= previous->validator)
      return fail(ErrorCode::malformed, "commit.signatures", "must be strictly increasing");
    if (s.validator >= block.validators->size())
      return fail(
          ErrorCode::unknown_validator, "commit.signatures",
          std::to_string(s.validator) + " in a set of " + std::to_string(block.validators->size()));
    previous = &s;
  }
  return {};
}

}  // namespace

Status check_block(const ChainId& chain_id, const LightBlock& block) {
  const Header& header = block.header;
  if (header.version != block_protocol_version)
    return fail(ErrorCode::wrong_version, "header.version", std::to_string(header.version));
  if (header.chain_id != chain_id)
    return fail(ErrorCode::wrong_chain, "header.chain_id",
                "expected " + to_hex(chain_id) + ", got " + to_hex(header.chain_id));
  if (header.height.get() == 0)
    return fail(ErrorCode::wrong_height, "header.height", "must be at least 1");
  if (!block.validators) return fail(ErrorCode::missing, "validators", "no set");
  if (!block.next_validators) return fail(ErrorCode::missing, "next_validators", "no set");
  WITAN_TRY_VOID(same_hash(*block.validators, header.validators_hash, "validators"));
  if (block.next_validators != block.validators ||
      header.next_validators_hash != header.validators_hash) {
    WITAN_TRY_VOID(
        same_hash(*block.next_validators, header.next_validators_hash, "next_validators"));
  }
  if (!block.validators->index_of(header.proposer))
    return fail(ErrorCode::unknown_validator, "header.proposer", to_hex(header.proposer));
  return check_commit(block);
}

}  // namespace witan::light
