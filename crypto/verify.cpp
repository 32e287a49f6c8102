#include "crypto/verify.hpp"

#include "messages/base/hex.hpp"
#include "messages/types/block.hpp"

namespace witan {
namespace {

Status check_position(Height height, Round round) {
  if (height.get() == 0) return fail(ErrorCode::out_of_range, "height", "must be at least 1");
  if (round.get() < 0 || round.get() > round_max)
    return fail(ErrorCode::out_of_range, "round", "must be in 0.." + std::to_string(round_max));
  return {};
}

// A polka that justifies something in `round` happened in an earlier round.
Status check_pol_round(Round pol_round, Round round) {
  if (pol_round != Round::nil() && (pol_round.is_nil() || pol_round >= round))
    return fail(ErrorCode::out_of_range, "pol_round", "must be -1 or in 0..round-1");
  return {};
}

Status check_parts(const PartSetHeader& parts) {
  if (parts.total_bytes == 0 || parts.total_bytes > block_bytes_max)
    return fail(ErrorCode::out_of_range, "parts.total_bytes",
                "must be in 1.." + std::to_string(block_bytes_max));
  const std::uint32_t count = (parts.total_bytes + part_size_bytes - 1) / part_size_bytes;
  if (parts.count != count)
    return fail(ErrorCode::out_of_range, "parts.count",
                "total_bytes makes " + std::to_string(count) + " parts");
  return {};
}

Status check_index(const ValidatorSet& set, ValidatorIndex index, const char* field) {
  if (index >= set.size())
    return fail(ErrorCode::unknown_validator, field,
                std::to_string(index) + " in a set of " + std::to_string(set.size()));
  return {};
}

Vote vote_of(const Certificate& certificate, const CertificateSignature& signature) {
  return {certificate.type,     certificate.height,  certificate.round,
          certificate.block_id, signature.pol_round, signature.validator};
}

}  // namespace

Status check_shape(const Vote& vote) {
  if (vote.type != VoteType::prevote && vote.type != VoteType::precommit)
    return fail(ErrorCode::unknown_type, "type", "neither prevote nor precommit");
  WITAN_TRY_VOID(check_position(vote.height, vote.round));
  WITAN_TRY_VOID(check_pol_round(vote.pol_round, vote.round));
  const bool may_justify = vote.type == VoteType::prevote && vote.value.has_value();
  if (!may_justify && vote.pol_round != Round::nil())
    return fail(ErrorCode::malformed, "pol_round", "only a prevote for a block carries one");
  return {};
}

Status check_shape(const Proposal& proposal) {
  WITAN_TRY_VOID(check_position(proposal.height, proposal.round));
  WITAN_TRY_VOID(check_pol_round(proposal.pol_round, proposal.round));
  return check_parts(proposal.parts);
}

Verifier::Verifier(ChainId chain_id, ValidatorSetPtr set, std::vector<ParsedKey> keys)
    : chain_id_(chain_id), set_(std::move(set)), keys_(std::move(keys)) {}

Result<Verifier> Verifier::make(ChainId chain_id, ValidatorSetPtr set) {
  if (!set) return fail(ErrorCode::missing, "validators", "no validator set");
  std::vector<ParsedKey> keys;
  keys.reserve(set->size());
  for (const Validator& validator : set->all()) {
    auto key = ParsedKey::parse(validator.key);
    if (!key) return fail(ErrorCode::bad_key, "validators.key", to_hex(validator.key));
    keys.push_back(*key);
  }
  return Verifier(chain_id, std::move(set), std::move(keys));
}

Result<VerifiedVote> Verifier::verify(const SignedVote& vote) const {
  WITAN_TRY_VOID(check_shape(vote.vote));
  WITAN_TRY_VOID(check_index(*set_, vote.vote.validator, "validator"));
  const Hash32 message = vote_hash(chain_id_, vote.vote);
  if (!keys_[vote.vote.validator].verify(message.view(), vote.signature))
    return fail(ErrorCode::bad_signature, "signature",
                "of validator " + std::to_string(vote.vote.validator));
  return VerifiedVote(vote, set_->at(vote.vote.validator).power);
}

Result<VerifiedProposal> Verifier::verify(const SignedProposal& proposal) const {
  const Proposal& p = proposal.proposal;
  WITAN_TRY_VOID(check_shape(p));
  WITAN_TRY_VOID(check_index(*set_, p.proposer, "proposer"));
  if (!keys_[p.proposer].verify(proposal_hash(chain_id_, p).view(), proposal.signature))
    return fail(ErrorCode::bad_signature, "signature", "of proposer " + std::to_string(p.proposer));
  return VerifiedProposal(proposal, set_->at(p.proposer).power);
}

Result<std::uint64_t> Verifier::check_power(const Certificate& certificate) const {
  const auto& signatures = certificate.signatures;
  if (signatures.empty()) return fail(ErrorCode::missing, "signatures", "none");
  if (signatures.size() > set_->size())
    return fail(ErrorCode::too_large, "signatures", "more than validators in the set");
  std::uint64_t power = 0;  // cannot overflow: distinct members of a set with a bounded total
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    WITAN_TRY_VOID(check_index(*set_, signatures[i].validator, "signatures.validator"));
    if (i > 0 && signatures[i].validator <= signatures[i - 1].validator)
      return fail(ErrorCode::malformed, "signatures.validator", "must be strictly increasing");
    WITAN_TRY_VOID(check_shape(vote_of(certificate, signatures[i])));
    power += set_->at(signatures[i].validator).power;
  }
  if (!set_->is_quorum(power))
    return fail(ErrorCode::insufficient_power, "signatures",
                std::to_string(power) + " of " + std::to_string(set_->power_total()) +
                    " is not more than two thirds");
  return power;
}

