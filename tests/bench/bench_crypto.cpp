// Cost of the cryptography a height needs. Run: build/release/bin/witan_bench_crypto
#include <benchmark/benchmark.h>

#include "crypto/hash.hpp"
#include "crypto/keystore.hpp"
#include "crypto/merkle.hpp"
#include "crypto/random.hpp"
#include "crypto/signer.hpp"
#include "crypto/verify.hpp"

namespace {

using namespace witan;

BlockId some_block() { return BlockId::from(Bytes(32, 7)); }

Vote some_vote() {
  return {VoteType::precommit, Height(100), Round(0), some_block(), Round::nil(), 0};
}

// n validators of equal power, their keys by index, and a commit signed by all.
struct Committee {
  explicit Committee(std::size_t n) {
    std::vector<Validator> members;
    for (std::size_t i = 0; i < n; ++i) keys.push_back(SecretKey::generate());
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return a.public_key() < b.public_key(); });
    for (const SecretKey& key : keys) members.push_back({key.public_key(), 1, 3, 0});
    set = std::make_shared<const ValidatorSet>(*ValidatorSet::make(members));
    const Vote vote = some_vote();
    commit = {vote.type, vote.height, vote.round, some_block(), {}};
    const Hash32 message = vote_hash(ChainId{}, vote);
    for (std::size_t i = 0; i < n; ++i)
      commit.signatures.push_back(
          {static_cast<ValidatorIndex>(i), Round::nil(), keys[i].sign(message.view())});
  }
  std::vector<SecretKey> keys;
  ValidatorSetPtr set;
  Certificate commit;
};

void sign(benchmark::State& state) {
  const SecretKey key = SecretKey::generate();
  const Hash32 message = sha256(as_bytes("m"));
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(message.view()));
}
BENCHMARK(sign)->Unit(benchmark::kMicrosecond);

void verify_parsed(benchmark::State& state) {
  const SecretKey key = SecretKey::generate();
  const ParsedKey parsed = *ParsedKey::parse(key.public_key());
  const Hash32 message = sha256(as_bytes("m"));
  const Signature signature = key.sign(message.view());
  for (auto _ : state) benchmark::DoNotOptimize(parsed.verify(message.view(), signature));
}
BENCHMARK(verify_parsed)->Unit(benchmark::kMicrosecond);

void verify_unparsed(benchmark::State& state) {
  const SecretKey key = SecretKey::generate();
  const Hash32 message = sha256(as_bytes("m"));
  const Signature signature = key.sign(message.view());
  for (auto _ : state)
    benchmark::DoNotOptimize(verify(key.public_key(), message.view(), signature));
}
BENCHMARK(verify_unparsed)->Unit(benchmark::kMicrosecond);

void hash_vote(benchmark::State& state) {
  Vote vote = some_vote();
  for (auto _ : state) {
    ++vote.height;
    benchmark::DoNotOptimize(vote_hash(ChainId{}, vote));
  }
}
BENCHMARK(hash_vote)->Unit(benchmark::kNanosecond);

void hash_tagged(benchmark::State& state) {
  const HashTag tag("bench");
  const Bytes input(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(tagged_hash(tag, input));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(hash_tagged)->Arg(64)->Arg(1024)->Arg(65536)->Unit(benchmark::kNanosecond);

void merkle_root(benchmark::State& state) {
  std::vector<Hash32> ids;
  for (std::int64_t i = 0; i < state.range(0); ++i) ids.push_back(Hash32::from(random_bytes(32)));
  for (auto _ : state) benchmark::DoNotOptimize(tx_root(ids));
}
BENCHMARK(merkle_root)->Arg(1000)->Unit(benchmark::kMicrosecond);

void verify_vote(benchmark::State& state) {
  const Committee committee(4);
  const Verifier verifier = *Verifier::make(ChainId{}, committee.set);
  SignedVote vote{some_vote(), committee.commit.signatures[0].signature};
  for (auto _ : state) benchmark::DoNotOptimize(verifier.verify(vote));
}
BENCHMARK(verify_vote)->Unit(benchmark::kMicrosecond);

void verify_certificate(benchmark::State& state) {
  const Committee committee(static_cast<std::size_t>(state.range(0)));
  const Verifier verifier = *Verifier::make(ChainId{}, committee.set);
  for (auto _ : state) benchmark::DoNotOptimize(verifier.verify(committee.commit));
}
BENCHMARK(verify_certificate)->Arg(4)->Arg(64)->Unit(benchmark::kMicrosecond);

// Rules, signature, self-verification and record: everything but the disk.
void signer_vote(benchmark::State& state) {
  SecretKey key = SecretKey::generate();
  const SignCheckpoint fresh = new_sign_checkpoint(ChainId{}, key.public_key());
  SignRecovery recovery;
  recovery.owner = fresh.owner;
  recovery.checkpoint_needed = true;
  Signer signer = *Signer::make(std::move(key), std::move(recovery));
  signer.finish_recovery();
  Intent intent;
  intent.kind = SignedKind::precommit;
  intent.round = Round(0);
  intent.value = some_block();
  for (auto _ : state) {
    ++intent.height;
    const auto prepared = signer.prepare(intent);
    benchmark::DoNotOptimize(signer.confirm(*prepared));
  }
}
BENCHMARK(signer_vote)->Unit(benchmark::kMicrosecond);

void unlock_key_file(benchmark::State& state) {
  const SecretKey key = SecretKey::generate();
  const KeyFile file = *encrypt_key(key, KeyRole::consensus, as_bytes("pass-phrase"));
  for (auto _ : state)
    benchmark::DoNotOptimize(unlock_key(file, KeyRole::consensus, as_bytes("pass-phrase")));
}
BENCHMARK(unlock_key_file)->Unit(benchmark::kMillisecond);

}  // namespace
