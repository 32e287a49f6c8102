// replay: the log of a stopped validator, or a copy of one, driven through the consensus core
// again; or a recorded run of the simulator.
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
#include "tools/witan/cmd_sim.hpp"
#include "tools/witan/cmd_wal.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/replay_order.hpp"
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
  std::string stop;   // "segment:offset"; with sim: a hop
  std::string trace;  // --trace: where recordings of this node are
  std::string sim;    // --sim: a recording
  std::string actor;  // of it
  bool hops = false;  // print each
};

// The simulator is a program of its own.
Result<int> replay_run(const Program& program, const ReplayCommand& options) {
  std::vector<std::string> words{"replay", options.sim};
  if (!options.stop.empty()) words.insert(words.end(), {"--stop", options.stop});
  if (!options.actor.empty()) words.insert(words.end(), {"--actor", options.actor});
  if (options.hops) words.emplace_back("--show");
  if (program.json) words.emplace_back("--json");
  return run_sim(words);
}

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
  // `order`: of the records from the first on that is visited.
  Reader(LogReplay replay, const ReplayCommand& options, bool json,
         std::optional<consensus::LogOrder> order)
      : replay_(std::move(replay)), options_(options), json_(json), order_(std::move(order)) {}

  // An error with an empty field ends the reading: see stop().
  Status visit(const WalRecord& record) {
    tell_progress(record);
    const auto kind = static_cast<consensus::RecordKind>(record.kind);
    const bool wanted = place_of(record) == options_.stop;
    const auto before = replay_.dump();
    auto outcome = feed({kind, record.height, Bytes(record.payload.begin(), record.payload.end())});
    if (!outcome) return fail(outcome.error().code, place_of(record), outcome.error().to_string());
    if (options_.show == record.height.get() && options_.show != 0) show(record);
    if (!wanted && !*outcome) return {};
    stop_ = Stop{place_of(record),        record_line(record), to_text(before),
                 to_text(replay_.dump()), replay_.asked(),     *outcome};
    return fail(ErrorCode::cancelled, "", "");
  }

  [[nodiscard]] const std::optional<Stop>& stop() const { return stop_; }
  [[nodiscard]] const consensus::LogReplayCounts& counts() const { return replay_.counts(); }
  [[nodiscard]] const std::optional<consensus::LogOrder>& order() const { return order_; }

 private:
  // Own messages count where the order says, else where they were signed.
  Result<std::optional<consensus::Divergence>> feed(consensus::LoggedRecord record) {
    const std::size_t index = next_++;
    if (!order_ || index >= order_->feed_before.size()) return replay_.feed(record);
    for (auto held = held_.begin(); held != held_.end() && held->first <= index;
         held = held_.erase(held))
      WITAN_TRY_VOID(replay_.count_own(held->second));
    const std::size_t place = order_->feed_before[index];
    if (place <= index) return replay_.feed(record);
    auto outcome = replay_.feed(record, LogReplay::Own::held);
    held_.emplace(place, std::move(record));
    return outcome;
  }

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
  const std::optional<consensus::LogOrder> order_;
  std::size_t next_ = 0;                                        // record
  std::multimap<std::size_t, consensus::LoggedRecord> held_{};  // by the record they count before
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
  if (reader.order())
    out["order"] = Json{{"heights", reader.order()->heights.size()},
                        {"placed", reader.order()->placed},
                        {"moved", reader.order()->moved},
                        {"unsure", reader.order()->unsure},
                        {"unmatched", reader.order()->unmatched}};
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
  if (const auto& order = reader.order())
    std::printf(
        "order known for %zu heights: %llu own messages placed (%llu counted later than they were "
        "signed), %llu between records of unknown side, %llu without a match\n",
        order->heights.size(), static_cast<unsigned long long>(order->placed),
        static_cast<unsigned long long>(order->moved),
        static_cast<unsigned long long>(order->unsure),
        static_cast<unsigned long long>(order->unmatched));
  if (!reader.stop()) return (void)std::puts("no divergence");
  const Stop& stop = *reader.stop();
  std::printf("\n%s\n", stop.record.c_str());
  std::printf("before:\n%safter:\n%s", stop.before.c_str(), stop.after.c_str());
  for (const std::string& asked : stop.asked) std::printf("-> %s\n", asked.c_str());
  if (!stop.divergence) return;
  std::printf("the log says:      %s\nthe core says now: %s\n", stop.divergence->logged.c_str(),
              stop.divergence->redriven.c_str());
}

// The recordings' order of the log's records of this height and above.
Result<std::optional<consensus::LogOrder>> order_of_log(const FilePath& log,
                                                        const std::string& trace, Height from) {
  if (trace.empty()) return std::optional<consensus::LogOrder>();
  WITAN_TRY(const HandledOrder handled, handled_order(posix_file_system(), trace));
  for (const std::string& note : handled.notes) std::fprintf(stderr, "trace: %s\n", note.c_str());
  std::vector<consensus::OrderRecord> records;
  WITAN_TRY_VOID(
      read_wal(posix_file_system(), log, "", from, [&](const WalRecord& record) -> Status {
        WITAN_TRY(const auto taken,
                  consensus::order_record(static_cast<consensus::RecordKind>(record.kind),
                                          record.height, record.payload));
        records.push_back(taken);
        return {};
      }));
  return std::optional(consensus::order_of(records, handled.hops, handled.covered));
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
  // The height before the one to be shown is fed too, so that this one is whole.
  const Height from(options.show > 1 ? options.show - 1 : 0);
  WITAN_TRY(auto order, order_of_log(source.folder, options.trace, from));
  Reader reader(LogReplay({validators,
                           [validators, chain_id](Height height) {
                             return proposer_order(*validators, chain_id, height);
                           }}),
                options, program.json, std::move(order));
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
            "what it signs and decides with what was signed and decided; or drive a recorded run "
            "of the simulator again (--sim) and compare every message. Exit code 70 at the first "
            "difference, with the state before and after",
            "witan replay --home /tmp/net/node0 --show 100"});
  CLI::Option* home = add_home_option(*command, program);
  add_json_option(*command, program);
  CLI::Option* wal =
      command->add_option("--wal", options->folder, "a log folder, instead of the home's");
  CLI::Option* genesis =
      command->add_option("--genesis", options->genesis, "a genesis file, instead of the home's");
  CLI::Option* show = command->add_option(
      "--show", options->show, "print each record of this height and what the core asked for");
  command->add_option("--stop", options->stop,
                      "stop behind the record at SEGMENT:OFFSET (as `witan wal dump` prints it), "
                      "with --sim behind hop NUMBER or the message NODE:PATH:NUMBER (the NUMBERth "
                      "that this actor handles), and show the state before and after");
  CLI::Option* trace = command->add_option(
      "--trace", options->trace,
      "a home, folder or file with recordings of this node (trace.record): own votes count when "
      "they did, not when they were signed");
  CLI::Option* sim = command->add_option(
      "--sim", options->sim, "a run that `witan sim run --record FILE` wrote, instead of a log");
  command
      ->add_option(
          "--actor", options->actor,
          "with --sim: compare only what NODE:PATH gets and sends (n0:/node/chain/mempool)")
      ->needs(sim);
  command->add_flag("--hops", options->hops, "with --sim: print each hop that is compared")
      ->needs(sim);
  for (CLI::Option* of_logs : {home, wal, genesis, show, trace}) sim->excludes(of_logs);
  on_run(*command, program, [&program, options] {
    return options->sim.empty() ? run_replay(program, *options) : replay_run(program, *options);
  });
}

}  // namespace witan::cli
