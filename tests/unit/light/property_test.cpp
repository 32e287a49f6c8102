// Random chains with changing sets: honest blocks are always accepted, forged ones never, where an
// adversary holds at most a third of the power of every set.
#include "tests/support/property.hpp"
#include "tests/unit/light/light_chain.hpp"

namespace witan::light {
namespace {

// Every few heights some members go and others come. Members below `keys` / 3 are the adversary's.
struct RandomChain {
  static constexpr std::uint64_t heights = 30;
  explicit RandomChain(std::uint32_t seed) : random(seed) {
    std::vector<ValidatorSetPtr> sets;
    std::vector<std::size_t> members;
    for (std::uint64_t h = 1; h <= heights + 1; ++h) {
      if (members.empty() || random() % 4 == 0) members = draw();
      sets.push_back(set_of(members));
    }
    chain.emplace(heights, [sets](std::uint64_t h) { return sets.at(h - 1); });
  }
  // At least three honest members for each adversary, so that he has less than a third.
  std::vector<std::size_t> draw() {
    const std::size_t bad = random() % 3;
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < bad; ++i) out.push_back(i);
    const std::size_t first = 3 + random() % 6;
    for (std::size_t i = 0; i < 3 * bad + 1; ++i) out.push_back(first + i);
    return out;
  }
  std::mt19937 random;
  std::optional<LightChain> chain;
};

bool is_adversary(const PublicKey& key) {
  for (std::size_t i = 0; i < 3; ++i)
    if (key_number(i).public_key() == key) return true;
  return false;
}

// A block of `height` that the adversary can make: own header, his signatures, and if he likes the
// honest ones of the real commit copied, a set of his own choice, or a header of the far future.
LightBlock forge(const LightBlock& real, std::mt19937& random) {
  LightBlock out = real;
  switch (random() % 5) {
    case 0:  // the header changes, the signatures stay
      out.header.state_root.data[random() % 32] ^= 1;
      out.commit.block_id = out.id();
      return out;
    case 1:  // only the commit's id is right
      out.header.time.ns += 1;
      return out;
    case 2: {  // a set of his own
      std::vector<std::size_t> mine = numbers(random() % 2, 2);
      if (random() % 2 == 0) mine.push_back(190);
      out.validators = out.next_validators = set_of(mine);
      out.header.validators_hash = out.header.next_validators_hash =
          validators_hash(*out.validators);
      out.header.proposer = out.validators->at(0).key;
      sign_block(out);
      return out;
    }
    case 3:  // his own signatures in the real set
      out.header.state_root.data[0] ^= 1;
      sign_block(out, Round(0),
                 [&](ValidatorIndex i) { return is_adversary(out.validators->at(i).key); });
      return out;
    default: {  // his own signatures, the honest ones taken from the real commit
      const Certificate honest = out.commit;
      out.header.state_root.data[0] ^= 1;
      sign_block(out, Round(0),
                 [&](ValidatorIndex i) { return is_adversary(out.validators->at(i).key); });
      for (const CertificateSignature& s : honest.signatures)
        if (!is_adversary(out.validators->at(s.validator).key)) out.commit.signatures.push_back(s);
      std::ranges::sort(out.commit.signatures, {}, &CertificateSignature::validator);
      return out;
    }
  }
}

BOOST_AUTO_TEST_SUITE(property_test)

WITAN_PROPERTY(honest_chains_are_verified_from_anywhere_to_anywhere, [](std::uint32_t seed) {
  RandomChain world(seed);
  FixedClock clock;
  clock.time = world.chain->now();
  const std::uint64_t from = 1 + world.random() % RandomChain::heights;
  const std::uint64_t to = 1 + world.random() % RandomChain::heights;
  ClientOptions options;
  options.sequential = world.random() % 2 == 0;
  Client client = client_of(*world.chain, witnesses_of({&*world.chain}), clock, options, from);
  const auto block = client.verify_at(Height(to));
  RC_ASSERT(block.has_value());
  RC_ASSERT(block->id() == world.chain->at(to).id());
})

WITAN_PROPERTY(no_forged_header_is_ever_trusted, [](std::uint32_t seed) {
  RandomChain world(seed);
  FixedClock clock;
  clock.time = world.chain->now();
  const std::uint64_t from = 1 + world.random() % RandomChain::heights;
  const std::uint64_t to = 1 + world.random() % RandomChain::heights;
  const std::uint64_t rate = 1 + world.random() % 4;
  const auto lie = [&](LightBlock block) -> Result<LightBlock> {
    return world.random() % rate == 0 ? forge(block, world.random) : block;
  };
  ClientOptions options;
  options.sequential = world.random() % 2 == 0;
  // Primary and one witness lie, in ways of their own; another witness is honest.
  std::vector<ProviderPtr> witnesses = witnesses_of({&*world.chain});
  witnesses.push_back(std::make_unique<ChainProvider>(*world.chain, "liar", lie));
  Client client = client_of(*world.chain, std::move(witnesses), clock, options, from, lie);
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto block = client.verify_at(Height(to));
    if (block) {
      RC_ASSERT(block->id() == world.chain->at(to).id());
    }
  }
  RC_ASSERT(!client.attack().has_value());  // nobody is accused without proof
  for (std::uint64_t h = 1; h <= RandomChain::heights; ++h)
    if (const LightBlock* stored = client.store().find(Height(h))) {
      RC_ASSERT(stored->id() == world.chain->at(h).id());
    }
})

WITAN_PROPERTY(any_bytes_are_decoded_or_refused,
               [](const std::vector<std::uint8_t>& bytes, std::uint32_t seed) {
                 (void)decode_light_block(bytes);
                 (void)decode_attack(bytes);
                 (void)TrustedStore::decode(bytes);
                 // Around a real block: some bytes overwritten.
                 static const LightChain chain(1);
                 static const Bytes real = encode_light_block(chain.at(1));
                 Bytes changed = real;
                 std::mt19937 random(seed);
                 for (const std::uint8_t byte : bytes) changed[random() % changed.size()] = byte;
                 const auto block = decode_light_block(changed);
                 if (block) RC_ASSERT(encode_light_block(*block) == changed);
               })

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::light
