#include "actors/consensus/core/late_votes.hpp"

namespace witan::consensus {
namespace {

bool contradict(const Vote& a, const Vote& b) {
  if (a.type == b.type) return a.round == b.round && a.value != b.value;
  return a.type == VoteType::precommit ? is_amnesia(a, b) : is_amnesia(b, a);
}

}  // namespace

std::vector<LateVotes::Late> LateVotes::add(const Late& late) {
  std::vector<Late> out;
  std::vector<Late>& held = by_validator_[late.vote.vote.validator];
  std::size_t same_sender = 0;
  for (const Late& other : held) {
    if (other.vote == late.vote) return {};
    same_sender += other.from == late.from ? 1 : 0;
    if (contradict(other.vote.vote, late.vote.vote)) out.push_back(other);
  }
  if (held.size() >= late_votes_max || same_sender >= late_votes_per_sender) return {};
  held.push_back(late);
  return out;
}

}  // namespace witan::consensus
