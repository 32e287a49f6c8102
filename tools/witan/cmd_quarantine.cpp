// quarantine: the messages that made an actor of a node fail (actors/runtime/quarantine). list and
// show read the files of the home, also of a running node; drop and replay ask the node.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "actors/runtime/quarantine/record.hpp"
#include "actors/telemetry/trace/core/trace_set.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/message_text.hpp"
#include "messages/wire/type_table.hpp"
#include "storage/data_dir.hpp"
#include "tools/witan/admin_client.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::ordered_json;
using quarantine::Listing;
using quarantine::Record;

constexpr std::size_t bytes_shown = 64;

std::string type_text(std::uint64_t type) {
  const MessageType* known = find_message_type(type);
  return known != nullptr ? std::string(known->name) : fmt::format("{:#x}", type);
}

std::string sender_text(const Record& record) {
  if (record.kind == rt::HopKind::network) return "peer " + record.sender;
  return record.sender.empty() ? "outside" : record.sender;
}

std::string trace_text(const Record& record) {
  return fmt::format("{:016x}{:016x}", record.trace.trace_hi, record.trace.trace_lo);
}

Json record_json(const Record& record) {
  return {{"id", to_hex(record.id)},
          {"state", quarantine::name_of(record.state)},
          {"message", type_text(record.type)},
          {"receiver", record.receiver},
          {"sender", sender_text(record)},
          {"throws", record.throws},
          {"firstNs", std::to_string(record.first.ns)},
          {"lastNs", std::to_string(record.last.ns)},
          {"first", trace::time_text(record.first.ns)},
          {"last", trace::time_text(record.last.ns)},
          {"reasons", record.reasons},
          {"trace", trace_text(record)},
          {"size", std::to_string(record.size)},
          {"replayable", record.kind == rt::HopKind::message && !record.words.empty()}};
}

Result<Listing> read_home(const Program& program) {
  FileSystem& files = posix_file_system();
  if (!files.exists(program.home)) return fail(ErrorCode::not_found, program.home, "no such home");
  return quarantine::read_folder(files, quarantine::quarantine_folder(program.home));
}

Result<Record> read_one(const Program& program, const std::string& id) {
  WITAN_TRY(const Listing all, read_home(program));
  std::vector<Hash32> ids;
  for (const Record& record : all.records) ids.push_back(record.id);
  WITAN_TRY(const Hash32 found, quarantine::find_id(ids, id));
  for (const Record& record : all.records)
    if (record.id == found) return record;
  return fail(ErrorCode::not_found, id, "no such message");
}

void print_damages(const Listing& all) {
  for (const quarantine::Damage& damage : all.damages)
    std::fprintf(stderr, "damage: %s: %s\n", damage.file.c_str(), damage.error.to_string().c_str());
}

