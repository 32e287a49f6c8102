// status, block, account, validators, peers, tree, consensus: questions to a running node. With
// --json the API's answer is printed as it came.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "messages/base/hex.hpp"
#include "tools/witan/api_client.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// A member as text; "-" when it is absent or null.
std::string cell(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return "-";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

const Json& member(const Json& object, const char* key) {
  static const Json none = Json::object();
  const auto it = object.find(key);
  return it == object.end() ? none : *it;
}

Pairs pairs_of(const Json& object,
               std::initializer_list<std::pair<const char*, const char*>> rows) {
  Pairs out;
  for (const auto& [label, key] : rows) out.emplace_back(label, cell(object, key));
  return out;
}

std::string status_text(const Json& s) {
  return render_pairs(pairs_of(s, {{"moniker", "moniker"},
                                   {"node id", "nodeId"},
                                   {"software", "version"},
                                   {"chain", "chainName"},
                                   {"chain id", "chainId"},
                                   {"height", "latestHeight"},
                                   {"block", "latestBlockId"},
                                   {"block time", "latestBlockTime"},
                                   {"state root", "latestStateRoot"},
                                   {"lowest kept", "earliestHeight"},
                                   {"catching up", "catchingUp"},
                                   {"validator", "validatorKey"},
                                   {"power", "validatorPower"},
                                   {"peers", "peers"},
                                   {"mempool", "mempoolSize"},
                                   {"uptime s", "uptimeSeconds"}}));
}

std::string status_line(const Json& s) {
  return "height " + cell(s, "latestHeight") + "  time " + cell(s, "latestBlockTime") + "  peers " +
         cell(s, "peers") + "  mempool " + cell(s, "mempoolSize") + "  state root " +
         shorten(cell(s, "latestStateRoot")) + "\n";
}

std::string block_text(const Json& block) {
  const Json& header = member(block, "header");
  const Json& commit = member(block, "commit");
  Pairs pairs = pairs_of(header, {{"height", "height"},
                                  {"id", "id"},
                                  {"time", "time"},
                                  {"round", "originRound"},
                                  {"proposer", "proposer"},
                                  {"previous", "prevBlockId"},
                                  {"state root", "stateRoot"},
                                  {"tx root", "txRoot"},
                                  {"validators", "validatorsHash"}});
  pairs.emplace_back("transactions", cell(block, "txCount"));
  pairs.emplace_back("bytes", cell(block, "bytes"));
  pairs.emplace_back("decided in", "round " + cell(commit, "round") + " by " +
                                       std::to_string(member(commit, "signers").size()) +
                                       " precommits");
  std::string out = render_pairs(pairs);
  for (const Json& id : member(block, "txIds"))
    if (id.is_string()) out += "  " + id.get<std::string>() + "\n";
  return out;
}

std::string account_text(const Json& account) {
  Pairs pairs = pairs_of(account, {{"address", "address"},
                                   {"key", "key"},
                                   {"exists", "exists"},
                                   {"balance", "balance"},
                                   {"next nonce", "nonce"},
                                   {"after pending", "pendingNonce"},
                                   {"at height", "height"}});
  if (account.contains("proof"))
    for (auto& pair : pairs_of(account, {{"state root", "stateRoot"}, {"proof", "proof"}}))
      pairs.push_back(std::move(pair));
  return render_pairs(pairs);
}

// A table of the objects in `list`, one column for each (heading, key, characters; 0: all).
struct Column {
  const char* heading;
  const char* key;
  std::size_t digits = 0;
};
std::string list_text(const Json& list, const std::vector<Column>& columns) {
  std::vector<TableRow> rows(1);
  for (const Column& column : columns) rows[0].emplace_back(column.heading);
  for (const Json& item : list) {
    TableRow row;
    for (const Column& column : columns) {
      const std::string text = cell(item, column.key);
      row.push_back(column.digits == 0 ? text : shorten(text, column.digits));
    }
    rows.push_back(std::move(row));
  }
  return render_table(rows);
}

std::string validators_text(const Json& view) {
  return "height " + cell(view, "height") + "  total power " + cell(view, "powerTotal") + "\n" +
         list_text(member(view, "validators"), {{"KEY", "key", 16},
                                                {"ADDRESS", "address"},
                                                {"POWER", "power"},
                                                {"TIER", "tier"},
                                                {"HOURS", "timetokeHours"}});
}

std::string peers_text(const Json& view) {
  return "listening on " + cell(view, "listenAddress") + "  banned " + cell(view, "banned") + "\n" +
         list_text(member(view, "peers"), {{"NODE", "nodeId", 16},
                                           {"MONIKER", "moniker", 20},
                                           {"ADDRESS", "address", 40},
                                           {"OUT", "outbound"},
                                           {"HEIGHT", "height"},
                                           {"SECONDS", "connectedSeconds"},
                                           {"QUEUE", "sendQueue"},
                                           {"SCORE", "score"}});
}

std::string tree_text(const Json& view) {
  std::vector<TableRow> rows{{"ACTOR", "STATE", "RESTARTS", "HANDLED", "WAITING", "LAST REASON"}};
  for (const Json& actor : member(view, "actors")) {
    rows.push_back({cell(actor, "path"), cell(actor, "state"), cell(actor, "restarts"),
                    cell(actor, "handled"), cell(actor, "depth"), cell(actor, "lastReason")});
  }
  return render_table(rows);
}

std::string consensus_text(const Json& view) {
  return render_pairs(pairs_of(view, {{"height", "height"},
                                      {"round", "round"},
                                      {"step", "step"},
                                      {"proposer", "proposer"},
                                      {"locked round", "lockedRound"},
                                      {"locked block", "lockedBlock"},
                                      {"valid round", "validRound"},
                                      {"valid block", "validBlock"},
                                      {"total power", "powerTotal"},
                                      {"started", "heightStarted"}})) +
         list_text(member(view, "rounds"), {{"ROUND", "round"},
                                            {"PREVOTES", "prevotePower"},
                                            {"PRECOMMITS", "precommitPower"},
                                            {"PROPOSAL", "proposal", 16}});
}

std::string transaction_text(const Json& tx) {
  return render_pairs(pairs_of(tx, {{"id", "id"},
                                    {"status", "status"},
                                    {"kind", "kind"},
                                    {"height", "height"},
                                    {"index", "index"},
                                    {"outcome", "code"},
                                    {"fee charged", "feeCharged"},
                                    {"from", "sender"},
                                    {"to", "recipient"},
                                    {"amount", "amount"},
                                    {"fee", "fee"},
                                    {"nonce", "nonce"}}));
}

using Text = std::string (*)(const Json&);

Status print_answer(const Program& program, const std::string& body, Text text) {
  if (program.json) {
    std::printf("%s\n", body.c_str());
  } else {
    const Json json = Json::parse(body, nullptr, false);
    if (!json.is_object())
      return fail(ErrorCode::malformed, "--node", "the answer is not the API's JSON");
    std::fputs(text(json).c_str(), stdout);
  }
  std::fflush(stdout);
  return {};
}

Result<int> query(const Program& program, const std::string& path, Text text) {
  WITAN_TRY(HttpUrl url, node_url(program));
  ApiClient api(std::move(url));
  WITAN_TRY(const std::string body, api.get(path));
  WITAN_TRY_VOID(print_answer(program, body, text));
  return 0;
}

// Once a second until the process is interrupted or the node goes away.
Result<int> watch_status(const Program& program) {
  WITAN_TRY(HttpUrl url, node_url(program));
  ApiClient api(std::move(url));
  for (;;) {
    WITAN_TRY(const std::string body, api.get("/api/v1/status"));
    WITAN_TRY_VOID(print_answer(program, body, status_line));
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

// "latest", a height or a block id.
Result<std::string> block_path(const std::string& which) {
  const bool digits = !which.empty() && which.find_first_not_of("0123456789") == std::string::npos;
  if (which == "latest" || (digits && which.size() <= 20)) return "/api/v1/blocks/" + which;
  if (!fixed_from_hex<Hash32>(which, "")) {
    return fail(ErrorCode::usage, "BLOCK", "is latest, a height or 64 hex digits");
  }
  return "/api/v1/blocks/by-id/" + which;
}

// What goes into a path as it is: the server says what is wrong with it, but a path must stay one.
Result<std::string> path_word(const std::string& text, const char* field) {
  const bool plain =
      !text.empty() && text.size() <= 128 &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!plain) return fail(ErrorCode::usage, field, "is letters and digits only");
  return text;
}

CLI::App* add_query(CLI::App& app, Program& program, const CommandText& text) {
  CLI::App* command = add_command(app, text);
  add_node_options(*command, program);
  add_json_option(*command, program);
  return command;
}

struct QueryOptions {
  std::string word;
  std::string height;
  bool flag = false;
};

void add_simple(CLI::App& app, Program& program, const CommandText& text, const char* path,
                Text show) {
  CLI::App* command = add_query(app, program, text);
  on_client_run(*command, program, [&program, path, show] { return query(program, path, show); });
}

void add_status(CLI::App& app, Program& program) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App* status = add_query(
      app, program, {"status", "who a node is and where its chain stands", "witan status --watch"});
  status->add_flag("--watch", options->flag, "one line a second until interrupted");
  on_client_run(*status, program, [&program, options] {
    return options->flag ? watch_status(program) : query(program, "/api/v1/status", status_text);
  });
}

void add_block(CLI::App& app, Program& program) {
  const auto options = std::make_shared<QueryOptions>();
  options->word = "latest";
  CLI::App* block =
      add_query(app, program, {"block", "a decided block", "witan block 17 --txs --json"});
  block->add_option("BLOCK", options->word, "latest, a height or a block id")
      ->capture_default_str();
  block->add_flag("--txs", options->flag, "with the transactions' bytes (JSON)");
  on_client_run(*block, program, [&program, options]() -> Result<int> {
    WITAN_TRY(const std::string path, block_path(options->word));
    return query(program, path + (options->flag ? "?txs=1" : ""), block_text);
  });
}

void add_account(CLI::App& app, Program& program) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App* account = add_query(
      app, program,
      {"account", "balance and next nonce of an account", "witan account wit1... --prove"});
  account->add_option("ADDRESS", options->word, "wit1... or 64 hex digits")->required();
  account->add_flag("--prove", options->flag, "with the proof against the state root");
  on_client_run(*account, program, [&program, options]() -> Result<int> {
    WITAN_TRY(const std::string word, path_word(options->word, "ADDRESS"));
    return query(program, "/api/v1/accounts/" + word + (options->flag ? "?prove=1" : ""),
                 account_text);
  });
}

