// Votes per second through the consensus core, without signatures: whole heights of one round,
// prevotes and precommits of n validators, proposal and decision included. Argument: n.
#include <benchmark/benchmark.h>

#include <memory>

#include "actors/consensus/core/driver/consensus_core.hpp"

namespace {

using namespace witan;
using namespace witan::consensus;

ValidatorSetPtr make_set(std::uint32_t n) {
  std::vector<Validator> all(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    all[i].key.data[0] = static_cast<std::uint8_t>(i >> 8);
    all[i].key.data[1] = static_cast<std::uint8_t>(i);
    all[i].power = 1000 + i;
  }
  return std::make_shared<const ValidatorSet>(ValidatorSet::make(std::move(all)).value());
}

std::vector<Input> votes_of_a_height(std::uint32_t n, BlockId value) {
  std::vector<Input> out;
  for (const VoteType type : {VoteType::prevote, VoteType::precommit})
    for (ValidatorIndex v = 0; v < n; ++v)
      out.emplace_back(
          VoteReceived{Vote{type, Height(1), Round(0), value, Round::nil(), v}, Signature{}});
  return out;
}

void height_of_votes(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto set = make_set(n);
  BlockId value;
  value.data[0] = 7;
  const std::vector<Input> votes = votes_of_a_height(n, value);
  const Input proposal = ProposalComplete{Height(1), Round(0), Round::nil(), value, 0, true};
  // The guard on own votes would mute a height run again: follow without a key.
  const Input start = StartHeight{Height(1), set, {0}, std::nullopt};
  std::int64_t decided = 0;
  for (auto _ : state) {
    ConsensusCore core;
    benchmark::DoNotOptimize(core.apply(start));
    benchmark::DoNotOptimize(core.apply(proposal));
    for (const Input& vote : votes) benchmark::DoNotOptimize(core.apply(vote));
    decided += core.state().step == Step::commit;
  }
  if (decided != static_cast<std::int64_t>(state.iterations()))
    state.SkipWithError("a height was not decided");
  state.SetItemsProcessed(static_cast<std::int64_t>(votes.size()) *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(height_of_votes)->Arg(4)->Arg(16)->Arg(100)->Arg(512);

// A full tally without reaching a quorum: every vote is counted and none runs a rule.
void counted_votes(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto set = make_set(n);
  const std::vector<Input> votes = votes_of_a_height(n, BlockId{});
  const Input start = StartHeight{Height(1), set, {0}, std::nullopt};
  ConsensusCore core;
  const std::size_t below_quorum = n / 2;
  for (auto _ : state) {
    benchmark::DoNotOptimize(core.apply(start));
    for (std::size_t i = 0; i < below_quorum; ++i) benchmark::DoNotOptimize(core.apply(votes[i]));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(below_quorum) *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(counted_votes)->Arg(100)->Arg(512);

}  // namespace

BENCHMARK_MAIN();
