// The log of a validator leads the core to the same signatures and decisions again, whatever the
// network did; a log in which something is missing or changed does not, and the place is named.
#include "actors/consensus/log_replay.hpp"

#include "storage/wal.hpp"
#include "tests/unit/consensus_actor/sim_cluster.hpp"

namespace witan::test {
namespace {

using consensus::LoggedRecord;
using consensus::LogReplay;
using consensus::RecordKind;

std::vector<LoggedRecord> log_of(SimCluster& cluster, std::size_t node) {
  std::vector<LoggedRecord> out;
  WITAN_REQUIRE_OK(read_wal(
      cluster.file_system(node), wal_folder, "", Height(0), [&](const WalRecord& r) -> Status {
        out.push_back(
            {static_cast<RecordKind>(r.kind), r.height, Bytes(r.payload.begin(), r.payload.end())});
        return {};
      }));
  return out;
}

struct Outcome {
  consensus::LogReplayCounts counts;
  std::optional<consensus::Divergence> divergence;
  std::size_t at = 0;
};

Outcome replay(const ChainWorld& world, const std::vector<LoggedRecord>& log) {
  LogReplay again({world.validators, [&world](Height h) {
                     return proposer_order(*world.validators, world.chain_id, h);
                   }});
  Outcome out;
  for (; out.at < log.size(); ++out.at) {
    auto diverged = again.feed(log[out.at]);
    WITAN_REQUIRE_OK(diverged);
    if (!*diverged) continue;
    out.divergence = **diverged;
    break;
  }
  out.counts = again.counts();
  return out;
}

std::string words(const Outcome& outcome) {
  if (!outcome.divergence) return "none";
  return "record " + std::to_string(outcome.at) + ": " + outcome.divergence->logged + " - " +
         outcome.divergence->redriven;
}

// The vote of a record, if it is a peer's vote of this height and type.
std::optional<Vote> peer_vote(const LoggedRecord& record, Height height, VoteType type) {
  if (record.kind != RecordKind::vote || record.height != height) return std::nullopt;
  const auto vote = consensus::decode_vote_record(record.payload);
  return vote && vote->vote.type == type ? std::optional(vote->vote) : std::nullopt;
}

bool signs(const LoggedRecord& record, Height height, SignedKind kind) {
  if (record.kind != RecordKind::sign || record.height != height) return false;
  const auto sign = decode_sign_record(record.payload);
  return sign && sign->kind == kind;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_replay_test)

BOOST_AUTO_TEST_CASE(logs_of_lossy_and_crashed_runs_lead_to_the_same_signatures_and_decisions) {
  std::uint64_t heights = 0, votes = 0, proposals = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      SimCluster cluster({.seed = seed, .loss_permille = seed % 3 == 0 ? 100U : 0U});
      BOOST_REQUIRE(cluster.run_until(Height(8), Duration::from_s(600)));
      const std::size_t victim = seed % 4;
      cluster.crash(victim);
      BOOST_REQUIRE(cluster.run_until(Height(11), Duration::from_s(600)));
      cluster.start(victim);
      BOOST_REQUIRE(cluster.run_until(Height(20), Duration::from_s(600)));
      for (std::size_t node = 0; node < 4; ++node) {
        const Outcome outcome = replay(cluster.world(), log_of(cluster, node));
        BOOST_CHECK_MESSAGE(!outcome.divergence, "node " << node << ": " << words(outcome));
        heights += outcome.counts.heights;
        votes += outcome.counts.votes;
        proposals += outcome.counts.proposals;
      }
    }
  }
  BOOST_TEST_MESSAGE(heights << " heights, " << votes << " own votes, " << proposals
                             << " own proposals driven again");
  BOOST_CHECK_GT(heights, 300u);
  BOOST_CHECK_GT(votes, 600u);
  BOOST_CHECK_GT(proposals, 50u);
}

