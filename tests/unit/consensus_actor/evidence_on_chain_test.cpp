// Four whole validators, one of which signs twice: the proof is found among votes, gossiped,
// proposed, checked and committed, once per offence, on every chain alike; a restart keeps it.
#include "actors/ledger/core/evidence_rules.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "storage/keys.hpp"
#include "tests/unit/consensus_actor/sim_cluster.hpp"
#include "tests/unit/evidence/samples.hpp"

namespace witan::test {
namespace {

// Offences in the blocks of one node, with the height of the block.
std::map<EvidenceKey, Height> committed_on(const SimCluster& cluster, std::size_t node) {
  std::map<EvidenceKey, Height> out;
  for (std::uint64_t h = 1; h <= cluster.height(node).get(); ++h) {
    const auto block = decode_block(cluster.block(node, Height(h)).block);
    WITAN_REQUIRE_OK(block);
    for (const Bytes& item : block->evidence) {
      const auto evidence = decode_evidence(item);
      WITAN_REQUIRE_OK(evidence);
      BOOST_CHECK_MESSAGE(out.emplace(key_of(*evidence), Height(h)).second, "committed twice");
    }
  }
  return out;
}

ledger::AccusedRecord record_of(const SimCluster& cluster, std::size_t node, std::size_t accused) {
  const PublicKey key = key_number(static_cast<std::uint8_t>(accused + 1)).public_key();
  const auto value = cluster.state(node).get(Module::validators, ledger::accused_state_key(key));
  WITAN_REQUIRE_OK(value);
  if (!value->has_value()) return {};
  const auto record = ledger::decode_accused(**value);
  WITAN_REQUIRE_OK(record);
  return *record;
}

std::size_t entries(const SimCluster& cluster, std::size_t node, std::uint8_t column) {
  std::size_t count = 0;
  WITAN_REQUIRE_OK(cluster.index(node).scan(KeyRange::prefix(Bytes{column}), Direction::forward,
                                            [&](ByteView, ByteView) { return ++count > 0; }));
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence_on_chain_test)

BOOST_AUTO_TEST_CASE(a_double_signer_is_charged_on_every_chain_with_a_restart_in_between) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      SimCluster cluster({.seed = seed, .double_signer = 3, .shameless = true});
      BOOST_REQUIRE(cluster.run_until(Height(5), Duration::from_s(300)));
      cluster.crash(0);
      BOOST_REQUIRE(cluster.run_until(Height(8), Duration::from_s(300)));
      cluster.start(0);
      BOOST_REQUIRE(cluster.run_until(Height(16), Duration::from_s(600)));
      const auto first = committed_on(cluster, 0);
      std::set<Height> heights;
      for (const auto& [key, block] : first) {
        BOOST_CHECK_EQUAL(key.validator, cluster.world().index_of(4));
        BOOST_CHECK_LT(key.height, block);
        heights.insert(key.height);
      }
      // A height that the others finished without it, it did not sign in.
      std::set<Height> signed_twice;
      for (const SignedVote& v : cluster.votes(3))
        if (v.vote.validator == cluster.world().index_of(4) && v.vote.height.get() % 3 == 0 &&
            v.vote.height < Height(13))
          signed_twice.insert(v.vote.height);
      BOOST_CHECK_GE(signed_twice.size(), 2u);
      for (const Height h : signed_twice)
        BOOST_CHECK_MESSAGE(heights.contains(h), "nothing of height " << h.get());
      for (std::size_t i = 0; i < 4; ++i) {
        for (std::uint64_t h = 1; h <= 16; ++h)
          BOOST_CHECK_EQUAL(cluster.block(i, Height(h)).id, cluster.block(0, Height(h)).id);
        const auto mine = committed_on(cluster, i);
        BOOST_CHECK_EQUAL(record_of(cluster, i, 3).committed, mine.size());
        for (std::size_t other = 0; other < 3; ++other)
          BOOST_CHECK_EQUAL(record_of(cluster, i, other).committed, 0u);
        BOOST_CHECK_EQUAL(entries(cluster, i, keys::committed_evidence), mine.size());
        BOOST_CHECK(cluster.exits(i).empty());
      }
    }
  }
}

