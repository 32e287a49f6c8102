// A dead proposer, in virtual time: the height completes within its propose timeout and three
// quorum delays. A quorum delay is what the metric of that name measures: proposal to 2f+1
// prevotes, two messages one after the other.
#include <algorithm>

#include "tests/unit/consensus_actor/sim_cluster.hpp"

namespace witan::test {
namespace {

constexpr Duration delay_max = Duration::from_ms(40);
constexpr Duration quorum_delay = delay_max * 2;
constexpr Duration pace = Duration::from_ms(10);  // ChainWorld::consensus_options

struct Outcome {
  std::size_t failed = 0;  // heights whose proposer was down
  Duration slowest{};      // of them
};

// Heights after the crash of one validator, as another one saw them.
Outcome without_one(const SimOptions& options, std::uint64_t heights) {
  SimCluster cluster(options);
  BOOST_REQUIRE(cluster.run_until(Height(20), Duration::from_s(300)));
  constexpr std::size_t victim = 3, witness = 0;
  const std::uint8_t key = victim + 1;
  cluster.crash(victim);
  const Height last = cluster.height(witness);
  BOOST_REQUIRE(cluster.run_until(last + heights, Duration::from_s(3'000)));
  Outcome out;
  for (std::uint64_t h = last.get() + 2; h <= last.get() + heights; ++h) {
    if (cluster.world().proposer(Height(h), Round(0)) != key) continue;
    const auto block = decode_block(cluster.block(witness, Height(h)).block);
    WITAN_REQUIRE_OK(block);
    BOOST_CHECK_EQUAL(block->header.origin_round, Round(1));
    ++out.failed;
    out.slowest = std::max(out.slowest, cluster.committed_at(witness, Height(h)) -
                                            cluster.committed_at(witness, Height(h - 1)));
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failed_proposer_test)

BOOST_AUTO_TEST_CASE(a_dead_proposer_costs_its_timeout_and_three_quorum_delays) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Outcome out = without_one(
        {.seed = seed, .delay_max = delay_max, .adaptive_timeouts = false, .in_order = true}, 40);
    const Duration propose = GenesisParams{}.timeout_propose;
    BOOST_TEST_MESSAGE("configured: " << out.failed << " failed proposers, slowest height "
                                      << out.slowest.ms() << " ms");
    BOOST_CHECK_GE(out.failed, 3u);
    BOOST_CHECK_LE(out.slowest.ms(), (pace + propose + quorum_delay * 3).ms());
  }
}

BOOST_AUTO_TEST_CASE(with_adaptive_timeouts_it_costs_far_less) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Outcome out = without_one({.seed = seed, .delay_max = delay_max, .in_order = true}, 40);
    // The propose delay is at most the skew of two nodes' starts and one message: 8 x 80 ms.
    const Duration propose = delay_max * 2 * consensus::propose_factor;
    BOOST_TEST_MESSAGE("adaptive: " << out.failed << " failed proposers, slowest height "
                                    << out.slowest.ms() << " ms");
    BOOST_CHECK_GE(out.failed, 3u);
    BOOST_CHECK_LE(out.slowest.ms(), (pace + propose + quorum_delay * 3).ms());
    BOOST_CHECK_LE(out.slowest.ms(), 1'000);
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
