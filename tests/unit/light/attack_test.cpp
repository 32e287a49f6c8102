// Two proven chains: the attack is found, whoever the attacker is, and the right validators are
// named; what is not proved accuses nobody.
#include "crypto/light/attack.hpp"

#include "tests/unit/light/light_chain.hpp"

namespace witan::light {
namespace {

// A fork of `chain` after height 10, signed by the same validators in `round`.
LightChain fork_of(const LightChain& chain, Round round,
                   const std::function<void(LightBlock&)>& change = {}) {
  LightChain out = chain.fork(10, "fork");
  while (out.tip() < chain.tip()) {
    out.append(round);
    if (change) {
      change(out.at(out.tip()));
      sign_block(out.at(out.tip()), round);
    }
  }
  return out;
}

struct World {
  LightChain chain{20};
  FixedClock clock;
  World() { clock.time = chain.now(); }
  // The attack that a client of `primary` finds through `witness` on the way to `height`.
  std::optional<Attack> attack(const LightChain& primary, const LightChain& witness,
                               std::uint64_t height, bool sequential) {
    ClientOptions options;
    options.sequential = sequential;
    Client client = client_of(primary, witnesses_of({&witness}), clock, options);
    WITAN_CHECK_ERROR(client.verify_at(Height(height)), ErrorCode::conflicting_header);
    BOOST_CHECK_EQUAL(client.store().size(), 1U);
    WITAN_CHECK_ERROR(client.verify_at(Height(height + 1)), ErrorCode::conflicting_header);
    return client.attack();
  }
};

BOOST_FIXTURE_TEST_SUITE(attack_test, World)

BOOST_AUTO_TEST_CASE(a_fork_is_found_from_either_side_skipping_or_sequential) {
  const LightChain fork = fork_of(chain, Round(0));
  for (const bool sequential : {false, true})
    for (const bool honest_primary : {false, true}) {
      const auto found = honest_primary ? attack(chain, fork, 15, sequential)
                                        : attack(fork, chain, 15, sequential);
      BOOST_REQUIRE(found);
      const std::uint64_t common = sequential ? 10 : 1;
      BOOST_CHECK_EQUAL(found->common.height().get(), common);
      BOOST_CHECK_EQUAL(found->against_primary.common_height.get(), common);
      BOOST_CHECK_EQUAL(found->against_primary.conflicting.height().get(), sequential ? 11 : 15);
      BOOST_REQUIRE(found->witness_finding);
      BOOST_CHECK_EQUAL(found->primary_finding.accused.size(), 4U);
      BOOST_CHECK_EQUAL(found->primary_finding.accused_power, 40U);
    }
}

BOOST_AUTO_TEST_CASE(two_valid_headers_of_one_round_are_an_equivocation_of_those_in_both_commits) {
  LightChain fork = fork_of(chain, Round(0));
  sign_block(fork.at(11), Round(0), [](ValidatorIndex i) { return i != 1; });
  LightChain main = chain;
  sign_block(main.at(11), Round(0), [](ValidatorIndex i) { return i != 3; });
  const auto found = attack(fork, main, 11, true);
  BOOST_REQUIRE(found);
  BOOST_CHECK(found->primary_finding.kind == AttackKind::equivocation);
  const ValidatorSet& set = *chain.at(1).validators;
  BOOST_CHECK((found->primary_finding.accused == std::vector{set.at(0).key, set.at(2).key}));
}

BOOST_AUTO_TEST_CASE(other_rounds_are_amnesia_and_name_nobody) {
  const LightChain fork = fork_of(chain, Round(2));
  const auto found = attack(fork, chain, 11, true);
  BOOST_REQUIRE(found);
  BOOST_CHECK(found->primary_finding.kind == AttackKind::amnesia);
  BOOST_CHECK(found->primary_finding.accused.empty());
}

BOOST_AUTO_TEST_CASE(a_header_that_contradicts_its_chain_is_lunatic_and_names_its_trusted_signers) {
  const auto change = [](LightBlock& b) { b.header.rules_version = 99; };
  const LightChain fork = fork_of(chain, Round(2), change);
  const auto found = attack(fork, chain, 15, false);
  BOOST_REQUIRE(found);
  BOOST_CHECK(found->primary_finding.kind == AttackKind::lunatic);
  BOOST_CHECK_EQUAL(found->primary_finding.accused.size(), 4U);
}

BOOST_AUTO_TEST_CASE(primary_and_witnesses_are_told_of_the_side_that_is_not_their_chain) {
  const LightChain fork = fork_of(chain, Round(0));
  auto witnesses = witnesses_of({&fork, &chain, &chain});
  auto& like_primary = dynamic_cast<ChainProvider&>(*witnesses[1]);
  auto& silent = dynamic_cast<ChainProvider&>(*witnesses[2]);
  silent.silent = true;
  Client client = client_of(chain, std::move(witnesses), clock);
  WITAN_CHECK_ERROR(client.verify_at(Height(15)), ErrorCode::conflicting_header);
  BOOST_REQUIRE(client.attack());
  const auto reports = client.report_attack();
  BOOST_REQUIRE_EQUAL(reports.size(), 4U);
  BOOST_CHECK_EQUAL(reports[0].provider, "primary");
  for (std::size_t i = 0; i < 3; ++i) {
    WITAN_REQUIRE_OK(reports[i].accusations);
    BOOST_CHECK_EQUAL(*reports[i].accusations, 4U);
  }
  WITAN_CHECK_ERROR(reports[3].accusations, ErrorCode::timeout);
  BOOST_CHECK_EQUAL(like_primary.told, 2U);
  BOOST_CHECK_EQUAL(silent.told, 1U);
}

BOOST_AUTO_TEST_CASE(an_attacker_who_falls_silent_is_still_accused) {
  const LightChain fork = fork_of(chain, Round(0));
  int answers = 0;
  const auto alter = [&](LightBlock block) -> Result<LightBlock> {
    if (++answers > 1) return fail(ErrorCode::timeout, "x", "no answer");
    return block;
  };
  Client client = client_of(fork, witnesses_of({&chain}), clock, {}, 1, alter);
  WITAN_CHECK_ERROR(client.verify_at(Height(15)), ErrorCode::conflicting_header);
  BOOST_REQUIRE(client.attack());
  BOOST_CHECK_EQUAL(client.attack()->primary_finding.accused.size(), 4U);
}

BOOST_AUTO_TEST_CASE(p47_evidence_with_one_false_signature_proves_nothing) {
  const LightChain fork = fork_of(chain, Round(0));
  HeaderVerifier verifier(test_chain_id, {});
  const AttackEvidence good{Height(10), fork.at(11)};
  WITAN_REQUIRE_OK(judge_attack(verifier, good, chain.at(10), chain.at(11)));
  for (std::size_t i = 0; i < 4; ++i) {
    AttackEvidence bad = good;
    bad.conflicting.commit.signatures[i].signature.data[7] ^= 1;
    WITAN_CHECK_ERROR(judge_attack(verifier, bad, chain.at(10), chain.at(11)),
                      ErrorCode::bad_signature);
    LightBlock trusted = chain.at(11);
    trusted.commit.signatures[i].signature.data[7] ^= 1;
    WITAN_CHECK_ERROR(judge_attack(verifier, good, chain.at(10), trusted),
                      ErrorCode::bad_signature);
  }
}

BOOST_AUTO_TEST_CASE(evidence_is_not_judged_with_the_chains_own_block_or_other_heights) {
  const LightChain fork = fork_of(chain, Round(0));
  HeaderVerifier verifier(test_chain_id, {});
  WITAN_CHECK_ERROR(judge_attack(verifier, {Height(10), chain.at(11)}, chain.at(10), chain.at(11)),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(judge_attack(verifier, {Height(10), fork.at(11)}, chain.at(9), chain.at(11)),
                    ErrorCode::wrong_height);
  WITAN_CHECK_ERROR(judge_attack(verifier, {Height(10), fork.at(11)}, chain.at(10), chain.at(12)),
                    ErrorCode::wrong_height);
  // Strangers sign whatever they like: that is no evidence against anybody.
  LightBlock strange = chain.at(15);
  strange.validators = strange.next_validators = set_of(numbers(50, 4));
  strange.header.validators_hash = strange.header.next_validators_hash =
      validators_hash(*strange.validators);
  strange.header.proposer = strange.validators->at(0).key;
  sign_block(strange);
  WITAN_CHECK_ERROR(judge_attack(verifier, {Height(10), strange}, chain.at(10), chain.at(15)),
                    ErrorCode::not_enough_trust);
}

BOOST_AUTO_TEST_CASE(a_witness_of_another_chain_from_before_the_trusted_height_proves_nothing) {
  LightChain other = chain.fork(0, "other");
  while (other.tip() < 20) other.append();
  Client client = client_of(chain, witnesses_of({&other, &chain}), clock, {}, 5);
  WITAN_REQUIRE_OK(client.verify_at(Height(15)));
  BOOST_CHECK_EQUAL(client.witnesses(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::light
