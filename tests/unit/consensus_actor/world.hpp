// Shared by the tests of the consensus actors: keys, a genesis, services, and one runtime in
// virtual time whose tree is made of real actors and taps.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "actors/consensus/consensus_actor.hpp"
#include "actors/consensus/core/proposer_order.hpp"
#include "actors/consensus/effect_runner.hpp"
#include "actors/consensus/verifier_actor.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/atomic_file.hpp"
#include "storage/memory_file_system.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/support/tap_actor.hpp"

namespace witan::test {

inline SecretKey key_number(std::uint8_t n) {
  Bytes bytes(32, 0x11);
  bytes[31] = n;
  auto key = SecretKey::from_bytes(bytes);
  BOOST_REQUIRE(key.has_value());
  return std::move(*key);
}
inline Bytes secret_of(const SecretKey& key) {
  const auto secret = key.secret_bytes();
  return Bytes(secret.view().begin(), secret.view().end());
}

// A development chain of n equal validators, keys 1..n; virtual clocks start a second after it.
struct ChainWorld {
  explicit ChainWorld(std::uint8_t n) {
    genesis.chain_name = "sim";
    genesis.time = UnixTime{1'699'999'999'000'000'000};
    for (std::uint8_t i = 1; i <= n; ++i) {
      GenesisValidator v;
      v.name = "v" + std::to_string(i);
      v.key = key_number(i).public_key();
      v.stake = 100;
      v.tier = 3;
      genesis.validators.push_back(v);
    }
    reset();
  }
  // Derives everything from the genesis again.
  void reset() {
    chain_id = genesis_hash(genesis);
    auto set = ledger::validator_set_of(genesis);
    WITAN_REQUIRE_OK(set);
    validators = std::make_shared<const ValidatorSet>(std::move(*set));
    auto made = Verifier::make(chain_id, validators);
    WITAN_REQUIRE_OK(made);
    verifier = std::make_shared<const Verifier>(std::move(*made));
  }
  [[nodiscard]] ValidatorIndex index_of(std::uint8_t n) const {
    return *validators->index_of(key_number(n).public_key());
  }
  // The number of the key that proposes in (height, round).
  [[nodiscard]] std::uint8_t proposer(Height height, Round round) const {
    const ValidatorIndex i = proposer_at(proposer_order(*validators, chain_id, height), round);
    for (std::uint8_t n = 1; n <= validators->size(); ++n)
      if (index_of(n) == i) return n;
    return 0;
  }
  [[nodiscard]] SignedVote vote(std::uint8_t n, VoteType type, Height height, Round round,
                                ValueId value) const {
    SignedVote out;
    out.vote = {type, height, round, value, Round(), index_of(n)};
    out.signature = key_number(n).sign(vote_hash(chain_id, out.vote).view());
    return out;
  }
  [[nodiscard]] CommitCertificate commit(Height height, Round round, const BlockId& id,
                                         const std::vector<std::uint8_t>& signers) const {
    CommitCertificate out{VoteType::precommit, height, round, id, {}};
    for (ValidatorIndex i = 0; i < validators->size(); ++i)
      for (const std::uint8_t n : signers)
        if (index_of(n) == i)
          out.signatures.push_back(
              {i, Round(), vote(n, VoteType::precommit, height, round, id).signature});
    return out;
  }
  [[nodiscard]] consensus::ConsensusOptions consensus_options(std::uint8_t self) const {
    consensus::ConsensusOptions out;
    out.validators = validators;
    if (self != 0) out.self = index_of(self);
    out.proposers = [this](Height h) { return proposer_order(*validators, chain_id, h); };
    out.timeouts = consensus::TimeoutParams::from(genesis.params);
    out.verifier_workers = 1;
    // In virtual time computing takes none: without a pace a lone validator would never pause.
    out.block_interval_min = Duration::from_ms(10);
    return out;
  }
  Genesis genesis;
  ChainId chain_id;
  ValidatorSetPtr validators;
  std::shared_ptr<const Verifier> verifier;
};

// One log and one set of metrics for all nodes of a test program. WITAN_TEST_LOG=1 prints the log.
inline Services services() {
  static Metrics metrics("test");
  static const std::unique_ptr<Logger> log = [] {
    const bool print = std::getenv("WITAN_TEST_LOG") != nullptr;
    LogOptions options;
    options.levels = print ? "debug" : "error";
    options.async = false;
    if (!print) options.capture = [](std::string_view) {};
    auto opened = Logger::open(std::move(options), rt::system_clock());
    WITAN_REQUIRE_OK(opened);
    return std::move(*opened);
  }();
  return Services{*log, metrics};
}

inline const FilePath wal_folder = "/node/wal";
inline const FilePath sign_state_file = "/node/sign_state";

// What `witan init` leaves behind.
inline void write_new_sign_state(FileSystem& fs, const ChainId& chain_id, const PublicKey& key) {
  WITAN_REQUIRE_OK(fs.create_directories(wal_folder));
  WITAN_REQUIRE_OK(
      write_file_atomically(fs, sign_state_file, encode(new_sign_checkpoint(chain_id, key))));
}

using StoredEnd = decltype(consensus::EffectRunnerOptions::stored_end);

inline rt::ChildSpec runner_child(FileSystem& fs, const ChainWorld& world, std::uint8_t self,
                                  std::function<Height()> store_height,
                                  std::uint64_t segment_bytes = 64 * 1024,
                                  std::optional<SignMemory>* remembered = nullptr,
                                  const std::unique_ptr<BlockStore>* blocks = nullptr,
                                  std::shared_ptr<RemotePort> remote = nullptr,
                                  StoredEnd stored_end = {}) {
  rt::ChildSpec spec;
  spec.name = "wal";
  spec.restart = rt::Restart::temporary;
  spec.factory = [&fs, &world, self, store_height, segment_bytes, remembered, blocks,
                  remote = std::move(remote),
                  stored_end = std::move(stored_end)](rt::ActorContext& context) {
    consensus::EffectRunnerOptions options{.fs = fs,
                                           .wal_folder = wal_folder,
                                           .sign_state_file = sign_state_file,
                                           .segment_bytes = segment_bytes,
                                           .wal_salt = 7,
                                           .chain_id = world.chain_id,
                                           .store_height = store_height,
                                           .own_commit_height = [] { return Height(0); }};
    options.remote = remote;
    options.stored_end = stored_end;
    if (!remote) options.consensus_key = secret_of(key_number(self));
    if (blocks != nullptr) {  // of a lone validator: it signed every commit
      options.stored_end = [blocks](Height h) { return consensus::stored_end(**blocks, h); };
      options.own_commit_height = [blocks] { return (*blocks)->last().value_or(Height(0)); };
    }
    if (remembered != nullptr) {
      options.remembered_sign_state = [remembered]() -> Result<std::optional<SignMemory>> {
        return *remembered;
      };
      options.remember_sign_state = [remembered](const SignMemory& memory) -> Status {
        *remembered = memory;
        return {};
      };
    }
    return std::make_unique<consensus::EffectRunner>(context, services(), std::move(options));
  };
  return spec;
}

inline rt::SupervisorSpec family(std::string name, std::vector<rt::Child> children) {
  rt::SupervisorSpec spec;
  spec.name = std::move(name);
  spec.strategy = rt::Strategy::rest_for_one;
  spec.children = std::move(children);
  return spec;
}

inline rt::RuntimeOptions virtual_runtime(std::uint64_t seed) {
  rt::RuntimeOptions out;
  out.deterministic = true;
  out.seed = seed;
  out.end_process = [](const rt::ExitStatus&) {};
  return out;
}

}  // namespace witan::test
