// Four whole validators, one of which misbehaves (tools/byzantine): the correct three agree, go on
// deciding and never stop, and what can be seen of the guilty one is seen. WITAN_TEST_SEED repeats
// one seed.
#include "tests/unit/consensus_actor/sim_cluster.hpp"

namespace witan::test {
namespace {

constexpr std::uint64_t heights = 16;

// Sum of a metric of all nodes of this program over the series whose line holds `label`.
double metric_sum(std::string_view name, std::string_view label) {
  const std::string text = services().metrics.render();
  double sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (line.starts_with(name) && line.find(label) != std::string::npos)
      sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
    at = end + 1;
  }
  return sum;
}

void check_correct_nodes(const SimCluster& cluster) {
  const std::size_t first = cluster.is_correct(0) ? 0 : 1;
  for (std::size_t i = first; i < cluster.size(); ++i) {
    if (!cluster.is_correct(i)) continue;
    for (std::uint64_t h = 1; h <= heights; ++h)
      BOOST_CHECK_EQUAL(cluster.block(i, Height(h)).id, cluster.block(first, Height(h)).id);
    BOOST_CHECK_MESSAGE(
        cluster.exits(i).empty(),
        "node " << i << ": " << (cluster.exits(i).empty() ? "" : cluster.exits(i)[0].reason));
  }
}

struct Seen {
  std::string_view metric;  // grows
  std::string_view label = "";
};

void decide_beside(std::string_view name, const std::vector<Seen>& seen,
                   const std::function<void(const SimCluster&)>& more = {}) {
  const byzantine::BehaviourInfo* behaviour = byzantine::find_behaviour(name);
  BOOST_REQUIRE(behaviour != nullptr);
  std::vector<double> before;
  for (const Seen& s : seen) before.push_back(metric_sum(s.metric, s.label));
  const char* one = std::getenv("WITAN_TEST_SEED");
  const std::uint64_t first = one == nullptr ? 1 : std::strtoull(one, nullptr, 10);
  for (std::uint64_t seed = first; seed <= (one == nullptr ? 3 : first); ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      SimCluster cluster({.seed = seed, .behaviour = behaviour, .guilty = seed % 4});
      BOOST_REQUIRE(cluster.run_until(Height(heights), Duration::from_s(600)));
      check_correct_nodes(cluster);
      if (more) more(cluster);
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i)
    BOOST_CHECK_MESSAGE(metric_sum(seen[i].metric, seen[i].label) > before[i],
                        seen[i].metric << " " << seen[i].label << " did not grow");
}

constexpr std::string_view equivocations = "witan_consensus_equivocations_total";
constexpr std::string_view rejected = "witan_consensus_rejected_msgs_total";

}  // namespace

BOOST_AUTO_TEST_SUITE(byzantine_test)

BOOST_AUTO_TEST_CASE(equivocate) {
  decide_beside(
      "equivocate",
      {{equivocations, "proposal"}, {equivocations, "prevote"}, {equivocations, "precommit"}});
}

BOOST_AUTO_TEST_CASE(equivocate_proposals) {
  decide_beside("equivocate-proposals", {{equivocations, "proposal"}});
}

BOOST_AUTO_TEST_CASE(equivocate_votes) {
  decide_beside("equivocate-votes", {{equivocations, "prevote"}, {equivocations, "precommit"}});
}

