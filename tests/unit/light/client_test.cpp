// The client as a whole: skipping, sequential, backwards, witnesses, expiry, restarts.
#include "crypto/light/client.hpp"

#include "tests/unit/light/light_chain.hpp"

namespace witan::light {
namespace {

// The set slides by one member every `every` heights, so that far headers need bisection.
SetAt sliding(std::uint64_t every) {
  return [every](std::uint64_t h) { return set_of(numbers(h / every, 4)); };
}

struct World {
  LightChain chain{40, sliding(5)};
  FixedClock clock;
  World() { clock.time = chain.now(); }
};

BOOST_FIXTURE_TEST_SUITE(client_test, World)

BOOST_AUTO_TEST_CASE(skipping_and_sequential_arrive_at_the_same_header) {
  for (const bool sequential : {false, true}) {
    ClientOptions options;
    options.sequential = sequential;
    Client client = client_of(chain, witnesses_of({&chain}), clock, options);
    const auto block = client.verify_at(Height(40));
    WITAN_REQUIRE_OK(block);
    BOOST_CHECK(block->id() == chain.at(40).id());
    BOOST_CHECK(client.store().find(Height(40)) != nullptr);
  }
}

BOOST_AUTO_TEST_CASE(skipping_asks_for_few_blocks_when_the_set_does_not_change) {
  const LightChain steady(200);
  clock.time = steady.now();
  auto provider = std::make_unique<ChainProvider>(steady, "primary");
  const ChainProvider& primary = *provider;
  TrustedStore store(test_chain_id);
  store.add(steady.at(1));
  Client client(std::move(store), {}, clock, std::move(provider), witnesses_of({&steady}));
  WITAN_REQUIRE_OK(client.verify_at(Height(200)));
  BOOST_CHECK_EQUAL(primary.asked, 1U);
}

BOOST_AUTO_TEST_CASE(a_long_sequential_way_is_stored_in_stretches) {
  const LightChain steady(600);
  clock.time = steady.now();
  ClientOptions options;
  options.sequential = true;
  std::vector<std::uint64_t> reached;
  options.progress = [&](const LightBlock& b, Height) { reached.push_back(b.height().get()); };
  Client client = client_of(steady, witnesses_of({&steady}), clock, options);
  WITAN_REQUIRE_OK(client.verify_at(Height(600)));
  BOOST_CHECK((reached == std::vector<std::uint64_t>{256, 511, 600}));
}

BOOST_AUTO_TEST_CASE(update_goes_to_the_primarys_last_header_and_never_back) {
  Client client = client_of(chain, witnesses_of({&chain}), clock);
  BOOST_CHECK_EQUAL(client.update()->height().get(), 40U);
  BOOST_CHECK_EQUAL(client.update()->height().get(), 40U);
  LightChain shorter = chain.fork(10, "main");
  TrustedStore store = client.store();
  Client other(std::move(store), {}, clock, std::make_unique<ChainProvider>(shorter, "primary"),
               witnesses_of({&chain}));
  BOOST_CHECK_EQUAL(other.update()->height().get(), 40U);
}

BOOST_AUTO_TEST_CASE(earlier_headers_come_by_the_chain_of_hashes_without_witnesses) {
  Client client = client_of(chain, {}, clock, {}, 30);
  const auto block = client.verify_at(Height(3));
  WITAN_REQUIRE_OK(block);
  BOOST_CHECK(block->id() == chain.at(3).id());
}

BOOST_AUTO_TEST_CASE(a_false_link_of_the_chain_of_hashes_is_refused) {
  const auto alter = [](LightBlock block) -> Result<LightBlock> {
    if (block.height() == Height(12)) {
      block.header.state_root.data[0] ^= 1;
      sign_block(block);
    }
    return block;
  };
  Client client = client_of(chain, {}, clock, {}, 30, alter);
  WITAN_CHECK_ERROR(client.verify_at(Height(3)), ErrorCode::bad_proof);
  WITAN_REQUIRE_OK(client.verify_at(Height(20)));
}

BOOST_AUTO_TEST_CASE(p44_the_commit_of_an_earlier_header_is_verified_before_it_is_stored) {
  const auto alter = [](LightBlock block) -> Result<LightBlock> {
    if (block.height() == Height(3)) block.commit.signatures[1].signature.data[1] ^= 1;
    return block;
  };
  Client client = client_of(chain, {}, clock, {}, 10, alter);
  WITAN_CHECK_ERROR(client.verify_at(Height(3)), ErrorCode::bad_signature);
  BOOST_CHECK(client.store().find(Height(3)) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_lying_primary_is_refused_by_name) {
  int answers = 0;
  const auto alter = [&answers](LightBlock block) -> Result<LightBlock> {
    ++answers;
    block.header.state_root.data[3] ^= 1;
    return block;
  };
  Client client = client_of(chain, witnesses_of({&chain}), clock, {}, 1, alter);
  const auto block = client.verify_at(Height(20));
  WITAN_CHECK_ERROR(block, ErrorCode::invalid_block);
  BOOST_CHECK(block.error().text.starts_with("primary: "));
  BOOST_CHECK_EQUAL(client.store().size(), 1U);
  BOOST_CHECK_EQUAL(answers, 1);  // what is invalid is not bisected
}

BOOST_AUTO_TEST_CASE(an_answer_for_another_height_is_refused) {
  const auto alter = [this](LightBlock) -> Result<LightBlock> { return chain.at(7); };
  Client client = client_of(chain, witnesses_of({&chain}), clock, {}, 1, alter);
  WITAN_CHECK_ERROR(client.verify_at(Height(20)), ErrorCode::wrong_height);
}

BOOST_AUTO_TEST_CASE(nothing_is_built_on_a_header_past_its_period_but_the_past_stays_open) {
  ClientOptions options;
  options.trust.trusting_period = Duration::from_s(60);
  clock.time = chain.at(1).header.time + Duration::from_s(60);
  Client old = client_of(chain, witnesses_of({&chain}), clock, options);
  WITAN_CHECK_ERROR(old.verify_at(Height(10)), ErrorCode::trust_expired);
  Client later = client_of(chain, witnesses_of({&chain}), clock, options, 10);
  WITAN_REQUIRE_OK(later.verify_at(Height(2)));
}

BOOST_AUTO_TEST_CASE(between_a_dead_and_a_living_header_the_way_is_backwards) {
  ClientOptions options;
  options.trust.trusting_period = Duration::from_s(100);
  Client client = client_of(chain, witnesses_of({&chain}), clock, options, 5);
  clock.time = chain.at(12).header.time;
  WITAN_REQUIRE_OK(client.verify_at(Height(12)));
  clock.time = chain.at(5).header.time + Duration::from_s(100);
  WITAN_REQUIRE_OK(client.verify_at(Height(8)));
}

BOOST_AUTO_TEST_CASE(without_a_confirming_witness_nothing_is_trusted) {
  Client alone = client_of(chain, {}, clock);
  WITAN_CHECK_ERROR(alone.verify_at(Height(20)), ErrorCode::unavailable);
  std::vector<ProviderPtr> silent;
  silent.push_back(std::make_unique<ChainProvider>(chain, "silent", [](LightBlock) {
    return Result<LightBlock>(fail(ErrorCode::timeout, "x", "no answer"));
  }));
  Client client = client_of(chain, std::move(silent), clock);
  const auto block = client.verify_at(Height(20));
  WITAN_CHECK_ERROR(block, ErrorCode::unavailable);
  BOOST_CHECK_NE(block.error().text.find("silent: no answer"), std::string::npos);
  BOOST_CHECK_EQUAL(client.store().size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_witness_that_is_a_little_behind_is_waited_for) {
  LightChain behind = chain.fork(30, "main");
  ClientOptions options;
  int waits = 0;
  options.wait = [&] {
    ++waits;
    if (behind.tip() < 40) behind.append();
  };
  Client client = client_of(chain, witnesses_of({&behind}), clock, options);
  WITAN_REQUIRE_OK(client.verify_at(Height(35)));
  BOOST_CHECK_EQUAL(waits, 5);
  behind = chain.fork(30, "main");
  options.wait = {};
  Client impatient = client_of(chain, witnesses_of({&behind}), clock, options);
  WITAN_CHECK_ERROR(impatient.verify_at(Height(35)), ErrorCode::unavailable);
}

BOOST_AUTO_TEST_CASE(a_witness_that_lies_without_proof_is_dropped_and_the_others_decide) {
  LightChain forged = chain.fork(10, "forged", sliding(5));
  while (forged.tip() < 40) {
    forged.append();
    LightBlock& block = forged.at(forged.tip());
    sign_block(block, Round(0), [](ValidatorIndex i) { return i < 2; });
  }
  ClientOptions options;
  std::vector<std::string> warnings;
  options.warn = [&](const std::string& text) { warnings.push_back(text); };
  Client client = client_of(chain, witnesses_of({&forged, &chain}), clock, options);
  WITAN_REQUIRE_OK(client.verify_at(Height(30)));
  BOOST_CHECK_EQUAL(client.witnesses(), 1U);
  BOOST_REQUIRE_EQUAL(warnings.size(), 1U);
  BOOST_CHECK_NE(warnings[0].find("witness0"), std::string::npos);
  BOOST_CHECK(!client.attack());

  Client alone = client_of(chain, witnesses_of({&forged}), clock);
  WITAN_CHECK_ERROR(alone.verify_at(Height(30)), ErrorCode::unavailable);
  WITAN_CHECK_ERROR(alone.verify_at(Height(31)), ErrorCode::unavailable);  // none is left
}

BOOST_AUTO_TEST_CASE(a_witness_whose_blocks_a_set_of_its_own_signed_proves_nothing) {
  const ValidatorSetPtr own = set_of(numbers(50, 4));
  LightChain foreign = chain.fork(10, "foreign", [own](std::uint64_t) { return own; });
  while (foreign.tip() < 40) foreign.append();
  Client client = client_of(chain, witnesses_of({&foreign, &chain}), clock);
  WITAN_REQUIRE_OK(client.verify_at(Height(30)));
  BOOST_CHECK_EQUAL(client.witnesses(), 1U);
  BOOST_CHECK(!client.attack());
}

BOOST_AUTO_TEST_CASE(trust_begins_only_where_hash_primary_and_witnesses_agree) {
  ChainProvider primary(chain, "primary");
  ClientOptions options;
  const auto store = start_trust(chain.root(5), options, primary, witnesses_of({&chain}));
  WITAN_REQUIRE_OK(store);
  BOOST_CHECK(store->chain_id() == test_chain_id);
  BOOST_CHECK_EQUAL(store->highest()->height().get(), 5U);

  TrustRoot wrong = chain.root(5);
  wrong.id.data[0] ^= 1;
  const auto refused = start_trust(wrong, options, primary, witnesses_of({&chain}));
  WITAN_CHECK_ERROR(refused, ErrorCode::invalid_block);
  BOOST_CHECK_EQUAL(refused.error().field, "--trusted-hash");
  LightChain other = chain.fork(4, "other");
  other.append();
  WITAN_CHECK_ERROR(start_trust(chain.root(5), options, primary, witnesses_of({&chain, &other})),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(start_trust(chain.root(5), options, primary, {}), ErrorCode::unavailable);
  options.trust.trust_level = {1, 4};
  WITAN_CHECK_ERROR(start_trust(chain.root(5), options, primary, witnesses_of({&chain})),
                    ErrorCode::usage);
}

BOOST_AUTO_TEST_CASE(a_client_goes_on_from_its_file) {
  Client first = client_of(chain, witnesses_of({&chain}), clock);
  WITAN_REQUIRE_OK(first.verify_at(Height(20)));
  auto store = TrustedStore::decode(first.store().encode());
  WITAN_REQUIRE_OK(store);
  auto provider = std::make_unique<ChainProvider>(chain, "primary");
  const ChainProvider& primary = *provider;
  Client second(std::move(*store), {}, clock, std::move(provider), witnesses_of({&chain}));
  WITAN_REQUIRE_OK(second.verify_at(Height(20)));
  BOOST_CHECK_EQUAL(primary.asked, 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::light
