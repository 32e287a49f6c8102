#include "actors/consensus/core/threshold_mux.hpp"

namespace witan::consensus {
namespace {

using Found = std::optional<RoundInput>;

Found decision(const VoteKeeper& votes, const ProposalKeeper& proposals) {
  for (const auto& [round, value] : votes.commit_quorums())
    if (proposals.has_valid(round, value))
      return RoundInput{RoundEvent::proposal_and_precommit_value, round, value, {}, false};
  return std::nullopt;
}

Found polka_current(const RoundState& s, const VoteKeeper& votes,
                    const std::vector<StoredProposal>& here) {
  if (s.step < Step::prevote || s.polka_seen) return std::nullopt;
  for (const StoredProposal& p : here)
    if (p.valid && votes.has_quorum(VoteType::prevote, s.round, p.value))
      return RoundInput{RoundEvent::proposal_and_polka_current, s.round, p.value, {}, false};
  return std::nullopt;
}

Found proposal_with_polka(const RoundState& s, const VoteKeeper& votes,
                          const std::vector<StoredProposal>& here) {
  for (const StoredProposal& p : here) {
    if (p.pol_round.is_nil() || p.pol_round >= s.round) continue;
    if (!votes.has_quorum(VoteType::prevote, p.pol_round, p.value)) continue;
    return RoundInput{p.valid ? RoundEvent::proposal_and_polka_previous
                              : RoundEvent::invalid_proposal_and_polka_previous,
                      s.round, p.value, p.pol_round, false};
  }
  return std::nullopt;
}

Found fresh_proposal(const RoundState& s, const std::vector<StoredProposal>& here) {
  for (const StoredProposal& p : here)
    if (p.pol_round.is_nil())
      return RoundInput{p.valid && p.timely ? RoundEvent::proposal : RoundEvent::invalid_proposal,
                        s.round,
                        p.value,
                        {},
                        false};
  return std::nullopt;
}

}  // namespace

std::optional<RoundInput> next_input(const RoundState& s, const VoteKeeper& votes,
                                     const ProposalKeeper& proposals) {
  if (s.step == Step::unstarted || s.step == Step::commit) return std::nullopt;
  if (auto in = decision(votes, proposals)) return in;
  if (const Round to = votes.skip_round(); to > s.round)
    return RoundInput{RoundEvent::skip_round, to, {}, {}, false};
  const std::vector<StoredProposal>& here = proposals.at(s.round);
  if (auto in = polka_current(s, votes, here)) return in;
  if (s.step == Step::propose) {
    if (auto in = proposal_with_polka(s, votes, here)) return in;
    if (auto in = fresh_proposal(s, here)) return in;
  }
  if (s.step == Step::prevote) {
    if (votes.has_quorum(VoteType::prevote, s.round, std::nullopt))
      return RoundInput{RoundEvent::polka_nil, s.round, {}, {}, false};
    if (!s.prevote_timer && votes.has_quorum_any(VoteType::prevote, s.round))
      return RoundInput{RoundEvent::polka_any, s.round, {}, {}, false};
  }
  if (!s.precommit_timer && votes.has_quorum_any(VoteType::precommit, s.round))
    return RoundInput{RoundEvent::precommit_any, s.round, {}, {}, false};
  return std::nullopt;
}

}  // namespace witan::consensus
