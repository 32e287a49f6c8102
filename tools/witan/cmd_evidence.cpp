// evidence: proof that validators broke their promises. list, show and submit ask a running node;
// acknowledge is for a stopped one that ended because of proof against its own key.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/evidence/own_proof.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "storage/atomic_file.hpp"
#include "storage/kv.hpp"
#include "tools/witan/api_client.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::json;

struct EvidenceOptions {
  std::string word;
  std::uint32_t limit = 30;
  bool attack = false;
  bool i_know = false;
};

std::string cell(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return "-";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

std::string list_text(const Json& view) {
  std::vector<TableRow> rows{
      {"HASH", "STATUS", "KIND", "VALIDATOR", "HEIGHT", "ROUND", "IN BLOCK"}};
  for (const Json& item : view.value("evidence", Json::array()))
    rows.push_back({shorten(cell(item, "hash"), 16), cell(item, "status"), cell(item, "kind"),
                    shorten(cell(item, "validator"), 16), cell(item, "height"), cell(item, "round"),
                    cell(item, "committedHeight")});
  std::string out = render_table(rows);
  for (const Json& accused : view.value("accused", Json::array()))
    out += "validator " + cell(accused, "validator") + ": " + cell(accused, "committed") +
           " offences on chain, the last in block " + cell(accused, "lastHeight") + "\n";
  return out;
}

std::string item_text(const Json& view) {
  const Json list = view.value("evidence", Json::array());
  if (list.empty()) return "";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const char* key :
       {"hash", "status", "kind", "validator", "height", "round", "committedHeight", "bytes"})
    rows.emplace_back(key, cell(list[0], key));
  return render_pairs(rows);
}

std::string hashes_text(const Json& view) {
  std::string out;
  for (const Json& hash : view.value("hashes", Json::array()))
    if (hash.is_string()) out += hash.get<std::string>() + "\n";
  return out;
}

using Text = std::string (*)(const Json&);

Result<int> print(const Program& program, const std::string& body, Text text) {
  if (program.json) {
    std::printf("%s\n", body.c_str());
    return 0;
  }
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object())
    return fail(ErrorCode::malformed, "--node", "the answer is not the API's JSON");
  std::fputs(text(json).c_str(), stdout);
  return 0;
}

Result<int> run_list(const Program& program, const EvidenceOptions& options) {
  WITAN_TRY(HttpUrl url, node_url(program));
  ApiClient api(std::move(url));
  WITAN_TRY(const std::string body,
            api.get("/api/v1/evidence?limit=" + std::to_string(options.limit)));
  return print(program, body, list_text);
}

Result<int> run_show(const Program& program, const EvidenceOptions& options) {
  if (!fixed_from_hex<Hash32>(options.word, ""))
    return fail(ErrorCode::usage, "HASH", "is 64 hex digits");
  WITAN_TRY(HttpUrl url, node_url(program));
  ApiClient api(std::move(url));
  WITAN_TRY(const std::string body, api.get("/api/v1/evidence/" + options.word));
  return print(program, body, item_text);
}

// Hex digits, or the name of a file with the bytes.
Result<Bytes> bytes_of(const std::string& word) {
  if (auto bytes = from_hex(word); bytes && !bytes->empty()) return *bytes;
  constexpr std::size_t file_bytes_max = 256 * 1024;
  return read_whole(posix_file_system(), word, file_bytes_max);
}

Result<int> run_submit(const Program& program, const EvidenceOptions& options) {
  WITAN_TRY(const Bytes bytes, bytes_of(options.word));
  if (!options.attack) {
    const auto evidence = decode_evidence(bytes);
    if (!evidence) return fail(evidence.error());
  }
  WITAN_TRY(HttpUrl url, node_url(program));
  ApiClient api(std::move(url));
  const char* path = options.attack ? "/api/v1/evidence?attack=1" : "/api/v1/evidence";
  WITAN_TRY(const std::string reply, api.post(path, bytes));
  return print(program, reply, hashes_text);
}

Result<int> run_acknowledge(const Program& program, const EvidenceOptions& options) {
  const HomeFiles files(program.home);
  if (!posix_file_system().exists(files.config()))
    return fail(ErrorCode::not_found, files.config().string(), "this is not a node's home");
  WITAN_TRY(const auto lock, DataDir::open(files.layout.home, 0));
  WITAN_TRY(const auto index, open_leveldb(files.layout.index()));
  WITAN_TRY(const auto alarm, evidence::alarm_in(*index));
  if (!alarm) {
    std::printf("no alarm: nothing to acknowledge\n");
    return 0;
  }
  WITAN_TRY(auto blocks_kv, open_leveldb(files.layout.blocks()));
  WITAN_TRY(const auto blocks, BlockStore::open(std::move(blocks_kv)));
  WITAN_TRY(const auto proofs,
            evidence::proofs_against(alarm->key.validator, *index, blocks.get()));
  for (const evidence::OwnProof& proof : proofs)
    std::printf("%s at height %s round %s\n", std::string(name_of(proof.key.kind)).c_str(),
                std::to_string(proof.key.height.get()).c_str(),
                std::to_string(proof.key.round.get()).c_str());
  if (!options.i_know)
    return fail(ErrorCode::usage, "--i-know",
                "the key of this home signed twice: give --i-know only when whoever else signed "
                "with it is stopped and never starts again");
  WITAN_TRY_VOID(evidence::acknowledge(*index, proofs));
  std::printf("acknowledged: the node may be started\n");
  return 0;
}

using Run = Result<int> (*)(const Program&, const EvidenceOptions&);

struct Command {
  CLI::App* app;
  std::shared_ptr<EvidenceOptions> options;
};

Command add_client(CLI::App& parent, Program& program, const CommandText& text, Run run) {
  auto options = std::make_shared<EvidenceOptions>();
  CLI::App* command = add_command(parent, text);
  add_node_options(*command, program);
  add_json_option(*command, program);
  on_client_run(*command, program, [&program, options, run] { return run(program, *options); });
  return {command, options};
}

}  // namespace

void add_evidence_commands(CLI::App& app, Program& program) {
  CLI::App* evidence = add_command(
      app, {"evidence", "proof that validators broke their promises", "witan evidence list"});
  evidence->require_subcommand(1);
  const Command list = add_client(
      *evidence, program,
      {"list", "pending and committed evidence, and who is accused", "witan evidence list --json"},
      run_list);
  list.app->add_option("--limit", list.options->limit, "of each status, at most 100")
      ->capture_default_str();
  const Command show =
      add_client(*evidence, program,
                 {"show", "one piece of evidence", "witan evidence show 9f2c..."}, run_show);
  show.app->add_option("HASH", show.options->word, "64 hex digits")->required();
  const Command submit = add_client(
      *evidence, program,
      {"submit", "give evidence to a node", "witan evidence submit evidence.bin"}, run_submit);
  submit.app->add_option("EVIDENCE", submit.options->word, "a file, or hex digits")->required();
  submit.app->add_flag("--attack", submit.options->attack,
                       "it is what a light client holds after an attack");

  auto options = std::make_shared<EvidenceOptions>();
  CLI::App* acknowledge = add_command(
      *evidence, {"acknowledge", "let a stopped node start again after proof against its own key",
                  "witan evidence acknowledge --i-know"});
  add_home_option(*acknowledge, program);
  acknowledge->add_flag("--i-know", options->i_know, "yes, this key signs nowhere else any more");
  on_run(*acknowledge, program, [&program, options] { return run_acknowledge(program, *options); });
}

}  // namespace witan::cli