Status Verifier::check_signatures(const Certificate& certificate) const {
  Hash32 message;
  const CertificateSignature* previous = nullptr;
  for (const CertificateSignature& s : certificate.signatures) {
    // Voters who signed the same bytes share the hash.
    if (previous == nullptr || previous->pol_round != s.pol_round)
      message = vote_hash(chain_id_, vote_of(certificate, s));
    previous = &s;
    if (!keys_[s.validator].verify(message.view(), s.signature))
      return fail(ErrorCode::bad_signature, "signatures.signature",
                  "of validator " + std::to_string(s.validator));
  }
  return {};
}

Result<VerifiedCertificate> Verifier::verify(const Certificate& certificate) const {
  WITAN_TRY(const std::uint64_t power, check_power(certificate));
  WITAN_TRY_VOID(check_signatures(certificate));
  return VerifiedCertificate(certificate, power);
}

Status Verifier::verify(const RoundCertificate& certificate) const {
  const auto& votes = certificate.votes;
  if (votes.empty()) return fail(ErrorCode::missing, "votes", "none");
  if (votes.size() > set_->size())
    return fail(ErrorCode::too_large, "votes", "more than validators in the set");
  std::uint64_t power = 0;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    const Vote& vote = votes[i].vote;
    WITAN_TRY_VOID(check_index(*set_, vote.validator, "votes.validator"));
    if (i > 0 && vote.validator <= votes[i - 1].vote.validator)
      return fail(ErrorCode::malformed, "votes.validator", "must be strictly increasing");
    if (vote.height != certificate.height || vote.round != certificate.round)
      return fail(ErrorCode::malformed, "votes.round", "of another height or round");
    WITAN_TRY_VOID(check_shape(vote));
    if (certificate.kind == RoundCertificate::Kind::precommit && vote.type != VoteType::precommit)
      return fail(ErrorCode::malformed, "votes.type", "not a precommit");
    power += set_->at(vote.validator).power;
  }
  const bool enough = certificate.kind == RoundCertificate::Kind::precommit
                          ? set_->is_quorum(power)
                          : set_->is_honest(power);
  if (!enough) return fail(ErrorCode::insufficient_power, "votes", std::to_string(power));
  for (const SignedVote& vote : votes) WITAN_TRY_VOID(verify(vote));
  return {};
}

Result<VerifiedVote> Verifier::accept_own(const Durable<SignedVote>& vote) const {
  const ValidatorIndex index = vote.get().vote.validator;
  WITAN_TRY_VOID(check_index(*set_, index, "validator"));
  return VerifiedVote(vote.get(), set_->at(index).power);
}

Result<VerifiedProposal> Verifier::accept_own(const Durable<SignedProposal>& proposal) const {
  const ValidatorIndex index = proposal.get().proposal.proposer;
  WITAN_TRY_VOID(check_index(*set_, index, "proposer"));
  return VerifiedProposal(proposal.get(), set_->at(index).power);
}

Status verify_transfer(const ChainId& chain_id, const Transfer& transfer, KeyCache& keys) {
  if (transfer.memo.size() > memo_bytes_max)
    return fail(ErrorCode::too_large, "memo",
                "at most " + std::to_string(memo_bytes_max) + " bytes");
  const ParsedKey* key = keys.parse(transfer.from);
  if (key == nullptr) return fail(ErrorCode::bad_key, "from", "not a valid account key");
  if (!key->verify(transfer_hash(chain_id, transfer).view(), transfer.signature))
    return fail(ErrorCode::bad_signature, "signature", "of the sender");
  return {};
}

}  // namespace witan
