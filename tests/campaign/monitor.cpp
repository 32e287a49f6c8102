#include "tests/campaign/monitor.hpp"

#include <algorithm>

#include "messages/types/evidence.hpp"

namespace witan::campaign {

using consensus::RoundState;

Monitor::Monitor(const Scenario& scenario, ValidatorSetPtr set)
    : scenario_(scenario), set_(std::move(set)), accountability_(set_) {}

void Monitor::require(bool holds, ValidatorIndex node, const std::string& what) const {
  if (!holds) throw Violation("validator " + std::to_string(node) + ": " + what);
}

void Monitor::stepped(ValidatorIndex node, const RoundState& a,
                      const consensus::ConsensusCore& core) {
  const RoundState& b = core.state();
  if (++steps_ % 64 == 0) check_memory(node, core);
  if (a.height != b.height) return;
  require(b.round >= a.round, node, "the round moved back");
  require(b.round > a.round || b.step >= a.step, node, "the step moved back");
  require(!a.locked || (b.locked && b.locked->first >= a.locked->first), node,
          "the lock moved back");
  require(!a.valid || (b.valid && b.valid->first >= a.valid->first), node,
          "the valid value moved back");
  require(!b.locked || (b.valid && b.valid->first >= b.locked->first), node,
          "locked later than valid");
  require(!a.locked || !b.locked || a.locked->first != b.locked->first ||
              a.locked->second == b.locked->second,
          node, "two locks in one round");
}

// Correct validators hold one vote per (round, type), liars up to four; and two far rounds each.
void Monitor::check_memory(ValidatorIndex node, const consensus::ConsensusCore& core) const {
  const consensus::StateDump dump = core.dump();
  const std::size_t n = set_->size();
  const std::size_t window =
      consensus::rounds_kept_past + consensus::rounds_kept_future + std::size_t{1};
  const std::size_t votes =
      window * 2 * (n + 3 * scenario_.liars.size()) + 2 * consensus::far_slots_per_validator * n;
  require(dump.votes_held <= votes, node, "holds " + std::to_string(dump.votes_held) + " votes");
  require(dump.proofs_held <= consensus::proofs_max, node, "too many certificates");
  require(dump.proposals.size() <= (consensus::proposals_per_round_max + 1) * (window + 2 * n),
          node, "holds " + std::to_string(dump.proposals.size()) + " proposals");
}

void Monitor::signed_vote(const SignedVote& s) {
  const Vote& v = s.vote;
  const auto [known, is_new] =
      votes_.try_emplace({v.validator, v.height, v.round, v.type}, v.value);
  require(is_new || known->second == v.value, v.validator,
          "signed a second " + text_of(Content(s)) + " after " + text_of(known->second));
  heard(Content(s));
}

void Monitor::signed_block(const SignedBlock& b) {
  const auto [known, is_new] = proposals_.try_emplace({b.proposer, b.height, b.round}, b.value);
  require(is_new || known->second == b.value, b.proposer, "signed a second " + text_of(Content(b)));
  heard(Content(b));
}

void Monitor::refused(ValidatorIndex node, const std::string& why) {
  require(false, node, "the signer refused: " + why);
}

void Monitor::decided(ValidatorIndex node, const consensus::Decide& d, Round round_now) {
  const BlockFacts facts = facts_of(d.value);
  require(d.certificate.type == VoteType::precommit && d.certificate.height == d.height &&
              d.certificate.round == d.round && d.certificate.block_id == d.value &&
              is_proven(d.certificate, *set_),
          node, "decided without a valid certificate");
  require(facts.valid && facts.height == d.height, node, "decided an invalid block");
  // A block with a lying time passes only with the votes of more liars than f (P39).
  require(facts.timely || scenario_.over, node, "decided a block with a lying time");
  const bool is_new = decisions_of_.try_emplace({node, d.height}, d.value).second;
  require(is_new, node, "decided a height twice");
  ++decisions_;
  const auto [agreed, first] = agreed_.try_emplace(d.height, d.value);
  if (!first && agreed->second != d.value) {
    disagreed_ = true;
    require(scenario_.over, node, "disagreement at height " + std::to_string(d.height.get()));
  }
  for (const CertificateSignature& s : d.certificate.signatures)
    heard(Content(
        SignedVote{Vote{VoteType::precommit, d.height, d.round, d.value, s.pol_round, s.validator},
                   s.signature}));
  if (!healed_) return;
  const auto at = rounds_at_healing_.find(d.height);
  const int from = at == rounds_at_healing_.end() ? 0 : at->second.get();
  rounds_after_healing_ = std::max(rounds_after_healing_, round_now.get() - from + 1);
  require(!must_decide_ || rounds_after_healing_ <= rounds_allowed(set_->size()), node,
          "took " + std::to_string(rounds_after_healing_) + " rounds after the network healed");
}

void Monitor::accused(ValidatorIndex node, const consensus::Equivocation& e) {
  const Vote& a = e.first.vote;
  const Vote& b = e.second.vote;
  require(is_signed(e.first, *set_) && is_signed(e.second, *set_), node,
          "evidence without the accused's signature");
  require(a.validator == b.validator && a.height == b.height && a.round == b.round &&
              a.type == b.type && a.value != b.value,
          node, "evidence of nothing");
  require(scenario_.is_liar(a.validator), node,
          "accused the correct validator " + std::to_string(a.validator));
}

void Monitor::accused(ValidatorIndex node, const consensus::AmnesiaFound& e) {
  require(is_signed(e.precommit, *set_) && is_signed(e.prevote, *set_), node,
          "evidence without the accused's signature");
  require(is_amnesia(e.precommit.vote, e.prevote.vote), node, "evidence of nothing");
  require(scenario_.is_liar(e.precommit.vote.validator), node,
          "accused the correct validator " + std::to_string(e.precommit.vote.validator));
}

void Monitor::accused(ValidatorIndex node, const consensus::ProposalEquivocation& e) {
  require(e.value_a != e.value_b, node, "evidence of nothing");
  require(scenario_.is_liar(e.proposer), node,
          "accused the correct proposer " + std::to_string(e.proposer));
}

void Monitor::healed(const std::vector<RoundState>& states, bool must_decide) {
  healed_ = true;
  must_decide_ = must_decide;
  for (const RoundState& s : states) {
    Round& highest = rounds_at_healing_.try_emplace(s.height, Round(0)).first->second;
    highest = std::max(highest, s.round);
  }
}

void Monitor::finish() {
  std::uint64_t power = 0;
  for (const ValidatorIndex v : accountability_.guilty()) {
    require(scenario_.is_liar(v), v, "is correct and was found guilty");
    power += set_->at(v).power;
  }
  guilty_permille_ = power * 1000 / set_->power_total();
  if (disagreed_)
    require(set_->is_honest(power), 0,
            "a disagreement, and only " + std::to_string(guilty_permille_) +
                " permille of the power found guilty");
}

}  // namespace witan::campaign
