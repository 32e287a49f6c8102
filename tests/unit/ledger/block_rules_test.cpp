#include "actors/ledger/core/block_rules.hpp"

#include "actors/ledger/core/account.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "crypto/sign_bytes.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/ledger/ledger_model.hpp"

using namespace witan;
using namespace witan::ledger;
using namespace witan::test;

namespace {

struct Fixture {
  Header header;
  ExpectedHeader expected;
  Fixture() {
    header.chain_id = expected.chain_id = numbered<Hash32>(1);
    header.height = expected.height = Height(7);
    header.origin_round = Round(0);
    expected.prev_time = UnixTime{1000};
    header.time = UnixTime{1001};
    header.prev_block_id = expected.prev_block_id = numbered<Hash32>(2);
    header.proposer = expected.proposer = numbered<PublicKey>(3);
    header.validators_hash = expected.validators_hash = numbered<Hash32>(4);
    header.next_validators_hash = expected.next_validators_hash = numbered<Hash32>(5);
    header.tx_root = tx_root({});
    header.evidence_root = evidence_root({});
  }
};

template <class Bend>
std::string broken_field(Bend bend) {
  Fixture f;
  bend(f.header);
  const auto status = check_header(f.header, f.expected);
  if (status) return "accepted";
  BOOST_CHECK_EQUAL(status.error().code, ErrorCode::invalid_block);
  return status.error().field;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(block_rules)

BOOST_AUTO_TEST_CASE(every_broken_header_field_is_named) {
  BOOST_CHECK_EQUAL(broken_field([](Header&) {}), "accepted");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.version = 9; }), "header.version");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.chain_id = {}; }), "header.chain_id");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { ++h.height; }), "header.height");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.origin_round = {}; }), "header.origin_round");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.time.ns = 1000; }), "header.time");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.epoch = 1; }), "header.epoch");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.proposer = {}; }), "header.proposer");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.prev_block_id = {}; }), "header.prev_block_id");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.validators_hash = {}; }),
                    "header.validators_hash");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.next_validators_hash = {}; }),
                    "header.next_validators_hash");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.cfg_version = 1; }), "header.cfg_version");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.rules_version = 1; }), "header.rules_version");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.vrf_entropy = numbered<Hash32>(1); }),
                    "header.vrf_entropy");
  BOOST_CHECK_EQUAL(broken_field([](Header& h) { h.proof_root = numbered<Hash32>(1); }),
                    "header.proof_root");
}

BOOST_AUTO_TEST_CASE(lists_and_state_must_match_their_roots) {
  Fixture f;
  const std::vector<Hash32> ids{numbered<Hash32>(1), numbered<Hash32>(2)};
  BlockLists lists{ids, {}, {}, 100, 100};
  f.header.tx_root = tx_root(ids);
  BOOST_CHECK(check_lists(f.header, lists).has_value());
  lists.tx_bytes = 101;
  BOOST_CHECK_EQUAL(check_lists(f.header, lists).error().field, "block.txs");
  lists.tx_bytes = 100;
  lists.last_commit_hash = numbered<Hash32>(1);
  BOOST_CHECK_EQUAL(check_lists(f.header, lists).error().field, "header.prev_commit_hash");
  lists.last_commit_hash = {};
  lists.tx_ids = std::span<const Hash32>(ids).first(1);
  BOOST_CHECK_EQUAL(check_lists(f.header, lists).error().field, "header.tx_root");
  lists.tx_ids = ids;
  lists.evidence_hashes = ids;
  BOOST_CHECK_EQUAL(check_lists(f.header, lists).error().field, "header.evidence_root");

  ModuleRoots roots{};
  f.header.module_roots[4] = numbered<Hash32>(1);
  BOOST_CHECK_EQUAL(check_state(f.header, roots).error().field, "header.module_roots.validators");
  roots[4] = numbered<Hash32>(1);
  BOOST_CHECK_EQUAL(check_state(f.header, roots).error().field, "header.state_root");
  f.header.state_root = state_root(roots);
  BOOST_CHECK(check_state(f.header, roots).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(genesis_state_test)

namespace {
GenesisValidator validator(std::uint64_t n, std::uint64_t stake, std::uint32_t score,
                           std::uint64_t hours) {
  GenesisValidator v;
  v.key = numbered<PublicKey>(n);
  v.stake = stake;
  v.score_milli = score;
  v.tier = 4;
  v.timetoke_hours = hours;
  return v;
}
}  // namespace

BOOST_AUTO_TEST_CASE(power_follows_the_formula_without_a_shift_while_it_fits) {
  Genesis g;
  g.validators = {validator(1, 1000, 500, 10), validator(2, 1, 0, 5000)};
  const auto set = validator_set_of(g);
  WITAN_REQUIRE_OK(set);
  BOOST_CHECK_EQUAL(set->at(0).power, 1000U * 1500U * 11U);
  BOOST_CHECK_EQUAL(set->at(1).power, 1000U * 721U);
}

BOOST_AUTO_TEST_CASE(large_powers_share_one_shift) {
  Genesis g;
  g.validators = {validator(1, UINT64_MAX, 1000, 720), validator(2, UINT64_MAX / 2, 1000, 720)};
  const auto set = validator_set_of(g);
  WITAN_REQUIRE_OK(set);
  BOOST_CHECK_LE(set->power_total(), power_total_max);
  BOOST_CHECK_GT(set->power_total(), power_total_max / 2);
  BOOST_CHECK_EQUAL(set->at(0).power / 2, set->at(1).power);
  g.validators.push_back(validator(3, 1, 0, 0));
  WITAN_CHECK_ERROR(validator_set_of(g), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_CASE(genesis_state_holds_every_account_and_validator) {
  Genesis g;
  g.validators = {validator(1, 1000, 500, 10)};
  g.accounts = {{numbered<AccountId>(5), 70}, {numbered<AccountId>(6), 30}};
  const auto writes = genesis_state(g);
  WITAN_REQUIRE_OK(writes);
  BOOST_REQUIRE_EQUAL(writes->size(), 3U);
  BOOST_CHECK((decode_account(*writes->at(0).value).value() == Account{70, 0}));
  const auto record = decode_validator(*writes->at(2).value);
  WITAN_REQUIRE_OK(record);
  BOOST_CHECK(writes->at(2).module == Module::validators);
  BOOST_CHECK_EQUAL(record->power, 1000U * 1500U * 11U);
  g.accounts.push_back(g.accounts[0]);
  WITAN_CHECK_ERROR(genesis_state(g), ErrorCode::duplicate);
  g.accounts.back() = {numbered<AccountId>(7), UINT64_MAX - 10};
  WITAN_CHECK_ERROR(genesis_state(g), ErrorCode::out_of_range);
}

BOOST_AUTO_TEST_SUITE_END()
