#include <nlohmann/json.hpp>

#include "actors/consensus/log_records.hpp"
#include "storage/wal.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/tools/process.hpp"
#include "tools/witan/home.hpp"

using namespace witan;
using namespace witan::cli;
using witan::test::Folder;
using witan::test::Outcome;
using witan::test::run_witan;
using Json = nlohmann::json;

namespace {

Json json_of(const Outcome& outcome) {
  BOOST_REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.err);
  Json out = Json::parse(outcome.out, nullptr, false);
  BOOST_REQUIRE_MESSAGE(!out.is_discarded(), outcome.out);
  return out;
}

// A log with a vote and a timeout of heights 1..3.
void write_log(const std::string& folder) {
  WalOptions options;
  options.folder = folder;
  options.chain_id = "chain";
  options.salt = 7;
  options.segment_bytes = 64 * 1024;
  auto wal = WalWriter::open(posix_file_system(), options);
  BOOST_REQUIRE(wal.has_value());
  for (std::uint64_t h = 1; h <= 3; ++h) {
    SignedVote vote;
    vote.vote.height = Height(h);
    vote.vote.round = Round(2);
    vote.vote.validator = 5;
    const Bytes encoded = consensus::encode_record(vote);
    const Bytes timeout =
        consensus::encode_record(consensus::TimeoutRecord{Step::prevote, Round(2)});
    const auto append = [&](consensus::RecordKind kind, const Bytes& payload) {
      BOOST_REQUIRE(
          (*wal)->append(static_cast<std::uint8_t>(kind), Height(h), payload).has_value());
    };
    append(consensus::RecordKind::vote, encoded);
    append(consensus::RecordKind::timeout, timeout);
    BOOST_REQUIRE((*wal)->sync().has_value());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commands_test)

BOOST_AUTO_TEST_CASE(every_command_has_help_with_an_example) {
  const std::vector<std::vector<std::string>> commands{{"init"},
                                                       {"testnet"},
                                                       {"start"},
                                                       {"status"},
                                                       {"block"},
                                                       {"account"},
                                                       {"validators"},
                                                       {"peers"},
                                                       {"tree"},
                                                       {"consensus"},
                                                       {"tx", "transfer"},
                                                       {"tx", "opaque"},
                                                       {"tx", "show"},
                                                       {"keys", "new"},
                                                       {"keys", "show"},
                                                       {"keys", "import"},
                                                       {"keys", "export"},
                                                       {"keys", "prove"},
                                                       {"wal", "verify"},
                                                       {"wal", "dump"},
                                                       {"wal", "repair"},
                                                       {"rollback"},
                                                       {"quarantine", "list"},
                                                       {"quarantine", "show"},
                                                       {"quarantine", "drop"},
                                                       {"quarantine", "replay"},
                                                       {"signer", "show"},
                                                       {"signer", "init"},
                                                       {"signer", "set-min"},
                                                       {"signer", "adopt"},
                                                       {"genesis", "show"},
                                                       {"genesis", "verify"},
                                                       {"config", "check"},
                                                       {"config", "show"},
                                                       {"config", "explain"},
                                                       {"version"},
                                                       {"load"}};
  for (std::vector<std::string> words : commands) {
    words.emplace_back("--help");
    const Outcome help = run_witan(words);
    BOOST_CHECK_EQUAL(help.exit_code, 0);
    BOOST_CHECK_MESSAGE(help.out.find("Example:\n  witan " + words[0]) != std::string::npos,
                        words[0] + " " + words[1]);
  }
}

BOOST_AUTO_TEST_CASE(errors_have_their_form_and_their_exit_code) {
  const Folder folder;
  const auto check = [](const std::vector<std::string>& words, int code, const std::string& begin) {
    const Outcome outcome = run_witan(words);
    BOOST_CHECK_EQUAL(outcome.exit_code, code);
    BOOST_CHECK_EQUAL(outcome.err.substr(0, begin.size()), begin);
    BOOST_CHECK_EQUAL(outcome.out, "");
  };
  check({"frobnicate"}, 64, "error: usage (frobnicate)");
  check({"status", "--node", "ftp://a"}, 64, "error: usage (--node)");
  check({"status", "--node", "http://127.0.0.1:1"}, 1, "error: network (http://127.0.0.1:1)");
  check({"block", "zz"}, 64, "error: usage (BLOCK)");
  check({"account", "../status"}, 64, "error: usage (ADDRESS)");
  check({"start", "--home", folder / "none"}, 65, "error: config (");
  check({"genesis", "show", "--file", folder / "none"}, 66, "error: genesis (");
  check({"wal", "verify", "--home", folder / "none"}, 71, "error: not_found (");
  check({"wal", "repair", "--home", folder / "none"}, 71, "error: not_found (");
  check({"rollback", "--home", folder / "none"}, 71, "error: not_found (");
  check({"quarantine", "list", "--home", folder / "none"}, 71, "error: not_found (");
  check({"signer", "init", "--height", "5"}, 64, "error: usage (--i-know)");
  check({"config", "explain", "p2p.ladr"}, 65, "error: config (p2p.ladr)");
}

BOOST_AUTO_TEST_CASE(start_refuses_a_wrong_flag_value_and_a_wrong_file) {
  const Folder folder;
  const std::string home = folder / "h";
  BOOST_REQUIRE_EQUAL(run_witan({"init", "--home", home}).exit_code, 0);
  const Outcome flag = run_witan({"start", "--home", home, "--p2p.laddr", "nowhere"});
  BOOST_CHECK_EQUAL(flag.exit_code, 65);
  BOOST_CHECK(flag.err.find("flag --p2p.laddr") != std::string::npos);
  test::write_text(home + "/config/genesis.json", "{}");
  BOOST_CHECK_EQUAL(run_witan({"start", "--home", home}).exit_code, 66);
}

BOOST_AUTO_TEST_CASE(keys_survive_export_and_import_with_and_without_pass_phrase) {
  const Folder folder;
  const std::vector<std::string> secret{"WITAN_PASSPHRASE=open sesame"};
  const Json made =
      json_of(run_witan({"keys", "new", folder / "a", "--role", "node", "--json"}, secret));
  BOOST_CHECK_EQUAL(made["protection"], "pass-phrase");
  BOOST_CHECK_EQUAL(
      run_witan({"keys", "export", folder / "a", "--unsafe"}, {"WITAN_PASSPHRASE=wrong"}).exit_code,
      65);
  BOOST_CHECK_EQUAL(run_witan({"keys", "export", folder / "a"}, secret).exit_code, 64);
  const Outcome hex = run_witan({"keys", "export", folder / "a", "--unsafe"}, secret);
  BOOST_REQUIRE_EQUAL(hex.out.size(), 65U);
  const Json back = json_of(run_witan(
      {"keys", "import", folder / "b", "--role", "node", "--plain", "--json"}, {}, hex.out));
  BOOST_CHECK_EQUAL(back["publicKey"], made["publicKey"]);
  BOOST_CHECK_EQUAL(back["nodeId"], made["nodeId"]);
  const Json shown = json_of(run_witan({"keys", "show", folder / "b", "--json"}));
  BOOST_CHECK_EQUAL(shown["nodeId"], made["nodeId"]);
  BOOST_CHECK_EQUAL(run_witan({"keys", "new", folder / "b", "--plain"}).exit_code, 64);
  BOOST_CHECK_EQUAL(run_witan({"keys", "import", folder / "c", "--plain"}, {}, "abc\n").exit_code,
                    64);
}

BOOST_AUTO_TEST_CASE(wal_commands_read_a_real_log_and_report_damage) {
  const Folder folder;
  const std::string log = folder / "wal";
  write_log(log);
  const Json report = json_of(run_witan({"wal", "verify", "--wal", log, "--json"}));
  BOOST_CHECK_EQUAL(report["records"], 6);
  BOOST_CHECK_EQUAL(report["recordsByKind"]["vote"], 3);
  BOOST_CHECK_EQUAL(report["heightMax"], 3);
  const Outcome dump = run_witan({"wal", "dump", "--wal", log, "--json", "--from", "3"});
  const Json first = Json::parse(dump.out.substr(0, dump.out.find('\n')), nullptr, false);
  BOOST_REQUIRE(first.is_object());
  BOOST_CHECK_EQUAL(first["kind"], "vote");
  BOOST_CHECK_EQUAL(first["height"], 3);
  BOOST_CHECK_EQUAL(first["fields"]["round"], "2");
  BOOST_CHECK_EQUAL(first["fields"]["validator"], "5");
  BOOST_CHECK_EQUAL(std::count(dump.out.begin(), dump.out.end(), '\n'), 2);
  // The first record again, one bit of its payload flipped.
  const std::string segment = log + "/00000001.wal";
  std::string bytes = test::read_text(segment);
  bytes[512 + 40] = static_cast<char>(bytes[512 + 40] ^ 1);
  test::write_text(segment, bytes);
  const Outcome damaged = run_witan({"wal", "verify", "--wal", log});
  BOOST_CHECK_EQUAL(damaged.exit_code, 73);
  BOOST_CHECK(damaged.out.find("DAMAGED") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_sign_state_only_ever_refuses_more) {
  const Folder folder;
  const std::string home = folder / "h";
  BOOST_REQUIRE_EQUAL(run_witan({"init", "--home", home}).exit_code, 0);
  const Json before = json_of(run_witan({"signer", "show", "--home", home, "--json"}));
  const Json raised =
      json_of(run_witan({"signer", "set-min", "--home", home, "--height", "9", "--json"}));
  BOOST_CHECK_EQUAL(raised["refusedToHeight"], "8");
  BOOST_CHECK_EQUAL(run_witan({"signer", "set-min", "--home", home, "--height", "5"}).exit_code,
                    72);
  BOOST_CHECK_EQUAL(run_witan({"signer", "adopt", "--home", home}).exit_code, 64);
  const Json adopted = json_of(run_witan(
      {"signer", "adopt", "--other-stopped", "--height", "10", "--home", home, "--json"}));
  BOOST_CHECK_EQUAL(adopted["refusedToHeight"], "9");
  BOOST_CHECK_EQUAL(before["place"], "none");
  BOOST_CHECK_NE(adopted["place"], "none");
  BOOST_CHECK_NE(adopted["number"], raised["number"]);
  write_log(home + "/data/wal");
  const Json fresh = json_of(
      run_witan({"signer", "init", "--i-know", "--home", home, "--height", "20", "--json"}));
  BOOST_CHECK_EQUAL(fresh["refusedToHeight"], "19");
  BOOST_CHECK_EQUAL(fresh["instance"], before["instance"]);
  BOOST_CHECK(!std::filesystem::exists(home + "/data/wal"));
  BOOST_CHECK(std::filesystem::exists(home + "/data/wal.aside-1/00000001.wal"));
}

BOOST_AUTO_TEST_CASE(config_and_version_print_what_they_know) {
  const Folder folder;
  const std::string home = folder / "h";
  BOOST_REQUIRE_EQUAL(run_witan({"init", "--home", home, "--moniker", "zed"}).exit_code, 0);
  const Json config =
      json_of(run_witan({"config", "show", "--home", home, "--json"}, {"WITAN_LOG_LEVEL=warn"}));
  BOOST_CHECK_EQUAL(config["moniker"]["value"], "zed");
  BOOST_CHECK_EQUAL(config["log.level"]["value"], "warn");
  BOOST_CHECK_EQUAL(config["log.level"]["from"], "environment WITAN_LOG_LEVEL");
  BOOST_CHECK_EQUAL(json_of(run_witan({"genesis", "verify", "--home", home, "--json"}))["valid"],
                    true);
  BOOST_CHECK(json_of(run_witan({"version", "--json"})).contains("commit"));
}

BOOST_AUTO_TEST_SUITE_END()
