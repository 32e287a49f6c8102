// replay: the log of a stopped validator, or a copy of one, driven through the consensus core
// again.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "actors/consensus/core/proposer_order.hpp"
#include "actors/consensus/log_replay.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "config/genesis.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/exit_codes.hpp"
#include "tools/witan/cmd_wal.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/table.hpp"
#include "tools/witan/wal_text.hpp"

namespace witan::cli {
namespace {

using consensus::LogReplay;
using Json = nlohmann::ordered_json;

struct ReplayCommand {
  std::string folder;   // --wal
  std::string genesis;  // --genesis
  std::uint64_t show = 0;
  std::string stop;  // "segment:offset"
};

std::string place_of(const WalRecord& record) {
  return std::to_string(record.segment) + ":" + std::to_string(record.offset);
}

// What was found when the reading ended before the log did.
struct Stop {
  std::string place, record;
  std::string before, after;  // state of the core
  std::vector<std::string> asked;
  std::optional<consensus::Divergence> divergence;
};

class Reader {
 public:
  Reader(LogReplay replay, const ReplayCommand& options, bool json)
      : replay_(std::move(replay)), options_(options), json_(json) {}

  // An error with an empty field ends the reading: see stop().
  Status visit(const WalRecord& record) {
    tell_progress(record);
    const auto kind = static_cast<consensus::RecordKind>(record.kind);
    const bool wanted = place_of(record) == options_.stop;
    const auto before = replay_.dump();
    auto outcome =
        replay_.feed({kind, record.height, Bytes(record.payload.begin(), record.payload.end())});
    if (!outcome) return fail(outcome.error().code, place_of(record), outcome.error().to_string());
    if (options_.show == record.height.get() && options_.show != 0) show(record);
    if (!wanted && !*outcome) return {};
    stop_ = Stop{place_of(record),        record_line(record), to_text(before),
                 to_text(replay_.dump()), replay_.asked(),     *outcome};
    return fail(ErrorCode::cancelled, "", "");
  }

  [[nodiscard]] const std::optional<Stop>& stop() const { return stop_; }
  [[nodiscard]] const consensus::LogReplayCounts& counts() const { return replay_.counts(); }

 private:
  void show(const WalRecord& record) const {
    if (json_) {
      Json line = Json::parse(record_json(record));
      line["asked"] = replay_.asked();
      std::printf("%s\n", line.dump().c_str());
      return;
    }
    std::printf("%s\n", record_line(record).c_str());
    for (const std::string& asked : replay_.asked()) std::printf("    -> %s\n", asked.c_str());
  }

  void tell_progress(const WalRecord& record) {
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < std::chrono::seconds(2)) return;
    told_ = now;
    std::fprintf(stderr, "height %llu, %llu records\n",
                 static_cast<unsigned long long>(record.height.get()),
                 static_cast<unsigned long long>(replay_.counts().records));
  }