BOOST_AUTO_TEST_CASE(silent) {
  decide_beside("silent", {}, [](const SimCluster& cluster) {
    const std::size_t witness = cluster.is_correct(0) ? 0 : 1;
    for (std::size_t guilty = 0; guilty < cluster.size(); ++guilty) {
      if (cluster.is_correct(guilty)) continue;
      const auto self = cluster.world().index_of(static_cast<std::uint8_t>(guilty + 1));
      for (std::uint64_t h = 1; h <= heights; ++h) {
        const auto block = decode_block(cluster.block(witness, Height(h)).block);
        WITAN_REQUIRE_OK(block);
        for (const CertificateSignature& s : block->last_commit.signatures)
          BOOST_CHECK_NE(s.validator, self);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(withhold) {
  decide_beside("withhold", {{"witan_consensus_rebroadcast_total"}});
}

BOOST_AUTO_TEST_CASE(delay) { decide_beside("delay", {{"witan_consensus_late_votes_total"}}); }

// Who is shown the block tells the others before they give up on it: the lock does not stay hidden.
BOOST_AUTO_TEST_CASE(stale_lock) {
  decide_beside("stale-lock", {{"witan_consensus_rebroadcast_total"}});
}

BOOST_AUTO_TEST_CASE(amnesia) {
  decide_beside("amnesia", {{"witan_consensus_round_increment_total"}});
}

BOOST_AUTO_TEST_CASE(invalid_block) {
  decide_beside("invalid-block", {{"witan_consensus_round_increment_total"}});
}

BOOST_AUTO_TEST_CASE(invalid_parts) { decide_beside("invalid-parts", {{rejected, "bad_proof"}}); }

BOOST_AUTO_TEST_CASE(far_future_rounds) {
  decide_beside("far-future-rounds", {}, [](const SimCluster& cluster) {
    const std::size_t witness = cluster.is_correct(0) ? 0 : 1;
    for (std::uint64_t h = 1; h <= heights; ++h) {
      const auto block = decode_block(cluster.block(witness, Height(h)).block);
      WITAN_REQUIRE_OK(block);
      BOOST_CHECK_LT(block->last_commit.round.get(), 4);  // nobody went along
    }
  });
}

BOOST_AUTO_TEST_CASE(garbage) {
  decide_beside("garbage", {},
                [](const SimCluster& cluster) { BOOST_CHECK_GT(cluster.undecodable(), 0u); });
}

BOOST_AUTO_TEST_CASE(flood) { decide_beside("flood", {{"witan_consensus_duplicate_vote_total"}}); }

// Claims only: ranges do not travel here.
BOOST_AUTO_TEST_CASE(lying_sync) { decide_beside("lying-sync", {}); }

BOOST_AUTO_TEST_CASE(lying_timestamps) {
  decide_beside("lying-timestamps", {{"witan_consensus_round_increment_total"}},
                [](const SimCluster& cluster) {
                  const std::size_t witness = cluster.is_correct(0) ? 0 : 1;
                  UnixTime last = cluster.world().genesis.time;
                  for (std::uint64_t h = 1; h <= heights; ++h) {
                    const auto block = decode_block(cluster.block(witness, Height(h)).block);
                    WITAN_REQUIRE_OK(block);
                    BOOST_CHECK(block->header.time > last);
                    BOOST_CHECK((block->header.time - last).ns < Duration::from_s(600).ns);
                    last = block->header.time;
                  }
                });
}

// An honest node that meets its own contradiction stops itself (S16); the guilty one must go on.
BOOST_AUTO_TEST_CASE(lies_in_a_round_certificate_do_not_reach_the_liar) {
  const ChainWorld world(4);
  constexpr std::uint8_t liar = 1;
  auto insider = byzantine::Insider::make(world.genesis, key_number(liar));
  WITAN_REQUIRE_OK(insider);
  byzantine::Stage stage(std::move(*insider), *byzantine::find_behaviour("stale-lock"));
  const auto arrives = [&](bool with_liar) {
    RoundCertificate certificate{RoundCertificate::Kind::precommit, Height(1), Round(0), {}};
    for (ValidatorIndex i = 0; i < 4; ++i)
      for (std::uint8_t n = 1; n <= 4; ++n)
        if (world.index_of(n) == i && (n != liar || with_liar))
          certificate.votes.push_back(world.vote(n, VoteType::precommit, Height(1), Round(0), {}));
    Draft<schema::RoundCertificate> draft;
    write_round_certificate(*draft, certificate);
    return stage.lets_in(std::move(draft).seal());
  };
  BOOST_CHECK(arrives(false));
  BOOST_CHECK(!arrives(true));
}

BOOST_AUTO_TEST_CASE(every_behaviour_has_a_case_here) {
  const auto& suite = boost::unit_test::framework::get<boost::unit_test::test_suite>(
      boost::unit_test::framework::current_test_case().p_parent_id);
  for (const byzantine::BehaviourInfo& info : byzantine::behaviours()) {
    std::string name = info.name;
    std::replace(name.begin(), name.end(), '-', '_');
    BOOST_CHECK_MESSAGE(suite.get(name) != boost::unit_test::INV_TEST_UNIT_ID, name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
