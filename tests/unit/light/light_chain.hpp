// Chains of light blocks with real keys and signatures, and providers that serve them, also
// falsely.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>

#include "crypto/hash.hpp"
#include "crypto/light/client.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::light {

inline const ChainId test_chain_id{sha256(as_bytes("a chain of tests"))};
inline constexpr std::int64_t block_seconds = 5;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return {}; }
  [[nodiscard]] UnixTime unix_now() const override { return time; }
  UnixTime time{};
};

// Key number i, the same in every test.
inline const SecretKey& key_number(std::size_t i) {
  static std::map<std::size_t, SecretKey> keys;
  const auto found = keys.find(i);
  if (found != keys.end()) return found->second;
  auto key = SecretKey::from_bytes(sha256(as_bytes("key " + std::to_string(i))).view());
  WITAN_REQUIRE_OK(key);
  return keys.emplace(i, std::move(*key)).first->second;
}
inline const SecretKey& key_of(const PublicKey& key) {
  for (std::size_t i = 0; i < 200; ++i)
    if (key_number(i).public_key() == key) return key_number(i);
  throw std::logic_error("not a key of the tests");
}

// Members are key numbers, each with power 10.
inline ValidatorSetPtr set_of(const std::vector<std::size_t>& members) {
  std::vector<Validator> list;
  for (const std::size_t i : members) list.push_back({key_number(i).public_key(), 10, 1, 5});
  auto set = ValidatorSet::make(std::move(list));
  WITAN_REQUIRE_OK(set);
  return std::make_shared<const ValidatorSet>(std::move(*set));
}
inline std::vector<std::size_t> numbers(std::size_t first, std::size_t count) {
  std::vector<std::size_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = first + i;
  return out;
}

// Signs the header with all members, or those that `signs` chooses.
inline void sign_block(LightBlock& block, Round round = Round(0),
                       const std::function<bool(ValidatorIndex)>& signs = {}) {
  Certificate& commit = block.commit;
  commit = {VoteType::precommit, block.height(), round, block.id(), {}};
  const Vote vote{VoteType::precommit, block.height(), round, commit.block_id, Round(), 0};
  const Hash32 message = vote_hash(block.header.chain_id, vote);
  for (ValidatorIndex i = 0; i < block.validators->size(); ++i)
    if (!signs || signs(i))
      commit.signatures.push_back(
          {i, Round(), key_of(block.validators->at(i).key).sign(message.view())});
}

// Heights 1..n; set_at(h) decides height h.
using SetAt = std::function<ValidatorSetPtr(std::uint64_t)>;
class LightChain {
 public:
  explicit LightChain(std::uint64_t heights, SetAt set_at = {}, std::string flavour = "main") {
    if (!set_at) {
      const ValidatorSetPtr same = set_of(numbers(0, 4));
      set_at = [same](std::uint64_t) { return same; };
    }
    set_at_ = std::move(set_at);
    flavour_ = std::move(flavour);
    for (std::uint64_t h = 1; h <= heights; ++h) append();
  }
  // The same chain up to `height`, to go another way from there.
  [[nodiscard]] LightChain fork(std::uint64_t height, std::string flavour,
                                SetAt set_at = {}) const {
    LightChain out(0, set_at ? std::move(set_at) : set_at_, std::move(flavour));
    out.blocks_.assign(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(height));
    return out;
  }
  void append(Round round = Round(0)) {
    LightBlock block;
    const std::uint64_t height = blocks_.size() + 1;
    block.validators = set_at_(height);
    block.next_validators = set_at_(height + 1);
    Header& h = block.header;
    h.chain_id = test_chain_id;
    h.height = Height(height);
    h.origin_round = Round(0);
    h.time = UnixTime{} + Duration::from_s(block_seconds * static_cast<std::int64_t>(height));
    h.proposer = block.validators->at(0).key;
    h.state_root = sha256(as_bytes(flavour_ + std::to_string(height)));
    if (height > 1) h.prev_block_id = at(height - 1).id();
    h.validators_hash = validators_hash(*block.validators);
    h.next_validators_hash = validators_hash(*block.next_validators);
    sign_block(block, round);
    blocks_.push_back(std::move(block));
  }

  [[nodiscard]] const LightBlock& at(std::uint64_t height) const { return blocks_.at(height - 1); }
  [[nodiscard]] LightBlock& at(std::uint64_t height) { return blocks_.at(height - 1); }
  [[nodiscard]] std::uint64_t tip() const { return blocks_.size(); }
  [[nodiscard]] TrustRoot root(std::uint64_t height = 1) const {
    return {Height(height), at(height).id()};
  }
  [[nodiscard]] UnixTime now() const { return at(tip()).header.time + Duration::from_s(1); }

 private:
  SetAt set_at_;
  std::string flavour_;
  std::vector<LightBlock> blocks_;
};

// Serves a chain; `alter` may change or refuse an answer. Counts.
class ChainProvider final : public Provider {
 public:
  using Alter = std::function<Result<LightBlock>(LightBlock)>;
  ChainProvider(const LightChain& chain, std::string name, Alter alter = {})
      : chain_(chain), name_(std::move(name)), alter_(std::move(alter)) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] Result<LightBlock> at(Height height) override {
    ++asked;
    const std::uint64_t wanted = height.get() == 0 ? chain_.tip() : height.get();
    if (wanted > chain_.tip()) return fail(ErrorCode::not_found, "height", "not decided yet");
    LightBlock block = chain_.at(wanted);
    return alter_ ? alter_(std::move(block)) : block;
  }
  [[nodiscard]] Result<std::size_t> report(ByteView attack) override {
    WITAN_TRY(const AttackEvidence evidence, decode_attack(attack));
    const LightBlock& block = evidence.conflicting;
    ++told;
    if (silent) return fail(ErrorCode::timeout, "x", "no answer");
    if (chain_.at(block.height().get()).id() == block.id())
      return fail(ErrorCode::malformed, "attack", "this is my chain");
    return block.commit.signatures.size();
  }
  std::uint64_t asked = 0;
  std::uint64_t told = 0;
  bool silent = false;  // when it is told of an attack

 private:
  const LightChain& chain_;
  std::string name_;
  Alter alter_;
};

inline std::vector<ProviderPtr> witnesses_of(std::initializer_list<const LightChain*> chains) {
  std::vector<ProviderPtr> out;
  for (const LightChain* chain : chains)
    out.push_back(std::make_unique<ChainProvider>(*chain, "witness" + std::to_string(out.size())));
  return out;
}

// A client that trusts height `from` of the primary's chain.
inline Client client_of(const LightChain& primary, std::vector<ProviderPtr> witnesses,
                        const Clock& clock, ClientOptions options = {}, std::uint64_t from = 1,
                        ChainProvider::Alter alter = {}) {
  TrustedStore store(test_chain_id);
  store.add(primary.at(from));
  return {std::move(store), std::move(options), clock,
          std::make_unique<ChainProvider>(primary, "primary", std::move(alter)),
          std::move(witnesses)};
}

}  // namespace witan::light
