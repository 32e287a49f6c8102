// genesis.json: what is written is read, and every departure is refused by name.
#include "config/genesis.hpp"

#include <nlohmann/json.hpp>

#include "crypto/sign_bytes.hpp"
#include "tests/support/property.hpp"

using namespace witan;
using Json = nlohmann::ordered_json;

namespace {

SecretKey key_of(std::uint8_t n) {
  Bytes secret(32, 0);
  secret[31] = n;
  return *SecretKey::from_bytes(secret);
}

Genesis sample(std::uint8_t validators = 2) {
  Genesis g;
  g.chain_name = "test-net";
  g.type = ChainType::staging;
  g.time = UnixTime{1'767'323'045'678'000'000};
  for (std::uint8_t i = 1; i <= validators; ++i) {
    const SecretKey key = key_of(i);
    g.validators.push_back({.name = "v" + std::to_string(i),
                            .key = key.public_key(),
                            .proof_of_possession = prove_possession(key),
                            .stake = 1'000,
                            .score_milli = 900,
                            .tier = 4,
                            .timetoke_hours = 100,
                            .consensus_success = 5});
  }
  g.accounts.push_back({key_of(101).public_key(), 5'000});
  g.accounts.push_back({key_of(102).public_key(), 0});
  return g;
}

using Edit = std::function<void(Json&)>;
struct Mistake {
  std::string name;
  Edit edit;
  std::string field;
  std::string says;
};

void check_mistakes(const std::vector<Mistake>& mistakes) {
  const Json good = Json::parse(write_genesis(sample()));
  for (const Mistake& mistake : mistakes) {
    BOOST_TEST_CONTEXT(mistake.name) {
      Json bad = good;
      mistake.edit(bad);
      const auto genesis = parse_genesis(bad.dump());
      BOOST_CHECK(!genesis);
      if (genesis) continue;
      BOOST_CHECK_EQUAL(genesis.error().code, ErrorCode::genesis);
      BOOST_CHECK_EQUAL(genesis.error().field, mistake.field);
      BOOST_CHECK_MESSAGE(genesis.error().text.find(mistake.says) != std::string::npos,
                          genesis.error().text << " does not say " << mistake.says);
    }
  }
}

// Sets json[pointer] = value.
Mistake wrong(const std::string& pointer, const Json& value, const std::string& field,
              const std::string& says) {
  return {pointer + " = " + value.dump().substr(0, 40),
          [=](Json& json) { json[Json::json_pointer(pointer)] = value; }, field, says};
}
Mistake without(const std::string& parent, const std::string& name, const std::string& field) {
  return {"no " + field, [=](Json& json) { json[Json::json_pointer(parent)].erase(name); }, field,
          "is missing"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(genesis_test)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const Genesis g = sample();
  const auto again = parse_genesis(write_genesis(g));
  WITAN_REQUIRE_OK(again);
  BOOST_CHECK(*again == g);
  BOOST_CHECK_EQUAL(genesis_hash(*again), genesis_hash(g));
  BOOST_CHECK_EQUAL(write_genesis(*again), write_genesis(g));
}

BOOST_AUTO_TEST_CASE(optional_parts_have_defaults) {
  Json json = Json::parse(write_genesis(sample()));
  for (const char* name : {"params", "initial_height", "accounts"}) json.erase(name);
  for (const char* name : {"score_milli", "timetoke_hours", "consensus_success"}) {
    json["validators"][0].erase(name);
  }
  const auto g = parse_genesis(json.dump());
  WITAN_REQUIRE_OK(g);
  BOOST_CHECK(g->params == GenesisParams{});
  BOOST_CHECK_EQUAL(g->initial_height, Height{1});
  BOOST_CHECK(g->accounts.empty());
  BOOST_CHECK_EQUAL(g->validators[0].score_milli, 0U);
}

BOOST_AUTO_TEST_CASE(amounts_are_numbers_or_strings_and_keys_hex_or_addresses) {
  const Genesis good = sample();
  Json json = Json::parse(write_genesis(good));
  const AccountId id = key_of(101).public_key();
  json["accounts"][0]["address"] = to_hex(id);
  json["accounts"][0]["balance"] = 5000;
  json["validators"][0]["key"] = to_address(key_of(1).public_key());
  const auto g = parse_genesis(json.dump());
  WITAN_REQUIRE_OK(g);
  BOOST_CHECK(*g == good);
}

BOOST_AUTO_TEST_CASE(mistakes_at_the_top_are_named) {
  check_mistakes({
      wrong("/chain_nam", "x", "chain_nam", "did you mean \"chain_name\"?"),
      wrong("/chain_name", "Upper", "chain_name", "a-z"),
      wrong("/chain_name", "", "chain_name", "1 to 50"),
      wrong("/chain_name", std::string(51, 'a'), "chain_name", "1 to 50"),
      wrong("/chain_name", 5, "chain_name", "expected text, got number"),
      wrong("/type", "mainnet", "type", "development, staging or live"),
      wrong("/time", "yesterday", "time", "expected a time like"),
      wrong("/initial_height", 0, "initial_height", "1..4611686018427387904"),
      wrong("/initial_height", -1, "initial_height", "expected a whole number"),
      wrong("/initial_height", 1.0, "initial_height", "expected a whole number"),
      wrong("/initial_height", "0x10", "initial_height", "expected a whole number"),
      wrong("/params", Json::array(), "params", "expected an object, got array"),
      wrong("/params/block_time", 1, "params.block_time", "did you mean \"block_time_ms\"?"),
      wrong("/params/block_bytes_max", 3'000'000, "params.block_bytes_max", "131072..2097152"),
      wrong("/params/timeout_vote_ms", 0, "params.timeout_vote_ms", "1..3600000"),
      wrong("/params/timeout_max_ms", 10, "params.timeout_max_ms", "below timeout_propose_ms"),
      wrong("/params/fee_min", "18446744073709551616", "params.fee_min", "whole number 0.."),
      without("", "chain_name", "chain_name"),
      without("", "type", "type"),
      without("", "time", "time"),
      without("", "validators", "validators"),
  });
}

BOOST_AUTO_TEST_CASE(mistakes_in_lists_are_named) {
  const std::string other_key = to_hex(key_of(9).public_key());
  const std::string first_key = to_hex(key_of(1).public_key());
  const std::string first_proof = to_hex(prove_possession(key_of(1)));
  check_mistakes({
      wrong("/validators", Json::array(), "validators", "is empty"),
      wrong("/validators", 3, "validators", "expected a list"),
      wrong("/validators/1", 3, "validators[1]", "expected an object"),
      wrong("/validators/1/power", 3, "validators[1].power", "unknown key"),
      wrong("/validators/1/name", "", "validators[1].name", "printable"),
      wrong("/validators/1/name", "a\nb", "validators[1].name", "printable"),
      wrong("/validators/1/name", "v1", "validators[1].name", "given twice"),
      wrong("/validators/1/stake", 0, "validators[1].stake", "1..18446744073709551615"),
      wrong("/validators/1/stake", "18446744073709551615", "validators[1].stake",
            "exceeds 64 bits"),
      wrong("/validators/1/score_milli", 1001, "validators[1].score_milli", "0..1000"),
      wrong("/validators/1/tier", 2, "validators[1].tier", "3..5"),
      wrong("/validators/1/tier", 6, "validators[1].tier", "3..5"),
      wrong("/validators/1/key", "00", "validators[1].key", "32 bytes"),
      wrong("/validators/1/key", "wit1qqqq", "validators[1].key", ""),
      wrong("/validators/1/key", std::string(64, 'f'), "validators[1].key",
            "not a key on the curve"),
      wrong("/validators/1/key", other_key, "validators[1].proof_of_possession", "does not verify"),
      wrong("/validators/1/proof_of_possession", first_proof, "validators[1].proof_of_possession",
            "does not verify"),
      wrong("/validators/1/proof_of_possession", "zz", "validators[1].proof_of_possession", ""),
      {"a validator twice",
       [](Json& json) {
         json["validators"][1] = json["validators"][0];
         json["validators"][1]["name"] = "other";
       },
       "validators[1].key", "given twice"},
      wrong("/accounts/1/address", "x", "accounts[1].address", ""),
      wrong("/accounts/1/balance", -5, "accounts[1].balance", "expected a whole number"),
      wrong("/accounts/1/balance", "18446744073709551615", "accounts[1].balance",
            "exceeds 64 bits"),
      wrong("/accounts/1/memo", "x", "accounts[1].memo", "unknown key"),
      {"an account twice", [](Json& json) { json["accounts"][1] = json["accounts"][0]; },
       "accounts[1].address", "given twice"},
      without("/validators/0", "stake", "validators[0].stake"),
      without("/validators/0", "tier", "validators[0].tier"),
      without("/validators/0", "proof_of_possession", "validators[0].proof_of_possession"),
      without("/accounts/0", "balance", "accounts[0].balance"),
  });
}

BOOST_AUTO_TEST_CASE(bad_json_names_line_and_column) {
  const auto syntax = parse_genesis("{\n  \"chain_name\": oops\n}");
  BOOST_REQUIRE(!syntax);
  BOOST_CHECK_EQUAL(syntax.error().field, "2:17");
  BOOST_CHECK_EQUAL(syntax.error().code, ErrorCode::genesis);
  const auto twice = parse_genesis("{\"chain_name\": \"a\", \"chain_name\": \"b\"}");
  BOOST_REQUIRE(!twice);
  BOOST_CHECK(twice.error().text.find("\"chain_name\" is given twice") != std::string::npos);
  const auto deep = parse_genesis(std::string(100'000, '[') + std::string(100'000, ']'));
  BOOST_REQUIRE(!deep);
  BOOST_CHECK(deep.error().text.find("nested deeper") != std::string::npos);
  WITAN_CHECK_ERROR(parse_genesis(""), ErrorCode::genesis);
  WITAN_CHECK_ERROR(parse_genesis("[]"), ErrorCode::genesis);
  WITAN_CHECK_ERROR(parse_genesis(std::string(genesis_bytes_max + 1, ' ')), ErrorCode::genesis);
}

BOOST_AUTO_TEST_CASE(a_genesis_made_in_code_is_checked_by_the_same_rules) {
  BOOST_CHECK(check_genesis(sample()));
  Genesis g = sample();
  g.params.timeout_vote = Duration::from_us(1'500);
  WITAN_CHECK_ERROR(check_genesis(g), ErrorCode::genesis);
  g = sample();
  g.type = static_cast<ChainType>(7);
  WITAN_CHECK_ERROR(check_genesis(g), ErrorCode::genesis);
  g = sample();
  g.time = UnixTime{-1};
  WITAN_CHECK_ERROR(check_genesis(g), ErrorCode::genesis);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_an_error) {
  const auto absent = load_genesis("/nonexistent/genesis.json");
  BOOST_REQUIRE(!absent);
  BOOST_CHECK_EQUAL(absent.error().code, ErrorCode::genesis);
  BOOST_CHECK_EQUAL(absent.error().field, "/nonexistent/genesis.json");
}

WITAN_PROPERTY(every_accepted_genesis_survives_the_round_trip, [] {
  const auto ms = [](std::int64_t min) {
    return Duration::from_ms(*rc::gen::inRange<std::int64_t>(min, 3'000));
  };
  Genesis g = sample(*rc::gen::inRange<std::uint8_t>(1, 6));
  g.type = static_cast<ChainType>(*rc::gen::inRange(0, 3));
  g.time = UnixTime{*rc::gen::inRange<std::int64_t>(0, 9'000'000'000'000'000'000)};
  g.initial_height = Height{*rc::gen::inRange<std::uint64_t>(1, (std::uint64_t{1} << 62) + 1)};
  g.params = {.block_bytes_max = *rc::gen::inRange<std::uint32_t>(131'072, 2'097'153),
              .fee_min = *rc::gen::arbitrary<std::uint64_t>(),
              .timeout_propose = ms(1),
              .timeout_propose_delta = ms(0),
              .timeout_vote = ms(1),
              .timeout_vote_delta = ms(0),
              .timeout_max = Duration::from_s(10),
              .block_time = ms(0),
              .precision = ms(1),
              .message_delay = ms(1)};
  for (GenesisValidator& v : g.validators) {
    v.stake = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 60);
    v.tier = *rc::gen::inRange<std::uint8_t>(3, 6);
    v.timetoke_hours = *rc::gen::arbitrary<std::uint64_t>();
  }
  const auto again = parse_genesis(write_genesis(g));
  if (!again) RC_FAIL(again.error().to_string());
  RC_ASSERT(*again == g);
});

BOOST_AUTO_TEST_SUITE_END()
