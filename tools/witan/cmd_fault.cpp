// fault: injects faults into a running node through the socket in its home. Rules: docs/faults.md.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "storage/file_system.hpp"
#include "tools/witan/admin_client.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::json;

struct FaultOptions {
  std::vector<std::string> words;
  std::string file;
  std::uint32_t id = 0;
  bool all = false;
};

Result<std::string> rules_text(const FaultOptions& options) {
  if (options.file.empty() == options.words.empty())
    return fail(ErrorCode::usage, "fault add", "give a rule, or --file with one rule a line");
  if (options.file.empty()) {
    std::string out;
    for (const std::string& word : options.words) out += (out.empty() ? "" : " ") + word;
    return out;
  }
  WITAN_TRY(const Bytes bytes, read_whole(posix_file_system(), options.file, 64 * 1024));
  return std::string(as_text(bytes)) + "\n";
}

Result<int> run_add(const Program& program, const FaultOptions& options) {
  WITAN_TRY(const std::string rules, rules_text(options));
  WITAN_TRY(const Json answer, ask_node(program, {{"command", "fault_add"}, {"rules", rules}}));
  if (program.json) {
    std::printf("%s\n", answer.dump().c_str());
    return 0;
  }
  for (const Json& id : answer.value("added", Json::array()))
    std::printf("rule %s is in force\n", id.dump().c_str());
  return 0;
}

Result<int> run_list(const Program& program) {
  WITAN_TRY(const Json answer, ask_node(program, {{"command", "fault_list"}}));
  if (program.json) {
    std::printf("%s\n", answer.dump().c_str());
    return 0;
  }
  std::vector<TableRow> rows{{"ID", "MATCHED", "HITS", "STATE", "RULE"}};
  for (const Json& rule : answer.value("rules", Json::array()))
    rows.push_back({rule.value("id", Json(0)).dump(), rule.value("matched", Json(0)).dump(),
                    rule.value("hits", Json(0)).dump(),
                    rule.value("spent", false) ? "spent" : "active", rule.value("rule", "")});
  std::fputs(render_table(rows).c_str(), stdout);
  return 0;
}

Result<int> run_clear(const Program& program, const FaultOptions& options) {
  if ((options.id != 0) == options.all)
    return fail(ErrorCode::usage, "fault clear", "give the number of a rule, or --all");
  Json request{{"command", "fault_clear"}};
  if (!options.all) request["id"] = options.id;
  WITAN_TRY(const Json answer, ask_node(program, request));
  if (program.json)
    std::printf("%s\n", answer.dump().c_str());
  else
    std::printf("%s cleared\n", answer.value("cleared", Json(0)).dump().c_str());
  return 0;
}

}  // namespace

void add_fault_commands(CLI::App& app, Program& program) {
  const auto options = std::make_shared<FaultOptions>();
  CLI::App* fault = add_command(
      app, {"fault", "inject faults into a running node (never on a chain of type live)",
            "witan fault list --home /tmp/w"});
  fault->require_subcommand(1);
  CLI::App* add = add_command(
      *fault,
      {"add", "add fault rules: WHERE, which, what; all or none",
       "witan fault add --home /tmp/w on /node/chain/sync nth 3 do kill\n"
       "  witan fault add 'on /node/chain/verifier/* message Vote every 10 times 5 do drop'\n"
       "  witan fault add 'on /node/chain/mempool from 5s until 20s do slow 200ms'\n"
       "The grammar is docs/faults.md"});
  add->add_option("rule", options->words, "the rule, quoted or not");
  add->add_option("--file", options->file, "file with one rule a line; # begins a comment");
  add_home_option(*add, program);
  add_json_option(*add, program);
  on_client_run(*add, program, [&program, options] { return run_add(program, *options); });
  CLI::App* list =
      add_command(*fault, {"list", "rules in force and how often each fired", "witan fault list"});
  add_home_option(*list, program);
  add_json_option(*list, program);
  on_client_run(*list, program, [&program] { return run_list(program); });
  CLI::App* clear =
      add_command(*fault, {"clear", "end rules; what hangs goes on", "witan fault clear --all"});
  clear->add_option("id", options->id, "number of one rule (witan fault list)");
  clear->add_flag("--all", options->all, "every rule");
  add_home_option(*clear, program);
  add_json_option(*clear, program);
  on_client_run(*clear, program, [&program, options] { return run_clear(program, *options); });
}

}  // namespace witan::cli