void add_validators(CLI::App& app, Program& program) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App* validators = add_query(
      app, program, {"validators", "who votes with which power", "witan validators --height 10"});
  validators->add_option("--height", options->height, "default: the height being decided");
  on_client_run(*validators, program, [&program, options]() -> Result<int> {
    std::string path = "/api/v1/validators";
    if (!options->height.empty()) {
      WITAN_TRY(const std::string height, path_word(options->height, "--height"));
      path += "?height=" + height;
    }
    return query(program, path, validators_text);
  });
}

}  // namespace

void add_query_commands(CLI::App& app, Program& program) {
  add_status(app, program);
  add_block(app, program);
  add_account(app, program);
  add_validators(app, program);
  add_simple(app, program, {"peers", "whom the node is connected to", "witan peers"},
             "/api/v1/peers", peers_text);
  add_simple(app, program, {"tree", "the supervision tree of the node's actors", "witan tree"},
             "/api/v1/tree", tree_text);
  add_simple(app, program,
             {"consensus", "height, round, step, locks and power seen", "witan consensus --json"},
             "/api/v1/consensus/state", consensus_text);
}

void add_transaction_query(CLI::App& tx, Program& program) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App* show = add_query(tx, program, {"show", "a decided transfer", "witan tx show 9f2c..."});
  show->add_option("ID", options->word, "64 hex digits")->required();
  on_client_run(*show, program, [&program, options]() -> Result<int> {
    WITAN_TRY(const std::string id, path_word(options->word, "ID"));
    return query(program, "/api/v1/transactions/" + id, transaction_text);
  });
}

}  // namespace witan::cli
