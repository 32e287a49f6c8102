#include "tests/campaign/accountability.hpp"

namespace witan::campaign {

void Accountability::heard(const Content& content) {
  if (const auto* v = std::get_if<SignedVote>(&content)) add(v->vote);
  if (const auto* c = std::get_if<Certificate>(&content)) add(*c);
  if (const auto* d = std::get_if<Decided>(&content)) add(d->certificate);
  if (const auto* b = std::get_if<SignedBlock>(&content))
    proposals_[{b->proposer, b->height, b->round}].insert(b->value);
}

void Accountability::add(const Vote& v) {
  votes_[{v.validator, v.height}].insert({v.type, v.round, v.value, v.pol_round});
  if (v.type == VoteType::prevote && v.value)
    prevoters_[{v.height, v.round, v.value}].insert(v.validator);
}

void Accountability::add(const Certificate& c) {
  for (const CertificateSignature& s : c.signatures)
    add(Vote{c.type, c.height, c.round, c.block_id, s.pol_round, s.validator});
}

bool Accountability::has_polka(Height height, Round round, const ValueId& value) const {
  const auto found = prevoters_.find({height, round, value});
  if (found == prevoters_.end()) return false;
  std::uint64_t power = 0;
  for (const ValidatorIndex v : found->second) power += set_->at(v).power;
  return set_->is_quorum(power);
}

// E3 and E4.
bool Accountability::is_amnesiac(const Vote& prevote) const {
  if (!prevote.value) return false;
  if (!prevote.pol_round.is_nil() && !has_polka(prevote.height, prevote.pol_round, prevote.value))
    return true;
  for (const auto& [type, round, value, pol] : votes_.at({prevote.validator, prevote.height}))
    if (type == VoteType::precommit && value && value != prevote.value && round < prevote.round &&
        prevote.pol_round < round)
      return true;
  return false;
}

std::set<ValidatorIndex> Accountability::guilty() const {
  std::set<ValidatorIndex> out;
  for (const auto& [place, values] : proposals_)
    if (values.size() > 1) out.insert(std::get<0>(place));
  for (const auto& [who, votes] : votes_) {
    const auto& [validator, height] = who;
    std::map<std::pair<VoteType, Round>, ValueId> first;
    for (const auto& [type, round, value, pol] : votes) {
      const auto [known, is_new] = first.try_emplace({type, round}, value);
      if (!is_new && known->second != value) out.insert(validator);
      if (type == VoteType::prevote &&
          is_amnesiac(Vote{type, height, round, value, pol, validator}))
        out.insert(validator);
    }
  }
  return out;
}

}  // namespace witan::campaign
