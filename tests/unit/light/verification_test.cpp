// One step of the light client: which headers follow from a trusted one. Each rule has a case that
// fails without it.
#include "crypto/light/verification.hpp"

#include "tests/unit/light/light_chain.hpp"

namespace witan::light {
namespace {

TrustOptions hour() { return {{1, 3}, Duration::from_s(3600), Duration::from_s(10)}; }

struct Steps {
  LightChain chain{10};
  HeaderVerifier verifier{test_chain_id, hour()};
  // Whether a changed block 2 (adjacent) or 5 (not adjacent) is still accepted.
  Status step(std::uint64_t height, const std::function<void(LightBlock&)>& change,
              bool sign_again) {
    LightBlock block = chain.at(height);
    change(block);
    if (sign_again) sign_block(block);
    return verifier.verify(chain.at(1), block, chain.now());
  }
};

BOOST_FIXTURE_TEST_SUITE(verification_test, Steps)

BOOST_AUTO_TEST_CASE(the_chains_own_headers_are_accepted_at_any_distance) {
  for (std::uint64_t from = 1; from < 10; ++from)
    for (std::uint64_t to = from + 1; to <= 10; ++to)
      WITAN_REQUIRE_OK(verifier.verify(chain.at(from), chain.at(to), chain.now()));
}

BOOST_AUTO_TEST_CASE(a_header_that_is_changed_after_signing_is_refused) {
  using Change = std::function<void(Header&)>;
  const std::vector<Change> changes{
      [](Header& h) { h.state_root.data[0] ^= 1; },
      [](Header& h) { h.module_roots[0].data[31] ^= 1; },
      [](Header& h) { h.tx_root.data[5] ^= 1; },
      [](Header& h) { h.time.ns += 1; },
      [](Header& h) { h.epoch += 1; },
      [](Header& h) { h.prev_commit_hash.data[0] ^= 1; },
      [](Header& h) { h.rules_version += 1; },
  };
  for (const Change& change : changes)
    for (const std::uint64_t height : {2, 5})
      WITAN_CHECK_ERROR(step(
                            height, [&](LightBlock& b) { change(b.header); }, false),
                        ErrorCode::invalid_block);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_although_everybody_signed_it) {
  struct Row {
    ErrorCode code;
    std::function<void(LightBlock&)> change;
  };
  const std::vector<Row> rows{
      {ErrorCode::wrong_chain, [](LightBlock& b) { b.header.chain_id.data[0] ^= 1; }},
      {ErrorCode::wrong_version, [](LightBlock& b) { b.header.version = 2; }},
      {ErrorCode::out_of_range, [&](LightBlock& b) { b.header.time = chain.at(1).header.time; }},
      {ErrorCode::out_of_range,
       [&](LightBlock& b) { b.header.time = chain.now() + Duration::from_s(10); }},
      {ErrorCode::bad_proof, [](LightBlock& b) { b.header.next_validators_hash.data[0] ^= 1; }},
      {ErrorCode::unknown_validator,
       [](LightBlock& b) { b.header.proposer = key_number(77).public_key(); }},
      {ErrorCode::missing, [](LightBlock& b) { b.next_validators = nullptr; }},
  };
  for (const Row& row : rows)
    for (const std::uint64_t height : {2, 5})
      WITAN_CHECK_ERROR(step(height, row.change, true), row.code);
}

BOOST_AUTO_TEST_CASE(p38_a_set_with_other_tiers_hours_or_power_does_not_match_its_hash) {
  for (int what = 0; what < 3; ++what) {
    const auto change = [&](LightBlock& block) {
      auto list = block.validators->all();
      if (what == 0) list[2].tier += 1;
      if (what == 1) list[2].timetoke_hours += 24;
      if (what == 2) list[2].power += 1;
      auto set = ValidatorSet::make(list);
      WITAN_REQUIRE_OK(set);
      block.validators = std::make_shared<const ValidatorSet>(std::move(*set));
    };
    WITAN_CHECK_ERROR(step(2, change, true), ErrorCode::bad_proof);
    WITAN_CHECK_ERROR(step(5, change, true), ErrorCode::bad_proof);
  }
}

BOOST_AUTO_TEST_CASE(a_next_set_that_the_header_does_not_announce_is_refused) {
  // The header says that the set stays: another one beside it would be trusted at the next step.
  const auto change = [](LightBlock& block) { block.next_validators = set_of(numbers(50, 4)); };
  WITAN_CHECK_ERROR(step(2, change, false), ErrorCode::bad_proof);
  WITAN_CHECK_ERROR(step(5, change, false), ErrorCode::bad_proof);
}

BOOST_AUTO_TEST_CASE(p44_two_thirds_with_one_false_signature_more_are_refused) {
  for (const std::uint64_t height : {2, 5}) {
    const auto change = [](LightBlock& b) { b.commit.signatures[3].signature.data[40] ^= 1; };
    WITAN_CHECK_ERROR(step(height, change, false), ErrorCode::bad_signature);
  }
}

BOOST_AUTO_TEST_CASE(two_thirds_are_not_enough_and_a_vote_more_is) {
  LightChain six(6, [set = set_of(numbers(0, 6))](std::uint64_t) { return set; });
  for (const std::uint64_t height : {2, 5}) {
    LightBlock block = six.at(height);
    sign_block(block, Round(0), [](ValidatorIndex i) { return i < 4; });
    WITAN_CHECK_ERROR(verifier.verify(six.at(1), block, six.now()), ErrorCode::insufficient_power);
    sign_block(block, Round(0), [](ValidatorIndex i) { return i < 5; });
    WITAN_REQUIRE_OK(verifier.verify(six.at(1), block, six.now()));
  }
}

BOOST_AUTO_TEST_CASE(the_adjacent_header_has_the_set_and_the_parent_that_were_announced) {
  const auto other_set = [](LightBlock& b) {
    b.validators = set_of({0, 1, 2, 9});
    b.header.validators_hash = validators_hash(*b.validators);
    b.header.proposer = b.validators->at(0).key;
  };
  WITAN_CHECK_ERROR(step(2, other_set, true), ErrorCode::bad_proof);
  WITAN_REQUIRE_OK(step(5, other_set, true));  // further on three of four may vouch for it
  const auto other_parent = [](LightBlock& b) { b.header.prev_block_id.data[0] ^= 1; };
  WITAN_CHECK_ERROR(step(2, other_parent, true), ErrorCode::bad_proof);
}

BOOST_AUTO_TEST_CASE(exactly_a_third_of_the_trusted_set_is_too_little) {
  // Six trusted; of the later set, 2 (a third) or 3 are of them.
  for (const std::size_t kept : {2U, 3U}) {
    const auto set_at = [kept](std::uint64_t h) {
      return h < 4 ? set_of(numbers(0, 6)) : set_of(numbers(6 - kept, 6));
    };
    LightChain moving(6, set_at);
    const Status status = verifier.verify(moving.at(1), moving.at(5), moving.now());
    BOOST_CHECK(verdict_of(status) == (kept == 2 ? Verdict::not_enough_trust : Verdict::success));
  }
}

BOOST_AUTO_TEST_CASE(the_trust_level_is_of_the_trusted_next_set_and_can_be_raised) {
  // The set changes between 1 and 2: what counts is the next set of height 1.
  const auto set_at = [](std::uint64_t h) {
    return h == 1 ? set_of(numbers(20, 4)) : set_of(numbers(0, 4));
  };
  LightChain moving(6, set_at);
  WITAN_REQUIRE_OK(verifier.verify(moving.at(1), moving.at(5), moving.now()));
  LightBlock block = chain.at(5);
  sign_block(block, Round(0), [](ValidatorIndex i) { return i < 3; });
  const auto at_level = [&](TrustLevel level) {
    TrustOptions options = hour();
    options.trust_level = level;
    return verdict_of(
        HeaderVerifier(test_chain_id, options).verify(chain.at(1), block, chain.now()));
  };
  BOOST_CHECK(at_level({2, 3}) == Verdict::success);
  BOOST_CHECK(at_level({3, 4}) == Verdict::not_enough_trust);
  BOOST_CHECK(at_level({1, 1}) == Verdict::not_enough_trust);
  sign_block(block);
  BOOST_CHECK(at_level({1, 1}) == Verdict::success);
}

BOOST_AUTO_TEST_CASE(signers_outside_the_set_and_repeated_ones_are_refused_before_power_is_summed) {
  const auto outside = [](LightBlock& b) { b.commit.signatures[3].validator = 4; };
  WITAN_CHECK_ERROR(step(5, outside, false), ErrorCode::unknown_validator);
  const auto far_outside = [](LightBlock& b) { b.commit.signatures[3].validator = 1U << 31U; };
  WITAN_CHECK_ERROR(step(5, far_outside, false), ErrorCode::unknown_validator);
  const auto repeated = [](LightBlock& b) { b.commit.signatures[3] = b.commit.signatures[2]; };
  WITAN_CHECK_ERROR(step(5, repeated, false), ErrorCode::malformed);
  const auto none = [](LightBlock& b) { b.commit.signatures.clear(); };
  WITAN_CHECK_ERROR(step(5, none, false), ErrorCode::missing);
  const auto prevotes = [](LightBlock& b) { b.commit.type = VoteType::prevote; };
  WITAN_CHECK_ERROR(step(5, prevotes, false), ErrorCode::unknown_type);
  const auto other_height = [](LightBlock& b) { b.commit.height = Height(6); };
  WITAN_CHECK_ERROR(step(5, other_height, false), ErrorCode::wrong_height);
}

BOOST_AUTO_TEST_CASE(the_trusting_period_ends_exactly_after_its_length) {
  const UnixTime end = chain.at(1).header.time + Duration::from_s(3600);
  WITAN_CHECK_ERROR(verifier.verify(chain.at(1), chain.at(2), end), ErrorCode::trust_expired);
  WITAN_REQUIRE_OK(verifier.verify(chain.at(1), chain.at(2), UnixTime{end.ns - 1}));
  BOOST_CHECK(!is_expired(UnixTime{INT64_MAX - 1}, Duration{2}, UnixTime{INT64_MAX}));
}

BOOST_AUTO_TEST_CASE(a_header_just_within_the_drift_is_accepted) {
  const UnixTime time = chain.at(5).header.time;
  const UnixTime now{time.ns - Duration::from_s(10).ns};
  WITAN_CHECK_ERROR(verifier.verify(chain.at(1), chain.at(5), now), ErrorCode::out_of_range);
  WITAN_REQUIRE_OK(verifier.verify(chain.at(1), chain.at(5), UnixTime{now.ns + 1}));
}

BOOST_AUTO_TEST_CASE(an_earlier_or_equal_height_never_follows) {
  WITAN_CHECK_ERROR(verifier.verify(chain.at(5), chain.at(5), chain.now()),
                    ErrorCode::wrong_height);
  WITAN_CHECK_ERROR(verifier.verify(chain.at(5), chain.at(3), chain.now()),
                    ErrorCode::wrong_height);
}

BOOST_AUTO_TEST_CASE(backwards_only_the_parent_is_accepted) {
  const Header& later = chain.at(5).header;
  WITAN_REQUIRE_OK(HeaderVerifier::check_backwards(later, chain.at(4).header));
  WITAN_CHECK_ERROR(HeaderVerifier::check_backwards(later, chain.at(3).header),
                    ErrorCode::wrong_height);
  Header other = chain.at(4).header;
  other.state_root.data[0] ^= 1;
  WITAN_CHECK_ERROR(HeaderVerifier::check_backwards(later, other), ErrorCode::bad_proof);
  Header child = later;
  child.time = chain.at(4).header.time;
  WITAN_CHECK_ERROR(HeaderVerifier::check_backwards(child, chain.at(4).header),
                    ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(trust_levels_below_a_third_or_above_one_are_refused) {
  for (const char* text : {"1/3", "2/3", "1/1", "334/1000"})
    BOOST_CHECK_MESSAGE(parse_trust_level(text).has_value(), text);
  for (const char* text :
       {"", "1", "1/", "/3", "0/1", "1/4", "333/1000", "4/3", "1/0", "-1/3", "1/3 "})
    WITAN_CHECK_ERROR(parse_trust_level(text), ErrorCode::usage);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::light