Result<int> run_list(const Program& program) {
  WITAN_TRY(const Listing all, read_home(program));
  if (program.json) {
    Json out{{"messages", Json::array()}, {"damaged", Json::array()}};
    for (const Record& record : all.records) out["messages"].push_back(record_json(record));
    for (const quarantine::Damage& damage : all.damages)
      out["damaged"].push_back({{"file", damage.file}, {"text", damage.error.to_string()}});
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  std::vector<TableRow> rows{{"ID", "STATE", "THROWS", "LAST", "MESSAGE", "RECEIVER", "REASON"}};
  for (const Record& record : all.records)
    rows.push_back({shorten(to_hex(record.id)), std::string(quarantine::name_of(record.state)),
                    std::to_string(record.throws), trace::time_text(record.last.ns),
                    type_text(record.type), record.receiver,
                    record.reasons.empty() ? std::string() : record.reasons.back()});
  std::fputs(render_table(rows).c_str(), stdout);
  print_damages(all);
  return 0;
}

// What the schema can name, else the first bytes.
std::string content_text(const Record& record) {
  if (record.words.empty()) return "[too large to be kept]\n";
  const auto words = Words::from_flat(record.words);
  const std::string fields = words ? message_text(record.type, **words) : std::string();
  if (!fields.empty()) return fields;
  const ByteView bytes(record.words);
  return to_hex(bytes.first(std::min(bytes.size(), bytes_shown))) + "\n";
}

Result<int> run_show(const Program& program, const std::string& id) {
  WITAN_TRY(const Record record, read_one(program, id));
  if (program.json) {
    Json out = record_json(record);
    out["content"] = content_text(record);
    out["words"] = to_hex(record.words);
    std::printf("%s\n", out.dump().c_str());
    return 0;
  }
  std::vector<std::pair<std::string, std::string>> rows{
      {"id", to_hex(record.id)},
      {"state", std::string(quarantine::name_of(record.state))},
      {"message", type_text(record.type)},
      {"bytes", std::to_string(record.size)},
      {"receiver", record.receiver},
      {"sender", sender_text(record)},
      {"throws", std::to_string(record.throws)},
      {"first", trace::time_text(record.first.ns)},
      {"last", trace::time_text(record.last.ns)},
      {"trace", trace_text(record)}};
  for (const std::string& reason : record.reasons) rows.emplace_back("reason", reason);
  std::fputs(render_pairs(rows).c_str(), stdout);
  std::printf("\n%s\nwitan trace flow --trace %s shows what led to it.\n",
              content_text(record).c_str(), trace_text(record).c_str());
  return 0;
}

// Of a stopped node: under its lock, so that no node has the message in memory.
Result<std::string> drop_file(const Program& program, const std::string& id) {
  WITAN_TRY(const Record record, read_one(program, id));
  WITAN_TRY(const auto lock, DataDir::open(program.home, 0));
  const FilePath folder = quarantine::quarantine_folder(program.home);
  WITAN_TRY_VOID(posix_file_system().remove(quarantine::file_of(folder, record.id)));
  WITAN_TRY_VOID(posix_file_system().sync_directory(folder));
  return to_hex(record.id);
}

Result<int> run_drop(const Program& program, const std::string& id) {
  auto answer = ask_node(program, {{"command", "quarantine_drop"}, {"id", id}});
  std::string dropped;
  if (answer) {
    dropped = answer->value("dropped", "");
  } else if (answer.error().code == ErrorCode::network) {
    WITAN_TRY(dropped, drop_file(program, id));
  } else {
    return fail(answer.error());
  }
  if (program.json)
    std::printf("%s\n", Json{{"dropped", dropped}}.dump().c_str());
  else
    std::printf("%s dropped\n", dropped.c_str());
  return 0;
}

Result<int> run_replay(const Program& program, const std::string& id) {
  WITAN_TRY(const auto answer, ask_node(program, {{"command", "quarantine_replay"}, {"id", id}}));
  const bool handled = answer.value("outcome", "") == "handled";
  if (program.json)
    std::printf("%s\n", answer.dump().c_str());
  else if (handled)
    std::printf("%s handled, and released\n", answer.value("id", "").c_str());
  else
    std::printf("%s threw again: %s\n", answer.value("id", "").c_str(),
                answer.value("reason", "").c_str());
  return handled ? 0 : 1;
}

}  // namespace

void add_quarantine_commands(CLI::App& app, Program& program) {
  const auto id = std::make_shared<std::string>();
  CLI::App* group = add_command(
      app, {"quarantine", "messages that made an actor of a node fail, and are refused since",
            "witan quarantine list --home /tmp/w"});
  group->require_subcommand(1);
  const auto command = [&](const CommandText& text, bool with_id) {
    CLI::App* out = add_command(*group, text);
    if (with_id)
      out->add_option("id", *id, "of a message, or how it begins (witan quarantine list)")
          ->required();
    add_home_option(*out, program);
    add_json_option(*out, program);
    return out;
  };
  CLI::App* list = command(
      {"list", "all of them, also of a running node", "witan quarantine list --home /tmp/w"},
      false);
  on_run(*list, program, [&program] { return run_list(program); });
  CLI::App* show = command({"show", "one: its fields, who sent it, why it failed, its trace",
                            "witan quarantine show 3fa2 --home /tmp/w"},
                           true);
  on_run(*show, program, [&program, id] { return run_show(program, *id); });
  CLI::App* drop = command({"drop", "let it through again: the node forgets that it failed",
                            "witan quarantine drop 3fa2 --home /tmp/w"},
                           true);
  on_client_run(*drop, program, [&program, id] { return run_drop(program, *id); });
  CLI::App* replay = command(
      {"replay", "deliver it once more and say what comes of it (never on a chain of type live)",
       "witan quarantine replay 3fa2 --home /tmp/w"},
      true);
  on_client_run(*replay, program, [&program, id] { return run_replay(program, *id); });
}

}  // namespace witan::cli
