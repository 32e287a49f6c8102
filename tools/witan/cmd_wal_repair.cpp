// wal repair: a log that is damaged before its tail, cut where the operator says so. What it holds
// of own signatures stays known, and the sign-state rises over the last round signed in (S18).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/consensus/log_repair.hpp"
#include "crypto/random.hpp"
#include "messages/base/codec_bytes.hpp"
#include "tools/witan/cmd_wal.hpp"
#include "tools/witan/sign_state_file.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

struct RepairOptions {
  bool cut = false;
  std::uint64_t height = 0;
};

// What is found, then what is done; printed once, also when the command refuses.
struct Repair {
  std::optional<WalDamage> damage;
  WalSalvage counts;
  std::optional<SignCheckpoint> sign_state;  // nullopt: this home does not sign
  std::optional<consensus::OwnRecords> own;
  FilePath original;  // the copy; empty: nothing was changed
};

std::string last_signed(const Repair& repair) {
  const auto& recent = repair.sign_state->snapshot.recent;
  const bool in_log = repair.own && !repair.own->last_height().empty();
  if (!in_log && recent.empty()) return "nothing";
  const SignRecord& last = in_log ? repair.own->last_height().back() : recent.back();
  return std::string(name_of(last.kind)) + " at height " + std::to_string(last.height.get()) +
         " round " + std::to_string(last.round.get());
}

void print(const Program& program, const Repair& repair) {
  std::vector<std::pair<std::string, std::string>> rows{
      {"damage", repair.damage
                     ? "segment " + std::to_string(repair.damage->segment) + " offset " +
                           std::to_string(repair.damage->offset) + ": " + repair.damage->text
                     : "none"}};
  if (repair.damage) {
    rows.emplace_back("recordsBefore", std::to_string(repair.counts.kept));
    rows.emplace_back("readableBeyond", std::to_string(repair.counts.lost));
  }
  if (repair.own) {
    rows.emplace_back("lastSigned", last_signed(repair));
    rows.emplace_back("ownRecordsMissing", std::to_string(repair.own->missing()));
    rows.emplace_back("laterSignaturesPossible", repair.own->end_known() ? "no" : "yes");
  }
  rows.emplace_back("changed", repair.original.empty() ? "no" : "yes");
  if (!repair.original.empty()) {
    rows.emplace_back("original", repair.original.string());
    if (repair.sign_state) {
      const Watermark& mark = repair.sign_state->snapshot.watermark;
      rows.emplace_back("refusedToHeight", std::to_string(mark.height.get()));
      rows.emplace_back("refusedToRound", std::to_string(mark.round.get()));
    }
  }
  if (!program.json) {
    std::fputs(render_pairs(rows).c_str(), stdout);
    return;
  }
  nlohmann::ordered_json out;
  for (const auto& [name, value] : rows) out[name] = value;
  std::printf("%s\n", out.dump(2).c_str());
}

Result<Repair> look(const HomeFiles& files) {
  FileSystem& fs = posix_file_system();
  if (!fs.exists(files.layout.wal()))
    return fail(ErrorCode::not_found, files.layout.wal().string(), "this home has no log yet");
  Repair out;
  WITAN_TRY(const WalReport report, verify_wal(fs, files.layout.wal(), ""));
  out.damage = report.damage;
  if (!out.damage) return out;
  if (!fs.exists(files.consensus_key()) && !fs.exists(files.layout.sign_state())) {
    WITAN_TRY(out.counts, salvage_wal(fs, files.layout.wal(), *out.damage, {}));
    return out;
  }
  WITAN_TRY(out.sign_state, read_sign_state(files));
  WITAN_TRY(out.own, consensus::own_records(fs, files.layout.wal(), *out.damage,
                                            out.sign_state->snapshot, out.counts));
  return out;
}

// Refuses where going on would need to know what cannot be read any more.
Status may_cut(const HomeFiles& files, const Repair& repair, const RepairOptions& options) {
  if (!options.cut) {
    Error error = wal_damage_error(files.layout.wal(), *repair.damage);
    error.text =
        "nothing was changed. If there is no better copy, `witan wal repair --cut` keeps "
        "the original beside it and removes everything from the damage on";
    return fail(std::move(error));
  }
  if (!repair.own || repair.own->end_known() || options.height > 0) return {};
  return fail(ErrorCode::usage, "--height",
              "the end of the log cannot be read, so this key may have signed later than the last "
              "signature found. Give --height H, well above every height it may have signed: the "
              "network's height and a day's worth of blocks");
}

Status cut(const HomeFiles& files, Repair& repair, const RepairOptions& options) {
  FileSystem& fs = posix_file_system();
  FilePath copy;
  for (int i = 1; copy.empty() || fs.exists(copy); ++i)
    copy = files.layout.data() / ("wal.damaged-" + std::to_string(i));
  WITAN_TRY_VOID(copy_wal(fs, files.layout.wal(), copy));
  repair.original = copy;
  // The sign-state first: power may be lost before the log is cut, never the other way round.
  if (repair.sign_state) {
    WITAN_TRY(*repair.sign_state, raised_over(*repair.sign_state, *repair.own));
    if (options.height > 0) WITAN_TRY_VOID(raise_min(*repair.sign_state, Height(options.height)));
    WITAN_TRY_VOID(write_sign_state(files, *repair.sign_state));
  }
  WITAN_TRY_VOID(cut_wal(fs, files.layout.wal()));
  if (!repair.sign_state) return {};
  Bytes salt(8);
  random_fill(salt);
  WITAN_TRY(repair.sign_state->wal_segment,
            append_again(fs, files.layout.wal(), repair.sign_state->owner.chain_id,
                         ByteReader(salt).u64(), *repair.own));
  return write_sign_state(files, *repair.sign_state);
}

Result<int> run_repair(const Program& program, const RepairOptions& options) {
  const HomeFiles files(program.home);
  WITAN_TRY(const auto lock, lock_home(files));
  WITAN_TRY(Repair repair, look(files));
  Status done;
  if (repair.damage) done = may_cut(files, repair, options);
  if (repair.damage && done) done = cut(files, repair, options);
  print(program, repair);
  if (!done) return fail(done.error());
  return 0;
}

}  // namespace

void add_wal_repair(CLI::App& wal, Program& program) {
  auto options = std::make_shared<RepairOptions>();
  CLI::App* command =
      add_command(wal, {"repair",
                        "what is left of a damaged log, and how to go on with it; changes nothing "
                        "without --cut, and then keeps the original beside it",
                        "witan wal repair --home /tmp/net/node0 --cut"});
  add_home_option(*command, program);
  add_json_option(*command, program);
  command->add_flag("--cut", options->cut, "remove everything from the damage on");
  command->add_option("--height", options->height,
                      "sign nothing below it: needed when the log's end cannot be read");
  on_run(*command, program, [&program, options] { return run_repair(program, *options); });
}

}  // namespace witan::cli
