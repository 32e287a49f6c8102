// Block sync: verifying a window of empty blocks, in runs (links.hpp) and one by one, with 4 and
// 100 validators. `items_per_second` is blocks per second on one core.
//
//   build/release/bin/bench_sync
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>

#include "actors/sync/links.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace {

using namespace witan;
using namespace witan::sync;

constexpr std::uint64_t length = 256;

struct Chain {
  explicit Chain(std::uint8_t validators) {
    chain_id.data.fill(0xc1);
    for (std::uint8_t i = 1; i <= validators; ++i)
      keys.push_back(SecretKey::from_bytes(Bytes(32, i)).value());
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return a.public_key() < b.public_key(); });
    std::vector<Validator> members;
    for (const SecretKey& key : keys) members.push_back({key.public_key(), 10, 0, 0});
    auto set = std::make_shared<const ValidatorSet>(ValidatorSet::make(members).value());
    verifier = std::make_unique<Verifier>(Verifier::make(chain_id, set).value());
    for (std::uint64_t h = 1; h <= length; ++h) append(Height(h));
  }

  void append(Height height) {
    Block block;
    block.header.chain_id = chain_id;
    block.header.height = height;
    block.header.origin_round = Round(0);
    block.header.tx_root = tx_root({});
    block.header.evidence_root = evidence_root({});
    if (!blocks.empty()) {
      block.last_commit = blocks.back().certificate;
      block.header.prev_block_id = block.last_commit.block_id;
      block.header.prev_commit_hash = commit_hash(block.last_commit);
    }
    Certificate commit{VoteType::precommit, height, Round(0), block_id(block.header), {}};
    for (ValidatorIndex i = 0; i < keys.size(); ++i) {
      const Vote vote{VoteType::precommit, height, Round(0), commit.block_id, Round::nil(), i};
      commit.signatures.push_back(
          {i, Round::nil(), keys[i].sign(vote_hash(chain_id, vote).view())});
    }
    blocks.push_back({encode_block(block), std::move(commit)});
  }

  ChainId chain_id;
  std::vector<SecretKey> keys;
  std::unique_ptr<Verifier> verifier;
  std::vector<SyncBlock> blocks;
};

const Chain& chain(std::int64_t validators) {
  static const Chain small(4);
  static const Chain large(100);
  return validators == 4 ? small : large;
}

void verify_chain(benchmark::State& state, bool in_runs) {
  const Chain& source = chain(state.range(0));
  std::size_t signatures = 0;
  for (auto _ : state) {
    FetchWindow window(Params{}, 0);
    for (std::uint64_t h = 1; h <= length; ++h) (void)window.keep(h, 1, source.blocks[h - 1]);
    Links links;
    ChainPoint previous;
    for (std::uint64_t h = 1; h <= length; ++h) {
      const SyncBlock& block = window.held(h)->block;
      const Link* link = in_runs ? links.find(h, window, *source.verifier, signatures) : nullptr;
      if (link == nullptr) signatures += block.certificate.signatures.size();
      const auto id = link == nullptr
                          ? check_block(*source.verifier, previous, block)
                          : check_linked_block(*source.verifier, previous, block.bytes, *link);
      if (!id) return state.SkipWithError("a good block was refused");
      previous = {h, *id};
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(length));
  state.counters["signatures_per_block"] =
      static_cast<double>(signatures) / static_cast<double>(state.iterations()) / length;
}

void in_runs(benchmark::State& state) { verify_chain(state, true); }
void one_by_one(benchmark::State& state) { verify_chain(state, false); }
BENCHMARK(in_runs)->Arg(4)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(one_by_one)->Arg(4)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
