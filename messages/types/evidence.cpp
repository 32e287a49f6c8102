#include "messages/types/evidence.hpp"

namespace witan {
namespace {

struct KeyOf {
  EvidenceKey operator()(const DuplicateVote& e) const {
    const Vote& v = e.first.vote;
    return {v.height, v.round,
            v.type == VoteType::prevote ? EvidenceKind::duplicate_prevote
                                        : EvidenceKind::duplicate_precommit,
            v.validator};
  }
  EvidenceKey operator()(const DuplicateProposal& e) const {
    const Proposal& p = e.first.proposal;
    return {p.height, p.round, EvidenceKind::duplicate_proposal, p.proposer};
  }
  EvidenceKey operator()(const Amnesia& e) const {
    const Vote& v = e.prevote.vote;
    return {v.height, v.round, EvidenceKind::amnesia, v.validator};
  }
  EvidenceKey operator()(const ForgedHeader& e) const {
    const Vote& v = e.forged.precommit.vote;
    return {v.height, v.round, EvidenceKind::forged_header, v.validator};
  }
  EvidenceKey operator()(const ConflictingHeaders& e) const {
    const Vote& v = e.second.precommit.vote;
    return {v.height, v.round, EvidenceKind::conflicting_headers, v.validator};
  }
};

}  // namespace

EvidenceKey key_of(const Evidence& evidence) { return std::visit(KeyOf{}, evidence); }

bool is_before(const Vote& a, const Vote& b) {
  return std::tie(a.round, a.value, a.pol_round) < std::tie(b.round, b.value, b.pol_round);
}

bool is_before(const Proposal& a, const Proposal& b) {
  return std::tie(a.block_id, a.pol_round, a.parts.root, a.parts.count, a.parts.total_bytes) <
         std::tie(b.block_id, b.pol_round, b.parts.root, b.parts.count, b.parts.total_bytes);
}

DuplicateVote ordered(const SignedVote& a, const SignedVote& b) {
  return is_before(b.vote, a.vote) ? DuplicateVote{b, a} : DuplicateVote{a, b};
}

DuplicateProposal ordered(const SignedProposal& a, const SignedProposal& b) {
  return is_before(b.proposal, a.proposal) ? DuplicateProposal{b, a} : DuplicateProposal{a, b};
}

ConflictingHeaders ordered(const HeaderVote& a, const HeaderVote& b) {
  return is_before(b.precommit.vote, a.precommit.vote) ? ConflictingHeaders{b, a}
                                                       : ConflictingHeaders{a, b};
}

bool is_amnesia(const Vote& precommit, const Vote& prevote) {
  return precommit.type == VoteType::precommit && prevote.type == VoteType::prevote &&
         precommit.validator == prevote.validator && precommit.height == prevote.height &&
         precommit.round < prevote.round && precommit.value && prevote.value &&
         precommit.value != prevote.value && prevote.pol_round < precommit.round;
}

}  // namespace witan
