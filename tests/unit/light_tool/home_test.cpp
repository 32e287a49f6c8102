// The light client's folder: what it trusts survives, damage is noticed, evidence can be read by
// others.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "messages/base/hex.hpp"
#include "tests/unit/light/light_chain.hpp"
#include "tools/light/light_home.hpp"

namespace witan::light {
namespace {

struct Folder {
  FilePath path =
      std::filesystem::temp_directory_path() / ("witan-light-home-" + std::to_string(getpid()));
  ~Folder() { std::filesystem::remove_all(path); }
};

BOOST_FIXTURE_TEST_SUITE(home_test, Folder)

BOOST_AUTO_TEST_CASE(what_was_saved_is_loaded_and_the_folder_is_locked) {
  const LightChain chain(3);
  TrustedStore store(test_chain_id);
  store.add(chain.at(2));
  {
    auto home = LightHome::open(path);
    WITAN_REQUIRE_OK(home);
    const auto nothing = home->load();
    WITAN_REQUIRE_OK(nothing);
    BOOST_CHECK(!nothing->has_value());
    WITAN_REQUIRE_OK(home->save(store));
    WITAN_CHECK_ERROR(LightHome::open(path), ErrorCode::locked);
  }
  auto home = LightHome::open(path);
  WITAN_REQUIRE_OK(home);
  const auto loaded = home->load();
  WITAN_REQUIRE_OK(loaded);
  BOOST_REQUIRE(loaded->has_value());
  BOOST_CHECK((*loaded)->highest()->id() == chain.at(2).id());
}

BOOST_AUTO_TEST_CASE(a_damaged_store_is_refused_by_the_name_of_its_file) {
  auto home = LightHome::open(path);
  WITAN_REQUIRE_OK(home);
  TrustedStore store(test_chain_id);
  WITAN_REQUIRE_OK(home->save(store));
  auto file = posix_file_system().open(path / "light_store", OpenMode::read_write);
  WITAN_REQUIRE_OK(file);
  WITAN_REQUIRE_OK((*file)->write_at(9, Bytes{0x77}));
  const auto loaded = home->load();
  WITAN_CHECK_ERROR(loaded, ErrorCode::corrupt);
  BOOST_CHECK_EQUAL(loaded.error().field, (path / "light_store").string());
}

BOOST_AUTO_TEST_CASE(the_evidence_file_holds_both_sides_and_bytes_that_can_be_judged) {
  const LightChain chain(4);
  LightChain fork = chain.fork(2, "fork");
  while (fork.tip() < 4) fork.append();
  FixedClock clock;
  clock.time = chain.now();
  ClientOptions options;
  options.sequential = true;
  Client client = client_of(chain, witnesses_of({&fork}), clock, options);
  WITAN_CHECK_ERROR(client.verify_at(Height(4)), ErrorCode::conflicting_header);
  BOOST_REQUIRE(client.attack());
  auto home = LightHome::open(path);
  WITAN_REQUIRE_OK(home);
  const auto file = home->save_attack(*client.attack(), clock.time);
  WITAN_REQUIRE_OK(file);
  BOOST_CHECK_EQUAL(file->filename().string(), "attack-3.json");
  const auto bytes = read_whole(posix_file_system(), *file, 1 << 20);
  WITAN_REQUIRE_OK(bytes);
  const auto json = nlohmann::json::parse(as_text(*bytes));
  BOOST_CHECK_EQUAL(json["commonId"], to_hex(chain.at(2).id()));
  BOOST_CHECK_EQUAL(json["againstPrimary"]["id"], to_hex(chain.at(3).id()));
  BOOST_CHECK_EQUAL(json["againstWitness"]["id"], to_hex(fork.at(3).id()));
  BOOST_CHECK_EQUAL(json["againstPrimary"]["kind"], "equivocation");
  BOOST_CHECK_EQUAL(json["againstPrimary"]["accused"].size(), 4U);
  const auto raw = from_hex(json["againstWitness"]["evidence"].get<std::string>());
  WITAN_REQUIRE_OK(raw);
  const auto evidence = decode_attack(*raw);
  WITAN_REQUIRE_OK(evidence);
  HeaderVerifier verifier(test_chain_id, {});
  WITAN_REQUIRE_OK(judge_attack(verifier, *evidence, chain.at(2), chain.at(3)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::light
