// What must hold under every schedule. Safety is checked at each step inside the simulation.
#include "tests/support/property.hpp"
#include "tests/unit/consensus_core/sim_net.hpp"

using witan::consensus::test::SimNet;
using witan::consensus::test::SimOptions;

BOOST_AUTO_TEST_SUITE(consensus_properties)

WITAN_PROPERTY(correct_nodes_agree_under_loss_reordering_lies_and_crashes, [](std::uint64_t seed) {
  SimNet net(seed, {});
  net.run(1500);
  RC_CLASSIFY(net.decided() > 0, "decided");
  RC_CLASSIFY(net.crashes() > 0, "crashed");
  RC_CLASSIFY(net.equivocations_seen() > 0, "equivocation seen");
  RC_CLASSIFY(net.round_highest() > 3, "beyond round 3");
})

WITAN_PROPERTY(correct_nodes_agree_under_heavy_loss, [](std::uint64_t seed) {
  SimNet net(seed, {.loss_permille = 500, .lie_permille = 300, .timer_permille = 150});
  net.run(1500);
})

WITAN_PROPERTY(correct_nodes_agree_when_logs_are_lost_but_sign_states_are_not,
               [](std::uint64_t seed) {
                 SimNet net(seed,
                            {.loss_permille = 300, .crash_permille = 20, .lost_log_permille = 700});
                 net.run(1500);
                 RC_CLASSIFY(net.decided() > 0, "decided");
               })

WITAN_PROPERTY(a_healed_network_decides, [](std::uint64_t seed) {
  SimNet net(seed, {.loss_permille = 400, .lie_permille = 300, .timer_permille = 200});
  net.run(400);
  RC_ASSERT(net.heal_and_decide(12));
})

// One node saw a polka only after it had precommitted nil, so that it never locked and never told;
// another counted the equivocator's other prevote. The polka has to come with the re-proposal.
BOOST_AUTO_TEST_CASE(a_polka_that_one_node_cannot_count_comes_with_the_proposal) {
  SimNet net(893684445, {.loss_permille = 400, .lie_permille = 300, .timer_permille = 200});
  net.run(400);
  BOOST_TEST(net.heal_and_decide(12));
}

// Evidence soundness (docs/evidence.md): locks are taken and given up again under losses and lies,
// logs are lost, and nothing a correct validator signs is ever evidence against it.
WITAN_PROPERTY(nobody_correct_is_ever_accused, [](std::uint64_t seed) {
  SimNet net(seed, {.loss_permille = 350,
                    .crash_permille = 10,
                    .lost_log_permille = 400,
                    .lie_permille = 350,
                    .timer_permille = 150});
  net.run(2500);
  RC_CLASSIFY(net.check_nobody_correct_is_accused() > 0, "a correct validator unlocked");
  RC_CLASSIFY(net.amnesia_seen() > 0, "amnesia of the liar found");
})

BOOST_AUTO_TEST_SUITE_END()
