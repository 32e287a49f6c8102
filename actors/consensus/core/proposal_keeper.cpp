#include "actors/consensus/core/proposal_keeper.hpp"

#include <algorithm>

namespace witan::consensus {
namespace {

template <class Entries>
auto position(Entries& rounds, Round round) {
  return std::lower_bound(rounds.begin(), rounds.end(), round,
                          [](const auto& e, Round r) { return e.round < r; });
}

}  // namespace

// The entry of p.round, made if allowed; nullptr if the proposer has two higher far rounds already.
ProposalKeeper::Entry* ProposalKeeper::place_for(const ProposalComplete& p, Round window_end,
                                                 bool wanted) {
  auto at = position(rounds_, p.round);
  if (at != rounds_.end() && at->round == p.round) return &*at;
  if (p.round > window_end && !wanted) {
    std::size_t held = 0;
    auto lowest = rounds_.end();
    for (auto e = position(rounds_, window_end.next()); e != rounds_.end(); ++e) {
      if (e->proposer != p.proposer) continue;
      if (held++ == 0) lowest = e;
    }
    if (held >= 2) {
      if (lowest->round > p.round) return nullptr;
      rounds_.erase(lowest);
      at = position(rounds_, p.round);
    }
  }
  return &*rounds_.insert(at, Entry{p.round, p.proposer, {}});
}

ProposalOutcome ProposalKeeper::add(const ProposalComplete& p, Round window_end, bool wanted) {
  ProposalOutcome out;
  Entry* entry = place_for(p, window_end, wanted);
  if (!entry) return out;
  for (StoredProposal& s : entry->proposals) {
    if (s.value != p.value || s.pol_round != p.pol_round) continue;
    out.changed = p.valid && !s.valid;
    s.valid = s.valid || p.valid;
    return out;
  }
  if (entry->proposals.size() >= proposals_per_round_ && (!wanted || proposals_per_round_ == 1))
    return out;
  bool value_known = false;
  for (const StoredProposal& s : entry->proposals) value_known = value_known || s.value == p.value;
  if (!value_known && !entry->proposals.empty())
    out.conflicts_with = entry->proposals.front().value;
  entry->proposals.push_back({p.pol_round, p.value, p.valid, p.timely});
  out.changed = true;
  return out;
}

void ProposalKeeper::drop_before(Round begin) {
  rounds_.erase(rounds_.begin(), position(rounds_, begin));
}

const std::vector<StoredProposal>& ProposalKeeper::at(Round round) const {
  static const std::vector<StoredProposal> nothing;
  const auto at = position(rounds_, round);
  return at != rounds_.end() && at->round == round ? at->proposals : nothing;
}

bool ProposalKeeper::has_valid(Round round, const BlockId& value) const {
  for (const StoredProposal& p : at(round))
    if (p.valid && p.value == value) return true;
  return false;
}

}  // namespace witan::consensus
