// Random objects of every kind that is encoded, valid as far as the decoders judge.
#pragma once
#include "messages/base/random.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/limits.hpp"

namespace witan::test {

template <class Fixed>
Fixed any_fixed(Random& r) {
  Fixed out;
  for (auto& b : out.data) b = static_cast<std::uint8_t>(r.next());
  return out;
}
inline Bytes any_bytes(Random& r, std::size_t size_max, std::size_t size_min = 0) {
  Bytes out(size_min + r.below(size_max - size_min + 1));
  for (auto& b : out) b = static_cast<std::uint8_t>(r.next());
  return out;
}
inline Height any_height(Random& r) { return Height(r.next() >> r.below(64)); }
inline Round any_round(Random& r) {
  return Round(static_cast<std::int32_t>(r.below(std::uint64_t{round_max} + 1)));
}
inline Round any_round_or_nil(Random& r) { return r.chance_permille(300) ? Round() : any_round(r); }

inline SignedVote any_vote(Random& r) {
  SignedVote out;
  out.vote.type = r.chance_permille(500) ? VoteType::prevote : VoteType::precommit;
  out.vote.height = any_height(r);
  out.vote.round = any_round(r);
  if (r.chance_permille(700)) out.vote.value = any_fixed<BlockId>(r);
  out.vote.pol_round = any_round_or_nil(r);
  out.vote.validator = static_cast<ValidatorIndex>(r.below(validators_max));
  out.signature = any_fixed<Signature>(r);
  return out;
}

inline SignedProposal any_proposal(Random& r) {
  SignedProposal out;
  Proposal& p = out.proposal;
  p.height = any_height(r);
  p.round = any_round(r);
  if (p.round.get() > 0 && r.chance_permille(500))
    p.pol_round =
        Round(static_cast<std::int32_t>(r.below(static_cast<std::uint64_t>(p.round.get()))));
  p.block_id = any_fixed<BlockId>(r);
  p.parts.total_bytes = static_cast<std::uint32_t>(1 + r.below(block_bytes_max));
  p.parts.count = (p.parts.total_bytes + part_size_bytes - 1) / part_size_bytes;
  p.parts.root = any_fixed<Hash32>(r);
  p.proposer = static_cast<ValidatorIndex>(r.below(validators_max));
  out.signature = any_fixed<Signature>(r);
  return out;
}

inline PartMessage any_part(Random& r) {
  PartMessage out;
  out.parts_count = static_cast<std::uint32_t>(1 + r.below(limits::parts_max));
  out.part.height = any_height(r);
  out.part.round = any_round(r);
  out.part.parts_root = any_fixed<Hash32>(r);
  out.part.index = static_cast<std::uint32_t>(r.below(out.parts_count));
  out.part.bytes = any_bytes(r, r.chance_permille(50) ? part_size_bytes : 200, 1);
  for (std::uint64_t n = r.below(limits::merkle_depth_max + 1); n > 0; --n)
    out.part.proof.push_back(any_fixed<Hash32>(r));
  return out;
}

inline Certificate any_certificate(Random& r, std::size_t signatures_max = 8) {
  Certificate out;
  out.type = r.chance_permille(500) ? VoteType::prevote : VoteType::precommit;
  out.height = any_height(r);
  out.round = any_round(r);
  out.block_id = any_fixed<BlockId>(r);
  const std::size_t count = 1 + r.below(signatures_max);
  const std::size_t gap = validators_max / count;
  for (std::size_t i = 0; i < count; ++i)
    out.signatures.push_back({static_cast<ValidatorIndex>(i * gap + r.below(gap)),
                              any_round_or_nil(r), any_fixed<Signature>(r)});
  return out;
}

inline RoundCertificate any_round_certificate(Random& r) {
  RoundCertificate out;
  out.kind =
      r.chance_permille(500) ? RoundCertificate::Kind::precommit : RoundCertificate::Kind::skip;
  out.height = any_height(r);
  out.round = any_round(r);
  const auto count = static_cast<ValidatorIndex>(1 + r.below(8));
  for (ValidatorIndex v = 0; v < count; ++v) {
    SignedVote vote = any_vote(r);
    vote.vote.height = out.height;
    vote.vote.round = out.round;
    vote.vote.validator = v;
    out.votes.push_back(vote);
  }
  return out;
}

inline Header any_header(Random& r) {
  Header h;
  h.chain_id = any_fixed<Hash32>(r);
  h.height = any_height(r);
  h.origin_round = any_round(r);
  h.time.ns = static_cast<std::int64_t>(r.next());
  h.epoch = r.next();
  h.proposer = any_fixed<PublicKey>(r);
  for (Hash32* hash :
       {&h.prev_block_id, &h.prev_commit_hash, &h.tx_root, &h.evidence_root, &h.state_root,
        &h.validators_hash, &h.next_validators_hash, &h.vrf_entropy, &h.proof_root})
    *hash = any_fixed<Hash32>(r);
  for (Hash32& root : h.module_roots) root = any_fixed<Hash32>(r);
  h.cfg_version = r.next();
  h.rules_version = r.next();
  return h;
}

inline Block any_block(Random& r) {
  Block out;
  out.header = any_header(r);
  for (std::uint64_t n = r.below(6); n > 0; --n) out.txs.push_back(any_bytes(r, 300, 1));
  for (std::uint64_t n = r.below(3); n > 0; --n) out.evidence.push_back(any_bytes(r, 100, 1));
  if (r.chance_permille(700)) out.last_commit = any_certificate(r);
  return out;
}

// The words a draft becomes, as bytes.
template <class T>
Bytes flat_of(Draft<T>&& draft) {
  Bytes out;
  std::move(draft).seal().words->append_flat(out);
  return out;
}

}  // namespace witan::test
