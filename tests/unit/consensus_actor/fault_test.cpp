// Fault rules on the actors of a whole cluster: who is hit comes back, and the chain is the same.
// docs/tutorials/fault-test.md shows the first case.
#include "tests/unit/consensus_actor/sim_cluster.hpp"

namespace witan::test {

BOOST_AUTO_TEST_SUITE(fault_test)

// [third-precommit]
BOOST_AUTO_TEST_CASE(an_actor_killed_on_its_third_precommit_comes_back) {
  SimCluster cluster({.seed = 7, .nodes = 3});
  const auto rule = cluster.fault(
      "on /node/chain/consensus at n1 message OwnVote with vote.type=precommit nth 3 do kill");

  BOOST_REQUIRE(cluster.run_until(Height(10), Duration::from_s(120)));

  BOOST_CHECK_EQUAL(cluster.hits(rule), 1u);
  BOOST_CHECK_EQUAL(cluster.actor(1, "/node/chain/consensus").restarts, 1u);
  BOOST_CHECK_EQUAL(cluster.actor(0, "/node/chain/consensus").restarts, 0u);
  for (const std::size_t other : {1, 2})
    BOOST_CHECK_EQUAL(cluster.block(other, Height(10)).id, cluster.block(0, Height(10)).id);
}
// [/third-precommit]

BOOST_AUTO_TEST_CASE(actors_that_throw_hang_or_lose_messages_do_not_change_the_chain) {
  for (const char* rule :
       {"on /node/chain/verifier/* at n1 message Vote every 7 times 3 do throw",
        "on /node/chain/consensus at n2 nth 40 do hang 3s",
        "on /node/chain/consensus at n0 message VerifiedVote probability 0.1 do drop",
        "on /node/chain/** at n1 probability 0.2 until 20s do delay 1ms..40ms",
        "on /node/chain/consensus at n1 message VerifiedVote probability 0.3 do duplicate",
        "on /node/chain/** at n2 message Vote probability 0.5 do reorder 30ms",
        "on /node/chain/ledger at n1 nth 9 do kill",
        "on /node/storage/wal at n0 nth 9 do slow 1s"}) {
    BOOST_TEST_CONTEXT(rule) {
      SimCluster cluster({.seed = 3});
      const auto id = cluster.fault(rule);
      BOOST_REQUIRE(cluster.run_until(Height(8), Duration::from_s(600)));
      BOOST_CHECK_GT(cluster.hits(id), 0u);
      for (std::size_t i = 1; i < 4; ++i)
        BOOST_CHECK_EQUAL(cluster.block(i, Height(8)).id, cluster.block(0, Height(8)).id);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_hang_without_a_time_lasts_until_it_is_cleared) {
  SimCluster cluster({.seed = 5, .nodes = 1});
  BOOST_REQUIRE(cluster.run_until(Height(3), Duration::from_s(60)));
  (void)cluster.fault("on /node/chain/consensus do hang");
  BOOST_CHECK(!cluster.run_until(Height(9), Duration::from_s(60)));
  cluster.clear_faults();
  BOOST_CHECK(cluster.run_until(Height(9), Duration::from_s(60)));
  BOOST_CHECK_EQUAL(cluster.actor(0, "/node/chain/consensus").restarts, 0u);
}

BOOST_AUTO_TEST_CASE(the_same_seed_and_rules_give_the_same_run) {
  const auto run = [] {
    SimCluster cluster({.seed = 11});
    (void)cluster.fault("on /node/chain/verifier/* probability 0.05 do drop");
    (void)cluster.fault("on /node/chain/** probability 0.05 do delay 1ms..90ms");
    BOOST_REQUIRE(cluster.run_until(Height(6), Duration::from_s(600)));
    return std::pair{cluster.hits(1), cluster.committed_at(2, Height(6)).ns};
  };
  const auto first = run();
  BOOST_CHECK(first == run());
  BOOST_CHECK_GT(first.first, 0u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
