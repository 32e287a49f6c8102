// The monitor sees what it is there for: contradicting signatures and forgotten locks.
#include "actors/ledger/core/genesis_state.hpp"
#include "tests/support/boost_test.hpp"
#include "tools/sim/node.hpp"

namespace witan::sim {
namespace {

struct Watched {
  Watched() {
    genesis.chain_name = "watched";
    GenesisValidator v;
    v.name = "v";
    v.key = key_of(1, 0).public_key();
    v.stake = 100;
    v.tier = 3;
    genesis.validators.push_back(v);
    auto set = ledger::validator_set_of(genesis);
    WITAN_REQUIRE_OK(set);
    validators = std::make_shared<const ValidatorSet>(std::move(*set));
    auto made = Verifier::make(genesis_hash(genesis), validators);
    WITAN_REQUIRE_OK(made);
    monitor.emplace(genesis, genesis_hash(genesis), validators,
                    std::make_shared<const Verifier>(std::move(*made)));
  }
  void vote(VoteType type, int round, std::uint8_t block, int pol = -1,
            ValidatorIndex validator = 0) {
    SignedVote out;
    BlockId id{};
    id.data.fill(block);
    out.vote = {type, Height(5), Round(round), id, Round(pol), validator};
    if (block == 0) out.vote.value.reset();
    monitor->signed_vote(out);
  }
  [[nodiscard]] std::string violation() const { return monitor->violation().value_or(""); }

  Genesis genesis;
  ValidatorSetPtr validators;
  std::optional<Monitor> monitor;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(monitor_test)

BOOST_AUTO_TEST_CASE(the_same_vote_twice_is_no_contradiction) {
  Watched w;
  w.vote(VoteType::prevote, 0, 1);
  w.vote(VoteType::prevote, 0, 1);
  BOOST_TEST(w.violation() == "");
}

BOOST_AUTO_TEST_CASE(two_votes_of_one_type_in_a_round_are_a_violation) {
  Watched w;
  w.vote(VoteType::precommit, 2, 1);
  w.vote(VoteType::precommit, 2, 0);
  BOOST_TEST(w.violation().starts_with("signatures"), w.violation());
}

BOOST_AUTO_TEST_CASE(a_prevote_against_the_own_lock_is_a_violation) {
  Watched w;
  w.vote(VoteType::precommit, 1, 1);
  w.vote(VoteType::prevote, 2, 2);
  BOOST_TEST(w.violation().starts_with("locks"), w.violation());
}

BOOST_AUTO_TEST_CASE(what_others_vote_in_between_does_not_hide_a_broken_lock) {
  Watched w;
  w.vote(VoteType::precommit, 1, 1);
  w.vote(VoteType::precommit, 1, 1, -1, 3);
  w.vote(VoteType::prevote, 2, 2);
  BOOST_TEST(w.violation().starts_with("locks"), w.violation());
}

BOOST_AUTO_TEST_CASE(a_later_polka_frees_from_the_lock) {
  Watched w;
  w.vote(VoteType::precommit, 1, 1);
  w.vote(VoteType::prevote, 3, 2, 2);
  BOOST_TEST(w.violation() == "");
}

BOOST_AUTO_TEST_CASE(a_validator_whose_disk_lied_is_excused) {
  Watched w;
  w.vote(VoteType::precommit, 2, 1);
  w.monitor->excuse(0);
  w.vote(VoteType::precommit, 2, 0);
  BOOST_TEST(w.violation() == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::sim
