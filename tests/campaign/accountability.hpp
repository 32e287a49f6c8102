// Who is guilty, judged from the union of all messages that correct validators received.
//
// A validator is guilty when its own signatures, and only they, show one of:
//   E1  two different votes of one type in one (height, round);
//   E2  two different values proposed in one (height, round);
//   E3  amnesia: a precommit for v in round r and a prevote for another value in a later round,
//       whose pol_round is before r;
//   E4  a false claim: a prevote that names a pol_round in which the union holds no polka for its
//       value. (E1-E3 convict anybody before anybody; E4 only where the union is complete, so it
//       is what an inquiry after a fork asks the accused for, not what a block can carry.)
// When two correct validators decide differently, those found guilty hold more than a third of
// the power: either > 1/3 precommitted twice in one round (E1); or, with decisions in r < r', take
// the first round p > r with a polka for another value than the one of r: > 1/3 of the power is in
// both quorums, precommitted v in r and prevoted v' in p, naming a pol_round q < p. If q < r: E3.
// If q >= r, either there is no polka for v' in q (E4), or q = r and the polka of r for v' overlaps
// the one for v, which correct precommits of v in r presuppose (E1).
#pragma once
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "messages/types/validator_set.hpp"
#include "tests/campaign/message.hpp"

namespace witan::campaign {

class Accountability {
 public:
  explicit Accountability(ValidatorSetPtr set) : set_(std::move(set)) {}
  // REQUIRES: every signature in it was verified.
  void heard(const Content& content);
  [[nodiscard]] std::set<ValidatorIndex> guilty() const;

 private:
  using Place = std::tuple<Height, Round, ValueId>;
  void add(const Vote& vote);
  void add(const Certificate& certificate);
  [[nodiscard]] bool has_polka(Height height, Round round, const ValueId& value) const;
  [[nodiscard]] bool is_amnesiac(const Vote& prevote) const;

  ValidatorSetPtr set_;
  // Of each (validator, height): votes heard, each once.
  std::map<std::pair<ValidatorIndex, Height>, std::set<std::tuple<VoteType, Round, ValueId, Round>>>
      votes_;
  std::map<std::tuple<ValidatorIndex, Height, Round>, std::set<BlockId>> proposals_;
  std::map<Place, std::set<ValidatorIndex>> prevoters_;
};

}  // namespace witan::campaign
