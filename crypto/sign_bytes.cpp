#include "crypto/sign_bytes.hpp"

#include "crypto/hash.hpp"
#include "crypto/merkle.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan {
namespace {

// Written inside the bytes as well as in the tag, so that a layout dump says what it is.
enum class SignKind : std::uint8_t { prevote = 1, precommit = 2, proposal = 32 };

void put_round(ByteWriter& out, Round round) { out.u32(static_cast<std::uint32_t>(round.get())); }

void put_duration(ByteWriter& out, Duration duration) { out.i64(duration.ns); }

// Presence byte, then the id or zeros: the width does not depend on the value.
void put_value(ByteWriter& out, const ValueId& value) {
  out.u8(value ? 1 : 0).raw(value.value_or(BlockId{}).view());
}

void put_position(ByteWriter& out, const ChainId& chain_id, SignKind kind, Height height,
                  Round round, Round pol_round) {
  out.raw(chain_id.view()).u8(static_cast<std::uint8_t>(kind)).u64(height.get());
  put_round(out, round);
  put_round(out, pol_round);
}

}  // namespace

Hash32 vote_hash(const ChainId& chain_id, const Vote& vote) {
  static const HashTag prevote_tag("prevote");
  static const HashTag precommit_tag("precommit");
  const bool is_prevote = vote.type == VoteType::prevote;
  ByteWriter out(96);
  put_position(out, chain_id, is_prevote ? SignKind::prevote : SignKind::precommit, vote.height,
               vote.round, vote.pol_round);
  put_value(out, vote.value);
  return tagged_hash(is_prevote ? prevote_tag : precommit_tag, out.view());
}

Hash32 proposal_hash(const ChainId& chain_id, const Proposal& proposal) {
  static const HashTag tag("proposal");
  ByteWriter out(128);
  put_position(out, chain_id, SignKind::proposal, proposal.height, proposal.round,
               proposal.pol_round);
  out.raw(proposal.block_id.view());
  out.u32(proposal.parts.count).u32(proposal.parts.total_bytes).raw(proposal.parts.root.view());
  return tagged_hash(tag, out.view());
}

Hash32 transfer_hash(const ChainId& chain_id, const Transfer& transfer) {
  static const HashTag tag("transfer");
  ByteWriter out(128 + transfer.memo.size());
  out.raw(chain_id.view()).raw(transfer.from.view()).raw(transfer.to.view());
  out.u64(transfer.amount).u64(transfer.fee).u64(transfer.nonce).prefixed(transfer.memo);
  return tagged_hash(tag, out.view());
}

Hash32 pop_hash(KeyRole role, ByteView key, const AccountId& owner) {
  static const HashTag tag("possession");
  ByteWriter out(80);
  out.u8(static_cast<std::uint8_t>(role)).prefixed(key).raw(owner.view());
  return tagged_hash(tag, out.view());
}

Hash32 handshake_hash(const SessionClaim& claim) {
  static const HashTag tag("handshake");
  ByteWriter out(144);
  out.raw(claim.chain_id.view()).raw(claim.claimer.view()).raw(claim.peer.view());
  out.raw(claim.session.view());
  return tagged_hash(tag, out.view());
}

BlockId block_id(const Header& header) {
  static const HashTag tag("block");
  ByteWriter out(768);
  out.u32(header.version).raw(header.chain_id.view()).u64(header.height.get());
  put_round(out, header.origin_round);
  out.i64(header.time.ns).u64(header.epoch).raw(header.proposer.view());
  out.raw(header.prev_block_id.view()).raw(header.prev_commit_hash.view());
  out.raw(header.tx_root.view()).raw(header.evidence_root.view()).raw(header.state_root.view());
  for (const Hash32& root : header.module_roots) out.raw(root.view());
  out.raw(header.validators_hash.view()).raw(header.next_validators_hash.view());
  out.u64(header.cfg_version).u64(header.rules_version);
  out.raw(header.vrf_entropy.view()).raw(header.proof_root.view());
  return tagged_hash(tag, out.view());
}

ChainId genesis_hash(const Genesis& genesis) {
  static const HashTag tag("genesis");
  ByteWriter out(4096);
  out.prefixed(as_bytes(genesis.chain_name)).u8(static_cast<std::uint8_t>(genesis.type));
  out.i64(genesis.time.ns).u64(genesis.initial_height.get());
  const GenesisParams& p = genesis.params;
  out.u32(p.block_bytes_max).u64(p.fee_min);
  for (Duration d :
       {p.timeout_propose, p.timeout_propose_delta, p.timeout_vote, p.timeout_vote_delta,
        p.timeout_max, p.block_time, p.precision, p.message_delay}) {
    put_duration(out, d);
  }
  out.u64(p.evidence_max_age_blocks);
  put_duration(out, p.evidence_max_age);
  out.u32(static_cast<std::uint32_t>(genesis.validators.size()));
  for (const GenesisValidator& v : genesis.validators) {
    out.prefixed(as_bytes(v.name)).raw(v.key.view()).raw(v.proof_of_possession.view());
    out.u64(v.stake).u32(v.score_milli).u8(v.tier).u64(v.timetoke_hours).u64(v.consensus_success);
  }
  out.u32(static_cast<std::uint32_t>(genesis.accounts.size()));
  for (const GenesisAccount& a : genesis.accounts) out.raw(a.id.view()).u64(a.balance);
  return tagged_hash(tag, out.view());
}

TxId tx_id(ByteView canonical_tx) {
  static const HashTag tag("tx");
  return tagged_hash(tag, canonical_tx);
}

Hash32 evidence_hash(ByteView canonical_evidence) {
  static const HashTag tag("evidence");
  return tagged_hash(tag, canonical_evidence);
}

Hash32 commit_hash(const Certificate& certificate) {
  static const HashTag tag("commit");
  ByteWriter out(64 + certificate.signatures.size() * 72);
  out.u8(static_cast<std::uint8_t>(certificate.type)).u64(certificate.height.get());
  put_round(out, certificate.round);
  out.raw(certificate.block_id.view());
  out.u32(static_cast<std::uint32_t>(certificate.signatures.size()));
  for (const CertificateSignature& s : certificate.signatures) {
    out.u32(s.validator);
    put_round(out, s.pol_round);
    out.raw(s.signature.view());
  }
  return tagged_hash(tag, out.view());
}

Bytes validator_leaf(const Validator& validator) {
  ByteWriter out(64);
  out.raw(validator.key.view()).u64(validator.power).u8(validator.tier);
  out.u64(validator.timetoke_hours);
  return out.take();
}

Hash32 validators_hash(const ValidatorSet& set) {
  merkle::RootBuilder root;
  for (const Validator& validator : set.all()) root.add(validator_leaf(validator));
  return root.root();
}

namespace {

Hash32 root_over(std::span<const Hash32> hashes) {
  merkle::RootBuilder root;
  for (const Hash32& hash : hashes) root.add(hash.view());
  return root.root();
}

}  // namespace

Hash32 tx_root(std::span<const TxId> ids) { return root_over(ids); }
Hash32 evidence_root(std::span<const Hash32> evidence_hashes) { return root_over(evidence_hashes); }
Hash32 state_root(const ModuleRoots& roots) { return root_over(roots); }

}  // namespace witan
