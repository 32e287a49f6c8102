#include "crypto/verify_evidence.hpp"

#include <algorithm>

#include "crypto/verify.hpp"

namespace witan {
namespace {

tl::unexpected<Error> no_proof(const char* field, const char* text) {
  return fail(ErrorCode::malformed, field, text);
}

Status check(const DuplicateVote& e) {
  const Vote& a = e.first.vote;
  const Vote& b = e.second.vote;
  if (a.type != b.type || a.height != b.height || a.round != b.round || a.validator != b.validator)
    return no_proof("evidence", "votes of different steps or validators");
  if (!is_before(a, b)) return no_proof("evidence", "votes equal or not in canonical order");
  return {};
}

Status check(const DuplicateProposal& e) {
  const Proposal& a = e.first.proposal;
  const Proposal& b = e.second.proposal;
  if (a.height != b.height || a.round != b.round || a.proposer != b.proposer)
    return no_proof("evidence", "proposals of different rounds or validators");
  if (!is_before(a, b)) return no_proof("evidence", "proposals equal or not in canonical order");
  return {};
}

Status check(const Amnesia& e) {
  if (!is_amnesia(e.precommit.vote, e.prevote.vote))
    return no_proof("evidence", "the prevote does not contradict the precommit");
  return {};
}

// The precommit is for this header.
Status check(const HeaderVote& e) {
  const Vote& vote = e.precommit.vote;
  if (vote.type != VoteType::precommit || vote.height != e.header.height)
    return no_proof("evidence", "not a precommit of the header's height");
  if (vote.value != block_id(e.header))
    return no_proof("evidence", "the precommit is for another header");
  return {};
}

Status check(const ForgedHeader& e) { return check(e.forged); }

Status check(const ConflictingHeaders& e) {
  const Vote& a = e.first.precommit.vote;
  const Vote& b = e.second.precommit.vote;
  if (a.validator != b.validator) return no_proof("evidence", "precommits of two validators");
  if (!is_before(a, b)) return no_proof("evidence", "not in canonical order");
  WITAN_TRY_VOID(check(e.first));
  WITAN_TRY_VOID(check(e.second));
  if (!contradict(e.first.header, e.second.header))
    return no_proof("evidence", "a correct validator may precommit both headers");
  return {};
}

SignedVote vote_of(const CommitCertificate& c, const CertificateSignature& s) {
  return {{VoteType::precommit, c.height, c.round, c.block_id, s.pol_round, s.validator},
          s.signature};
}

// The signed statements of one piece of evidence.
struct Statements {
  std::vector<const SignedVote*> votes;
  std::vector<const SignedProposal*> proposals;

  explicit Statements(const Evidence& evidence) {
    std::visit([this](const auto& e) { collect(e); }, evidence);
  }
  void collect(const DuplicateVote& e) { votes = {&e.first, &e.second}; }
  void collect(const DuplicateProposal& e) { proposals = {&e.first, &e.second}; }
  void collect(const Amnesia& e) { votes = {&e.precommit, &e.prevote}; }
  void collect(const ForgedHeader& e) { votes = {&e.forged.precommit}; }
  void collect(const ConflictingHeaders& e) { votes = {&e.first.precommit, &e.second.precommit}; }
};

}  // namespace

bool contradict(const Header& a, const Header& b) {
  if (a.height != b.height || a.chain_id != b.chain_id) return false;
  if (a.prev_block_id != b.prev_block_id) return true;
  // One state, one list of transactions, one proposer to credit, one list of evidence: one result.
  const bool same_input =
      a.tx_root == b.tx_root && a.evidence_root == b.evidence_root && a.proposer == b.proposer;
  return same_input && (a.module_roots != b.module_roots || a.state_root != b.state_root);
}

Status check_contradiction(const Evidence& evidence) {
  return std::visit([](const auto& e) { return check(e); }, evidence);
}

bool Verifier::prescribes(const Header& h) const {
  const Hash32 set = validators_hash(*set_);
  return h.version == block_protocol_version && h.chain_id == chain_id_ &&
         h.validators_hash == set && h.next_validators_hash == set &&
         h.state_root == state_root(h.module_roots);
}

Result<VerifiedEvidence> Verifier::verify(const Evidence& evidence) const {
  WITAN_TRY_VOID(check_contradiction(evidence));
  const EvidenceKey key = key_of(evidence);
  if (key.validator >= set_->size())
    return fail(ErrorCode::unknown_validator, "evidence", "the accused is not in the set");
  const auto* forged = std::get_if<ForgedHeader>(&evidence);
  if (forged != nullptr && prescribes(forged->forged.header))
    return no_proof("evidence", "the header is as this chain prescribes");
  const Statements said(evidence);
  for (const SignedVote* vote : said.votes) {
    const auto verified = verify(*vote);
    if (!verified) return fail(verified.error());
  }
  for (const SignedProposal* proposal : said.proposals) {
    const auto verified = verify(*proposal);
    if (!verified) return fail(verified.error());
  }
  return VerifiedEvidence(evidence, set_->at(key.validator).power);
}

std::vector<Evidence> accuse(const light::LightBlock& conflicting, const ChainHeader& chain,
                             const ValidatorSet& set, bool prescribed) {
  std::vector<Evidence> out;
  const CommitCertificate& theirs = conflicting.commit;
  const CommitCertificate& ours = chain.certificate;
  if (theirs.height != ours.height || theirs.block_id == ours.block_id) return out;
  if (theirs.block_id != conflicting.id() || !conflicting.validators) return out;
  const bool conflict = contradict(conflicting.header, chain.header);
  for (const CertificateSignature& s : theirs.signatures) {
    if (s.validator >= conflicting.validators->size()) continue;
    // The attack may name another set; an index is not signed, the key is what counts.
    const auto index = set.index_of(conflicting.validators->at(s.validator).key);
    if (!index) continue;
    SignedVote vote = vote_of(theirs, s);
    vote.vote.validator = *index;
    const auto own = std::find_if(ours.signatures.begin(), ours.signatures.end(),
                                  [&](const auto& o) { return o.validator == *index; });
    const bool signed_both = own != ours.signatures.end();
    if (signed_both && theirs.round == ours.round)
      out.emplace_back(ordered(vote, vote_of(ours, *own)));
    else if (!prescribed)
      out.emplace_back(ForgedHeader{{conflicting.header, vote}});
    else if (signed_both && conflict)
      out.emplace_back(ordered(HeaderVote{conflicting.header, vote},
                               HeaderVote{chain.header, vote_of(ours, *own)}));
  }
  return out;
}

}  // namespace witan
