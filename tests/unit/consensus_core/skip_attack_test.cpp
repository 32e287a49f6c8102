// Attacks on skipping rounds (docs/proofs/round-skip.md): the keeper, which forgets, against a
// model that remembers every vote.
#include <map>
#include <set>

#include "actors/consensus/core/vote_keeper.hpp"
#include "messages/base/random.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/consensus_core/script.hpp"

using namespace witan;
using namespace witan::consensus;

namespace {

struct Model {
  explicit Model(ValidatorSetPtr validators) : set(std::move(validators)) {}

  // Power of validators that voted in this very round (the paper's L55).
  [[nodiscard]] std::uint64_t senders_of(Round round) const {
    std::uint64_t power = 0;
    if (const auto it = senders.find(round); it != senders.end())
      for (const ValidatorIndex v : it->second) power += set->at(v).power;
    return power;
  }
  // Power of validators that voted in this round or a later one.
  [[nodiscard]] std::uint64_t reached(Round round) const {
    std::set<ValidatorIndex> all;
    for (auto it = senders.lower_bound(round); it != senders.end(); ++it)
      all.insert(it->second.begin(), it->second.end());
    std::uint64_t power = 0;
    for (const ValidatorIndex v : all) power += set->at(v).power;
    return power;
  }

  ValidatorSetPtr set;
  std::map<Round, std::set<ValidatorIndex>> senders;
};

class Attack {
 public:
  explicit Attack(std::uint64_t seed) : random(seed), set(some_set()), model(set) {
    keeper.reset(Height(1), set);
  }

  void say(ValidatorIndex v, Round round) {
    const VoteType type = random.chance_permille(500) ? VoteType::prevote : VoteType::precommit;
    const ValueId value = random.chance_permille(300)
                              ? std::nullopt
                              : ValueId(test::block(static_cast<char>('A' + random.below(6))));
    const auto vote = test::vote(type, 1, round.get(), value, v);
    model.senders[round].insert(v);
    (void)keeper.add(SignedVote{vote.vote, vote.signature});
    while (keeper.skip_round() > current) enter(keeper.skip_round());
    for (auto it = model.senders.upper_bound(current); it != model.senders.end(); ++it)
      RC_ASSERT(model.senders_of(it->first) < honest());  // the paper would have skipped there
    // Slots, window and their caps: nothing else is held.
    RC_ASSERT(keeper.vote_count() <= set->size() * (2 * 4 * 33 + 4));
  }
  void enter(Round round) {
    RC_ASSERT(model.reached(round) >= honest());  // somebody correct has been there
    current = round;
    keeper.enter(round);
  }
  [[nodiscard]] std::uint64_t honest() const { return Thresholds::of(*set).honest; }
  // Near the window, across its end, far beyond; often a round that was named before.
  [[nodiscard]] Round some_round() {
    static constexpr std::uint64_t spans[] = {4, 20, 40, 100,
                                              2'000};  // 400 of them: below round_max
    if (!named_.empty() && random.chance_permille(500))
      return Round(named_[random.below(named_.size())]);
    const std::uint64_t ahead = random.below(spans[random.below(5)]);
    named_.push_back(current.get() + static_cast<std::int32_t>(ahead));
    return Round(named_.back());
  }

  Random random;
  ValidatorSetPtr set;
  Model model;
  VoteKeeper keeper;
  Round current{0};

 private:
  ValidatorSetPtr some_set() {
    std::vector<std::uint64_t> powers(4 + random.below(7));
    for (std::uint64_t& p : powers) p = 1 + random.below(random.chance_permille(500) ? 1 : 9);
    return test::make_set(powers);
  }
  std::vector<std::int32_t> named_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(skip_attacks)

WITAN_PROPERTY(skips_are_justified_and_never_later_than_the_papers, [](std::uint64_t seed) {
  Attack attack(seed);
  for (int i = 0; i < 400; ++i)
    attack.say(static_cast<ValidatorIndex>(attack.random.below(attack.set->size())),
               attack.some_round());
  RC_CLASSIFY(attack.current > Round(100), "beyond the first window");
})

WITAN_PROPERTY(a_third_of_liars_moves_nobody, [](std::uint64_t seed) {
  Attack attack(seed);
  std::vector<ValidatorIndex> liars;
  std::uint64_t power = 0;
  for (ValidatorIndex v = 0; v < attack.set->size(); ++v) {
    if (power + attack.set->at(v).power >= attack.honest()) continue;
    power += attack.set->at(v).power;
    liars.push_back(v);
  }
  if (liars.empty()) return;
  for (int i = 0; i < 400; ++i)
    attack.say(liars[attack.random.below(liars.size())], attack.some_round());
  RC_ASSERT(attack.current == Round(0));
})

// Liars name thousands of rounds before, between and after what correct validators say.
WITAN_PROPERTY(liars_cannot_hold_back_correct_validators, [](std::uint64_t seed) {
  Attack attack(seed);
  const auto n = static_cast<ValidatorIndex>(attack.set->size());
  std::uint64_t correct = 0;
  std::vector<ValidatorIndex> ahead, others;
  for (ValidatorIndex v = 0; v < n; ++v) {
    (correct < attack.honest() ? ahead : others).push_back(v);
    if (correct < attack.honest()) correct += attack.set->at(v).power;
  }
  const Round goal(static_cast<std::int32_t>(1 + attack.random.below(5000)));
  for (const ValidatorIndex v : ahead) {
    for (int i = 0; i < 20 && !others.empty(); ++i)
      if (const Round lie = attack.some_round(); lie < goal)
        attack.say(others[attack.random.below(others.size())], lie);
    attack.say(v, goal);
  }
  RC_ASSERT(attack.current >= goal);
})

// The mixture: votes of a round are displaced by higher ones, the round enters the window by a
// move in between, and the last vote for it is counted exactly.
BOOST_AUTO_TEST_CASE(a_displaced_vote_still_supports_its_round) {
  test::Script s(1);
  s.run(R"(
    start 1          => enter 0; t propose 0
    pv 20 nil 0      => -
    pv 25 nil 0      => -
    pv 29 nil 0      => -                    # the vote of round 20 is displaced
    pc 13 nil 2 3    => enter 13; t propose 13; get 13
    pv 20 nil 2      => enter 20; t propose 20
  )");
}

BOOST_AUTO_TEST_CASE(a_validator_that_jumped_ahead_does_not_support_what_it_never_reached) {
  test::Script s(1);
  s.run(R"(
    start 1          => enter 0; t propose 0
    pv 900 nil 0     => -
    pv 5 nil 2       => -                    # one in round 5, one far ahead: the paper waits
    pv 6 nil 3       => -
  )");
}

BOOST_AUTO_TEST_SUITE_END()
