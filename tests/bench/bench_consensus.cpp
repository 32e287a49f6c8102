// The consensus core without signatures. Argument: the number of validators n.
//   height_of_votes       whole heights of one round: prevotes and precommits of all, proposal and
//                         decision; items are votes
//   counted_votes         votes that are counted and cross no threshold
//   keeper_votes          the vote keeper alone, one round of n prevotes and precommits
//   keeper_far_rounds     the keeper attacked: votes that each name another round, far ahead
//   memory_of_a_height    bytes one height holds when a third of liars has cast four votes of each
//   kind
//                         in every round of the window and in 1,000 rounds far ahead, and
//                         proposed in all of them
#include <benchmark/benchmark.h>
#include <malloc.h>

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

void keeper_votes(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto set = make_set(n);
  std::vector<SignedVote> votes;
  for (const Input& input : votes_of_a_height(n, BlockId{})) {
    const auto& vote = std::get<VoteReceived>(input);
    votes.push_back({vote.vote, vote.signature});
  }
  VoteKeeper keeper;
  for (auto _ : state) {
    keeper.reset(Height(1), set);
    for (const SignedVote& vote : votes) benchmark::DoNotOptimize(keeper.add(vote));
  }
  if (!keeper.has_quorum(VoteType::precommit, Round(0), BlockId{}))
    state.SkipWithError("no quorum was counted");
  state.SetItemsProcessed(static_cast<std::int64_t>(votes.size()) *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(keeper_votes)->Arg(4)->Arg(100)->Arg(512);

void keeper_far_rounds(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto set = make_set(n);
  VoteKeeper keeper;
  keeper.reset(Height(1), set);
  const ValidatorIndex liars = (n - 1) / 3;
  std::int32_t round = 100;
  ValidatorIndex liar = 0;
  for (auto _ : state) {
    liar = (liar + 1) % liars;
    if (++round > round_max) round = 100;
    const Vote vote{VoteType::prevote, Height(1), Round(round), std::nullopt, Round::nil(), liar};
    benchmark::DoNotOptimize(keeper.add(SignedVote{vote, Signature{}}));
  }
  if (!keeper.skip_round().is_nil()) state.SkipWithError("liars moved us");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(keeper_far_rounds)->Arg(100)->Arg(512);

// Bytes of the heap in use by this program, as the allocator counts them.
std::int64_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
}

BlockId block_number(std::uint32_t n) {
  BlockId out;
  for (std::size_t i = 0; i < 4; ++i) out.data[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return out;
}

constexpr std::int32_t window = rounds_kept_past + rounds_kept_future + 1;

void attack(ConsensusCore& core, std::uint32_t n) {
  const std::uint32_t liars = (n - 1) / 3;
  std::uint32_t next_block = 1;
  const auto say = [&](VoteType type, std::int32_t round, ValidatorIndex liar) {
    (void)core.apply(VoteReceived{
        Vote{type, Height(1), Round(round), block_number(next_block++), Round::nil(), liar},
        Signature{}});
  };
  for (std::int32_t round = 0; round < window + 1000; ++round)
    for (ValidatorIndex liar = 0; liar < liars; ++liar)
      for (std::size_t i = 0; i < votes_per_validator_max; ++i)
        for (const VoteType type : {VoteType::prevote, VoteType::precommit})
          say(type, round < window ? round : round * 37, liar);
  for (std::int32_t round = 0; round < window + 1000; ++round)
    for (std::size_t i = 0; i <= proposals_per_round_max; ++i)
      if (const ValidatorIndex proposer = core.proposer(Round(round)); proposer < liars)
        (void)core.apply(ProposalComplete{Height(1), Round(round), Round::nil(),
                                          block_number(next_block++), proposer, true});
}

// Correct validators speak as well, in every round of the window behind us.
void memory_of_a_height(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto set = make_set(n);
  std::vector<ValidatorIndex> proposers(n);
  for (ValidatorIndex i = 0; i < n; ++i) proposers[i] = i;
  std::int64_t bytes = 0;
  std::size_t votes = 0;
  for (auto _ : state) {
    const std::int64_t before = heap_bytes();
    ConsensusCore core;
    (void)core.apply(StartHeight{Height(1), set, proposers, std::nullopt});
    for (std::int32_t round = 0; round <= rounds_kept_past; ++round)
      for (const VoteType type : {VoteType::prevote, VoteType::precommit})
        for (ValidatorIndex v = 0; v < n; ++v)
          (void)core.apply(VoteReceived{
              Vote{type, Height(1), Round(round), std::nullopt, Round::nil(), v}, Signature{}});
    attack(core, n);
    bytes = heap_bytes() - before;
    votes = core.dump().votes_held;
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["votes_held"] = static_cast<double>(votes);
  if (bytes > 8 * 1024 * 1024) state.SkipWithError("more than 8 MB for one height");
}
BENCHMARK(memory_of_a_height)->Arg(150)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
