// Evidence of every kind against validators of a ChainWorld, with real signatures.
#pragma once
#include "messages/wire/evidence_codec.hpp"
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {

inline BlockId block_of(std::uint8_t n) {
  BlockId out;
  out.data.fill(n);
  return out;
}

inline SignedVote signed_vote(const ChainWorld& w, std::uint8_t n, Vote vote) {
  vote.validator = w.index_of(n);
  return {vote, key_number(n).sign(vote_hash(w.chain_id, vote).view())};
}

inline SignedProposal signed_proposal(const ChainWorld& w, std::uint8_t n, std::uint64_t height,
                                      std::int32_t round, const BlockId& block,
                                      std::uint32_t bytes = 100) {
  Proposal p{Height(height), Round(round), Round(), block, {1, bytes, block_of(9)}, w.index_of(n)};
  return {p, key_number(n).sign(proposal_hash(w.chain_id, p).view())};
}

inline DuplicateVote duplicate_vote(const ChainWorld& w, std::uint8_t n, std::uint64_t height,
                                    std::int32_t round = 0, VoteType type = VoteType::prevote) {
  return ordered(w.vote(n, type, Height(height), Round(round), block_of(1)),
                 w.vote(n, type, Height(height), Round(round), block_of(2)));
}

inline DuplicateProposal duplicate_proposal(const ChainWorld& w, std::uint8_t n,
                                            std::uint64_t height) {
  return ordered(signed_proposal(w, n, height, 0, block_of(1)),
                 signed_proposal(w, n, height, 0, block_of(2)));
}

// Precommit of block 1 in `locked`, prevote of block 2 in `round` that claims the polka `pol`.
inline Amnesia amnesia(const ChainWorld& w, std::uint8_t n, std::uint64_t height,
                       std::int32_t locked = 1, std::int32_t round = 3, std::int32_t pol = -1) {
  const Height h(height);
  return {signed_vote(w, n, {VoteType::precommit, h, Round(locked), block_of(1), Round(), 0}),
          signed_vote(w, n, {VoteType::prevote, h, Round(round), block_of(2), Round(pol), 0})};
}

// A header of this chain as far as it depends on nothing decided before.
inline Header prescribed_header(const ChainWorld& w, std::uint64_t height, std::uint8_t parent) {
  Header h;
  h.chain_id = w.chain_id;
  h.height = Height(height);
  h.origin_round = Round(0);
  h.time = UnixTime{1};
  h.prev_block_id = block_of(parent);
  h.validators_hash = validators_hash(*w.validators);
  h.next_validators_hash = h.validators_hash;
  h.state_root = state_root(h.module_roots);
  return h;
}

inline HeaderVote header_vote(const ChainWorld& w, std::uint8_t n, const Header& header,
                              std::int32_t round = 0) {
  return {header, w.vote(n, VoteType::precommit, header.height, Round(round), block_id(header))};
}

inline ForgedHeader forged_header(const ChainWorld& w, std::uint8_t n, std::uint64_t height) {
  Header h = prescribed_header(w, height, 1);
  h.next_validators_hash = block_of(77);
  return {header_vote(w, n, h)};
}

inline ConflictingHeaders conflicting_headers(const ChainWorld& w, std::uint8_t n,
                                              std::uint64_t height) {
  return ordered(header_vote(w, n, prescribed_header(w, height, 1), 0),
                 header_vote(w, n, prescribed_header(w, height, 2), 1));
}

inline std::vector<Evidence> one_of_each(const ChainWorld& w, std::uint8_t n,
                                         std::uint64_t height) {
  return {duplicate_vote(w, n, height),     duplicate_vote(w, n, height, 0, VoteType::precommit),
          duplicate_proposal(w, n, height), amnesia(w, n, height),
          forged_header(w, n, height),      conflicting_headers(w, n, height)};
}

}  // namespace witan::test
