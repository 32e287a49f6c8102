#include <nlohmann/json.hpp>
#include <set>

#include "crypto/sign_bytes.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/tools/process.hpp"
#include "tools/witan/home.hpp"

using namespace witan;
using namespace witan::cli;
using witan::test::Folder;
using witan::test::Outcome;
using witan::test::run_witan;

namespace {

HomeContents open_or_fail(const std::string& home) {
  auto contents = open_home(HomeFiles(home), {}, "");
  BOOST_REQUIRE_EQUAL(contents ? "" : contents.error().to_string(), "");
  return std::move(*contents);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(home_commands_test)

BOOST_AUTO_TEST_CASE(testnet_makes_homes_of_one_chain_that_know_each_other) {
  const Folder folder;
  const Outcome made = run_witan({"testnet", "--validators", "3", "--accounts", "2", "--output",
                                  folder / "net", "--chain-name", "abc", "--starting-p2p-port",
                                  "30000", "--starting-rpc-port", "31000", "--json"});
  BOOST_REQUIRE_MESSAGE(made.exit_code == 0, made.err);
  const nlohmann::json nodes = nlohmann::json::parse(made.out)["nodes"];
  std::set<Hash32> chains;
  std::set<NodeId> ids, known;
  for (int i = 0; i < 3; ++i) {
    const HomeContents home = open_or_fail(folder / ("net/node" + std::to_string(i)));
    BOOST_CHECK_EQUAL(home.genesis.chain_name, "abc");
    BOOST_CHECK_EQUAL(home.config.p2p.laddr.port, 30000 + i);
    BOOST_CHECK_EQUAL(home.config.rpc.laddr.port, 31000 + i);
    BOOST_CHECK_EQUAL(home.config.p2p.persistent_peers.size(), 2U);
    chains.insert(genesis_hash(home.genesis));
    ids.insert(home.node_key.node_id());
    for (const PeerAddress& peer : home.config.p2p.persistent_peers) known.insert(peer.id);
    BOOST_REQUIRE(home.consensus_key.has_value());
    BOOST_CHECK(home.genesis.validators[static_cast<std::size_t>(i)].key ==
                home.consensus_key->public_key());
    const nlohmann::json& told = nodes[static_cast<std::size_t>(i)];
    BOOST_CHECK_EQUAL(told["validatorKey"], to_hex(home.consensus_key->public_key()));
    BOOST_CHECK_EQUAL(told["nodeId"], to_hex(home.node_key.node_id()));
  }
  BOOST_CHECK_EQUAL(chains.size(), 1U);
  BOOST_CHECK_EQUAL(ids.size(), 3U);
  BOOST_CHECK(ids == known);
}

BOOST_AUTO_TEST_CASE(testnet_accounts_own_the_balances_of_the_genesis) {
  const Folder folder;
  BOOST_REQUIRE_EQUAL(run_witan({"testnet", "--validators", "1", "--accounts", "3",
                                 "--account-balance", "77", "--output", folder / "net"})
                          .exit_code,
                      0);
  const auto genesis = load_genesis(folder / "net/genesis.json");
  const auto keys = open_test_accounts(folder / "net/accounts");
  BOOST_REQUIRE(genesis.has_value() && keys.has_value());
  BOOST_REQUIRE_EQUAL(keys->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_CHECK(genesis->accounts[i].id == (*keys)[i].public_key());
    BOOST_CHECK_EQUAL(genesis->accounts[i].balance, 77U);
  }
}

BOOST_AUTO_TEST_CASE(a_new_home_has_the_sign_state_of_its_key_and_chain) {
  const Folder folder;
  BOOST_REQUIRE_EQUAL(run_witan({"init", "--home", folder / "h"}).exit_code, 0);
  const HomeContents home = open_or_fail(folder / "h");
  const auto bytes = read_whole(posix_file_system(), HomeFiles(folder / "h").layout.sign_state(),
                                sign_checkpoint_bytes_max);
  BOOST_REQUIRE(bytes.has_value());
  const auto state = decode_sign_checkpoint(*bytes);
  BOOST_REQUIRE(state.has_value());
  BOOST_CHECK(state->owner.chain_id == genesis_hash(home.genesis));
  BOOST_CHECK(state->owner.key == home.consensus_key->public_key());
  BOOST_CHECK(!state->wal_segment.has_value());
}

BOOST_AUTO_TEST_CASE(an_existing_node_or_network_is_not_overwritten) {
  const Folder folder;
  const std::vector<std::string> init{"init", "--home", folder / "h"};
  const std::vector<std::string> net{"testnet", "--validators", "2", "--output", folder / "net"};
  for (const auto& command : {init, net}) {
    BOOST_REQUIRE_EQUAL(run_witan(command).exit_code, 0);
    const Outcome again = run_witan(command);
    BOOST_CHECK_EQUAL(again.exit_code, 64);
    BOOST_CHECK_EQUAL(again.err.rfind("error: usage (", 0), 0U);
  }
  const auto before = load_genesis(folder / "net/genesis.json");
  auto overwrite = net;
  overwrite.emplace_back("--overwrite");
  BOOST_CHECK_EQUAL(run_witan(overwrite).exit_code, 0);
  const auto after = load_genesis(folder / "net/genesis.json");
  BOOST_REQUIRE(before.has_value() && after.has_value());
  BOOST_CHECK(genesis_hash(*before) != genesis_hash(*after));
  // A folder in use keeps its files.
  const auto lock = DataDir::open(folder / "net/node1", 0);
  BOOST_REQUIRE(lock.has_value());
  BOOST_CHECK_EQUAL(run_witan(overwrite).exit_code, 77);
  BOOST_CHECK(load_genesis(folder / "net/genesis.json") == after);
}

BOOST_AUTO_TEST_CASE(a_staging_chain_asks_for_a_pass_phrase) {
  const Folder folder;
  const std::vector<std::string> command{"init", "--profile", "staging",   "--accounts",
                                         "0",    "--home",    folder / "h"};
  const Outcome none = run_witan(command);
  BOOST_CHECK_EQUAL(none.exit_code, 64);
  BOOST_CHECK(none.err.find("WITAN_PASSPHRASE") != std::string::npos);
  BOOST_CHECK(!std::filesystem::exists(folder / "h"));
  const std::vector<std::string> secret{"WITAN_PASSPHRASE=correct horse"};
  BOOST_REQUIRE_EQUAL(run_witan(command, secret).exit_code, 0);
  test::write_text(folder / "right", "correct horse\n");
  test::write_text(folder / "wrong", "battery staple\n");
  const HomeFiles files(folder / "h");
  BOOST_CHECK(open_home(files, {}, folder / "right").has_value());
  const auto refused = open_home(files, {}, folder / "wrong");
  BOOST_REQUIRE(!refused.has_value());
  BOOST_CHECK(refused.error().code == ErrorCode::decrypt_failed);
}

BOOST_AUTO_TEST_CASE(wrong_plans_are_refused) {
  const Folder folder;
  const auto refused = [&](std::vector<std::string> more, int code) {
    std::vector<std::string> words{"testnet", "--output", folder / "net"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run_witan(words);
    BOOST_CHECK_EQUAL(outcome.exit_code, code);
    BOOST_CHECK_EQUAL(outcome.err.rfind("error: ", 0), 0U);
    BOOST_CHECK(!std::filesystem::exists(folder / "net"));
  };
  refused({"--validators", "0"}, 64);
  refused({"--validators", "101"}, 64);
  refused({"--validators", "four"}, 64);
  refused({"--starting-p2p-port", "65535"}, 64);
  refused({"--starting-p2p-port", "26656"}, 64);  // overlaps the rpc ports
  refused({"--profile", "life"}, 64);
  refused({"--chain-name", "No Capitals"}, 66);
  refused({"--no-such-option"}, 64);
}

BOOST_AUTO_TEST_SUITE_END()