// What a hidden input, another rule or an edited log look like: the first record that does not
// follow from the ones before it is named.
BOOST_AUTO_TEST_CASE(the_first_record_that_does_not_follow_is_named) {
  SimCluster cluster({.seed = 5});
  BOOST_REQUIRE(cluster.run_until(Height(12), Duration::from_s(600)));
  const auto log = log_of(cluster, 0);
  const Height height(8);
  BOOST_REQUIRE(!replay(cluster.world(), log).divergence);

  // Without the peers' prevotes there is no polka, and yet a precommit was signed.
  auto without_prevotes = log;
  std::erase_if(without_prevotes, [&](const LoggedRecord& r) {
    return peer_vote(r, height, VoteType::prevote).has_value();
  });
  const auto no_polka = replay(cluster.world(), without_prevotes);
  BOOST_REQUIRE(no_polka.divergence);
  BOOST_CHECK(signs(without_prevotes[no_polka.at], height, SignedKind::precommit));
  BOOST_CHECK_EQUAL(no_polka.divergence->redriven, "no such message is asked for");

  // Without the peers' precommits nothing is decided, and yet the log says so.
  auto without_precommits = log;
  std::erase_if(without_precommits, [&](const LoggedRecord& r) {
    return peer_vote(r, height, VoteType::precommit).has_value();
  });
  const auto undecided = replay(cluster.world(), without_precommits);
  BOOST_REQUIRE(undecided.divergence);
  BOOST_CHECK(without_precommits[undecided.at].kind == RecordKind::decided);
  BOOST_CHECK_EQUAL(undecided.divergence->redriven, "nothing is decided");

  // An own prevote that says something else than the rules.
  auto edited = log;
  const auto own = std::find_if(edited.begin(), edited.end(), [&](const LoggedRecord& r) {
    return signs(r, height, SignedKind::prevote);
  });
  BOOST_REQUIRE(own != edited.end());
  auto record = *decode_sign_record(own->payload);
  record.value.reset();
  record.pol_round = Round::nil();
  own->payload = encode(record);
  const auto other = replay(cluster.world(), edited);
  BOOST_REQUIRE(other.divergence);
  BOOST_CHECK_EQUAL(other.at, static_cast<std::size_t>(own - edited.begin()));
  BOOST_CHECK(other.divergence->logged.find("nil") != std::string::npos);
  BOOST_CHECK(other.divergence->redriven.find("asked for prevote") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(records_that_do_not_decode_are_errors_and_a_gap_is_not_compared) {
  SimCluster cluster({.seed = 6});
  BOOST_REQUIRE(cluster.run_until(Height(12), Duration::from_s(600)));
  auto log = log_of(cluster, 0);
  LogReplay again({cluster.world().validators, [&](Height h) {
                     return proposer_order(*cluster.world().validators, cluster.world().chain_id,
                                           h);
                   }});
  for (const RecordKind kind : {RecordKind::vote, RecordKind::proposal, RecordKind::block,
                                RecordKind::certificate, RecordKind::timeout, RecordKind::sign})
    BOOST_CHECK(!again.feed({kind, Height(1), Bytes(3, 0xff)}));
  std::erase_if(log, [](const LoggedRecord& r) { return r.height == Height(7); });
  const auto outcome = replay(cluster.world(), log);
  BOOST_CHECK_MESSAGE(!outcome.divergence, words(outcome));
  BOOST_CHECK_EQUAL(outcome.counts.partial, 2u);  // the first one, and the one after the gap
}

// A validator that came late: in the height of its first signature what came before is not fed to
// it.
BOOST_AUTO_TEST_CASE(the_height_of_the_first_own_signature_is_not_compared) {
  SimCluster cluster({.seed = 6});
  BOOST_REQUIRE(cluster.run_until(Height(12), Duration::from_s(600)));
  auto log = log_of(cluster, 0);
  std::erase_if(log, [](const LoggedRecord& r) {
    return r.kind == RecordKind::sign && r.height == Height(1);
  });
  const auto outcome = replay(cluster.world(), log);
  BOOST_CHECK_MESSAGE(!outcome.divergence, words(outcome));
  BOOST_CHECK_EQUAL(outcome.counts.partial, 2u);  // the first one as well
  BOOST_CHECK(outcome.counts.first == Height(3));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