  LogReplay replay_;
  const ReplayCommand& options_;
  const bool json_;
  std::optional<Stop> stop_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

std::string height_text(const std::optional<Height>& height) {
  return height ? std::to_string(height->get()) : "-";
}

Json stop_json(const Stop& stop) {
  Json out{{"place", stop.place},
           {"record", stop.record},
           {"asked", stop.asked},
           {"before", stop.before},
           {"after", stop.after}};
  if (stop.divergence) {
    out["logged"] = stop.divergence->logged;
    out["redriven"] = stop.divergence->redriven;
  }
  return out;
}

void print_json(const Reader& reader) {
  const auto& c = reader.counts();
  const bool diverged = reader.stop() && reader.stop()->divergence;
  Json out{{"from", height_text(c.first)},  {"to", height_text(c.last)},
           {"heights", c.heights},          {"partial", c.partial},
           {"records", c.records},          {"votes", c.votes},
           {"proposals", c.proposals},      {"decisions", c.decisions},
           {"unsigned", c.unsigned_wishes}, {"diverged", diverged}};
  if (reader.stop()) out["stop"] = stop_json(*reader.stop());
  std::printf("%s\n", out.dump(2).c_str());
}

void print_text(const Reader& reader) {
  const auto& c = reader.counts();
  std::fputs(
      render_pairs({{"heights compared", std::to_string(c.heights) + " (" + height_text(c.first) +
                                             ".." + height_text(c.last) + ")"},
                    {"not compared", std::to_string(c.partial) + " partial"},
                    {"records", std::to_string(c.records)},
                    {"own votes", std::to_string(c.votes)},
                    {"own proposals", std::to_string(c.proposals)},
                    {"decisions", std::to_string(c.decisions)},
                    {"never signed", std::to_string(c.unsigned_wishes)}})
          .c_str(),
      stdout);
  if (!reader.stop()) return (void)std::puts("no divergence");
  const Stop& stop = *reader.stop();
  std::printf("\n%s\n", stop.record.c_str());
  std::printf("before:\n%safter:\n%s", stop.before.c_str(), stop.after.c_str());
  for (const std::string& asked : stop.asked) std::printf("-> %s\n", asked.c_str());
  if (!stop.divergence) return;
  std::printf("the log says:      %s\nthe core says now: %s\n", stop.divergence->logged.c_str(),
              stop.divergence->redriven.c_str());
}

Result<int> run_replay(const Program& program, const ReplayCommand& options) {
  WITAN_TRY(const WalSource source, open_wal_source(program, options.folder));
  HomeFiles files(program.home);
  const FilePath genesis_file =
      options.genesis.empty() ? files.genesis() : FilePath(options.genesis);
  WITAN_TRY(const Genesis genesis, load_genesis(genesis_file.string()));
  WITAN_TRY(ValidatorSet set, ledger::validator_set_of(genesis));
  const auto validators = std::make_shared<const ValidatorSet>(std::move(set));
  const ChainId chain_id = genesis_hash(genesis);
  Reader reader(LogReplay({validators,
                           [validators, chain_id](Height height) {
                             return proposer_order(*validators, chain_id, height);
                           }}),
                options, program.json);
  // The height before the one to be shown is fed too, so that this one is whole.
  const Height from(options.show > 1 ? options.show - 1 : 0);
  const Status read = read_wal(posix_file_system(), source.folder, "", from,
                               [&](const WalRecord& record) { return reader.visit(record); });
  if (!read && !reader.stop()) return tl::unexpected(read.error());
  if (program.json)
    print_json(reader);
  else
    print_text(reader);
  if (!options.stop.empty() && !reader.stop())
    return fail(ErrorCode::not_found, "--stop", "no record is at " + options.stop);
  if (!reader.stop() || !reader.stop()->divergence) return 0;
  std::fprintf(stderr, "error: diverged (%s): the log does not follow from its own inputs\n",
               reader.stop()->place.c_str());
  return static_cast<int>(ExitCode::invariant);
}

}  // namespace

void add_replay_command(CLI::App& app, Program& program) {
  auto options = std::make_shared<ReplayCommand>();
  CLI::App* command = add_command(
      app, {"replay",
            "drive the log of a stopped validator through the consensus core again and compare "
            "what it signs and decides with what was signed and decided; exit code 70 at the first "
            "difference",
            "witan replay --home /tmp/net/node0 --show 100"});
  add_home_option(*command, program);
  add_json_option(*command, program);
  command->add_option("--wal", options->folder, "a log folder, instead of the home's");
  command->add_option("--genesis", options->genesis, "a genesis file, instead of the home's");
  command->add_option("--show", options->show,
                      "print each record of this height and what the core asked for");
  command->add_option("--stop", options->stop,
                      "stop behind the record at SEGMENT:OFFSET (as `witan wal dump` prints it) "
                      "and show the core's state before and after");
  on_run(*command, program, [&program, options] { return run_replay(program, *options); });
}

}  // namespace witan::cli