// S16: the proof comes back to the node whose key it is: it signs nothing more, also not after a
// restart, until somebody has looked. The others go on.
BOOST_AUTO_TEST_CASE(s16_own_double_sign_stops_the_node_at_once) {
  SimCluster cluster({.seed = 7});
  BOOST_REQUIRE(cluster.run_until(Height(3), Duration::from_s(300)));
  cluster.submit_evidence(0, duplicate_vote(cluster.world(), 2, 1));
  BOOST_REQUIRE(cluster.run_until(Height(8), Duration::from_s(300)));
  BOOST_CHECK(!cluster.is_up(1));
  BOOST_REQUIRE_EQUAL(cluster.exits(1).size(), 1u);
  BOOST_CHECK(cluster.exits(1)[0].code == static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK_EQUAL(entries(cluster, 1, keys::own_alarm), 1u);
  const std::size_t said = cluster.votes(1).size();
  cluster.crash(1);
  cluster.start(1);  // the alarm is still there
  BOOST_CHECK(!cluster.is_up(1));
  BOOST_CHECK_EQUAL(cluster.votes(1).size(), said);
  BOOST_REQUIRE(cluster.run_until(Height(10), Duration::from_s(300)));
  BOOST_CHECK_EQUAL(record_of(cluster, 0, 1).committed, 1u);

  // What `witan evidence acknowledge` does. It catches up, sees the block that holds the proof it
  // knows, and takes part again.
  const auto proofs =
      evidence::proofs_against(cluster.world().index_of(2), cluster.index(1), nullptr);
  WITAN_REQUIRE_OK(proofs);
  BOOST_CHECK_EQUAL(proofs->size(), 1u);
  WITAN_REQUIRE_OK(evidence::acknowledge(cluster.index(1), *proofs));
  cluster.crash(1);
  cluster.start(1);
  BOOST_CHECK(cluster.is_up(1));
  BOOST_REQUIRE(cluster.run_until(Height(14), Duration::from_s(600)));
  BOOST_CHECK(cluster.is_up(1));
}

BOOST_AUTO_TEST_CASE(evidence_of_every_kind_lands_on_chain_and_survives_a_restart_of_all) {
  SimCluster cluster({.seed = 11, .double_signer = 2, .shameless = true});
  BOOST_REQUIRE(cluster.run_until(Height(2), Duration::from_s(300)));
  for (const Evidence& e : one_of_each(cluster.world(), 3, 5)) cluster.submit_evidence(0, e);
  // Of a height that is not decided yet: it waits, on disk.
  BOOST_CHECK_EQUAL(entries(cluster, 0, keys::pending_evidence), 6u);
  for (std::size_t i = 0; i < 4; ++i) cluster.crash(i);
  for (std::size_t i = 0; i < 4; ++i) cluster.start(i);
  BOOST_CHECK_EQUAL(entries(cluster, 0, keys::pending_evidence), 6u);
  BOOST_REQUIRE(cluster.run_until(Height(14), Duration::from_s(600)));
  std::set<EvidenceKind> kinds;
  for (const auto& [key, block] : committed_on(cluster, 1))
    if (key.height == Height(5)) kinds.insert(key.kind);
  BOOST_CHECK_EQUAL(kinds.size(), 6u);
}

BOOST_AUTO_TEST_CASE(what_proves_nothing_reaches_no_block_and_no_other_node) {
  SimCluster cluster({.seed = 5});
  BOOST_REQUIRE(cluster.run_until(Height(3), Duration::from_s(300)));
  DuplicateVote bad = duplicate_vote(cluster.world(), 2, 1);
  bad.second.signature.data[3] ^= 1;
  cluster.submit_evidence(0, bad);
  BOOST_REQUIRE(cluster.run_until(Height(6), Duration::from_s(300)));
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_CHECK(committed_on(cluster, i).empty());
    BOOST_CHECK_EQUAL(entries(cluster, i, keys::pending_evidence), 0u);
    BOOST_CHECK(cluster.exits(i).empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
