// signer: the sign-state of a stopped node (crypto/sign_checkpoint.hpp). It is what keeps a
// validator from contradicting itself. set-min and init only make it refuse more; adopt lets a
// moved home sign, on the operator's word that the former one never will again.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "tools/witan/cmd_signer.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/sign_state_file.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

struct SignerOptions {
  std::uint64_t height = 0;
  std::int32_t round = 0;
  bool i_know = false;
  bool other_stopped = false;
};

void print_state(const Program& program, const SignCheckpoint& state) {
  const SignSnapshot& s = state.snapshot;
  std::vector<std::pair<std::string, std::string>> rows{
      {"key", to_hex(state.owner.key)},
      {"chainId", to_hex(state.owner.chain_id)},
      {"instance", to_hex(state.owner.instance)},
      {"number", std::to_string(state.generation)},
      {"place", state.place ? "folder " + std::to_string(state.place->folder) + " of machine " +
                                  to_hex(state.place->host).substr(0, 8)
                            : "none"},
      {"walSegment", state.wal_segment ? std::to_string(*state.wal_segment) : "none"},
      {"lastSeq", std::to_string(s.last_seq)},
      {"refusedToHeight", std::to_string(s.watermark.height.get())},
      {"refusedToRound", std::to_string(s.watermark.round.get())}};
  for (const SignRecord& record : s.recent)
    rows.emplace_back("signed", std::string(name_of(record.kind)) + " at height " +
                                    std::to_string(record.height.get()) + " round " +
                                    std::to_string(record.round.get()));
  if (!program.json) {
    std::fputs(render_pairs(rows).c_str(), stdout);
    return;
  }
  nlohmann::ordered_json out;
  out["signed"] = nlohmann::ordered_json::array();
  for (const auto& [name, value] : rows) {
    if (name == "signed") {
      out[name].push_back(value);
    } else {
      out[name] = value;
    }
  }
  std::printf("%s\n", out.dump(2).c_str());
}

Result<int> run_show(const Program& program, const SignerOptions&) {
  WITAN_TRY(const SignCheckpoint state, read_sign_state(HomeFiles(program.home)));
  print_state(program, state);
  return 0;
}

Result<int> run_set_min(const Program& program, const SignerOptions& options) {
  const HomeFiles files(program.home);
  WITAN_TRY(const auto lock, lock_home(files));
  WITAN_TRY(SignCheckpoint state, read_sign_state(files));
  WITAN_TRY_VOID(raise_min(state, Height(options.height), Round(options.round)));
  WITAN_TRY_VOID(write_sign_state(files, state));
  print_state(program, state);
  return 0;
}

// The old log would contradict the new state; it is kept beside it under the first free name.
Status set_log_aside(const HomeFiles& files) {
  const FilePath wal = files.layout.wal();
  FileSystem& fs = posix_file_system();
  if (!fs.exists(wal)) return {};
  FilePath aside;
  for (int i = 1; aside.empty() || fs.exists(aside); ++i)
    aside = files.layout.data() / ("wal.aside-" + std::to_string(i));
  WITAN_TRY_VOID(fs.rename(wal, aside));
  WITAN_TRY_VOID(fs.sync_directory(files.layout.data()));
  std::fprintf(stderr, "the old log is kept in %s\n", aside.c_str());
  return {};
}

Result<int> run_init(const Program& program, const SignerOptions& options) {
  if (!options.i_know)
    return fail(ErrorCode::usage, "--i-know",
                "a new sign-state forgets what this key has signed: give --i-know only when the "
                "key certainly signs nowhere else");
  const HomeFiles files(program.home);
  WITAN_TRY(const auto lock, lock_home(files));
  WITAN_TRY(const Genesis genesis, load_home_genesis(files));
  WITAN_TRY(const KeyFile key, read_key_file(files.consensus_key()));
  SignCheckpoint state = new_sign_checkpoint(genesis_hash(genesis), key.public_key);
  // The same data directory stays the same instance, as far as that can still be read: what the
  // node remembers of it, else the old file.
  WITAN_TRY(const auto remembered, sign_memory_of(files, state.owner.key));
  if (remembered) {
    state.owner.instance = remembered->instance;
  } else if (const auto old = read_sign_state(files); old && old->owner.key == state.owner.key &&
                                                      old->owner.chain_id == state.owner.chain_id) {
    state.owner.instance = old->owner.instance;
  }
  WITAN_TRY_VOID(raise_min(state, Height(options.height), Round(options.round)));
  WITAN_TRY_VOID(set_log_aside(files));
  WITAN_TRY_VOID(write_sign_state(files, state));
  print_state(program, state);
  return 0;
}

Result<int> run_adopt(const Program& program, const SignerOptions& options) {
  if (!options.other_stopped)
    return fail(ErrorCode::usage, "--other-stopped",
                "this home was copied or moved; the one it comes from has the same key. Give "
                "--other-stopped only when that one is stopped and will never start again");
  const HomeFiles files(program.home);
  WITAN_TRY(const auto lock, lock_home(files));
  WITAN_TRY(SignCheckpoint state, read_sign_state(files));
  if (options.height > 0)
    WITAN_TRY_VOID(raise_min(state, Height(options.height), Round(options.round)));
  WITAN_TRY(const FolderIdentity here, posix_file_system().identity(files.layout.data()));
  adopt(state, sign_place(here.host, here.number, here.born_ns));
  WITAN_TRY_VOID(write_sign_state(files, state));
  print_state(program, state);
  return 0;
}

using Run = Result<int> (*)(const Program&, const SignerOptions&);

std::shared_ptr<SignerOptions> add_signer_command(CLI::App& signer, Program& program,
                                                  const CommandText& text, Run run) {
  auto options = std::make_shared<SignerOptions>();
  CLI::App* command = add_command(signer, text);
  add_home_option(*command, program);
  add_json_option(*command, program);
  on_run(*command, program, [&program, options, run] { return run(program, *options); });
  return options;
}

CLI::Option* add_min_options(CLI::App& command, SignerOptions& options) {
  CLI::Option* height =
      command.add_option("--height", options.height, "nothing below it is signed any more");
  command.add_option("--round", options.round, "nor rounds of it below this one")
      ->capture_default_str();
  return height;
}

}  // namespace

void add_signer_commands(CLI::App& app, Program& program) {
  CLI::App* signer =
      add_command(app, {"signer", "a validator's sign-state, and the process that may hold it",
                        "witan signer show"});
  signer->require_subcommand(1);
  add_signer_command(*signer, program,
                     {"show", "whose it is and what was signed last", "witan signer show --json"},
                     run_show);
  const auto min = add_signer_command(
      *signer, program,
      {"set-min", "raise the height from which it signs", "witan signer set-min --height 1200"},
      run_set_min);
  add_min_options(*signer->get_subcommand("set-min"), *min)->required();
  const auto init = add_signer_command(*signer, program,
                                       {"init", "a new sign-state for a key that has signed before",
                                        "witan signer init --i-know --height 1200"},
                                       run_init);
  add_min_options(*signer->get_subcommand("init"), *init)->required();
  signer->get_subcommand("init")->add_flag("--i-know", init->i_know,
                                           "yes, this key signs nowhere else");
  const auto moved = add_signer_command(*signer, program,
                                        {"adopt", "let a copied or moved home sign",
                                         "witan signer adopt --other-stopped --height 1200"},
                                        run_adopt);
  add_min_options(*signer->get_subcommand("adopt"), *moved);
  signer->get_subcommand("adopt")->add_flag(
      "--other-stopped", moved->other_stopped,
      "yes, the home this one was copied from is stopped and never starts again");
  add_signer_run_commands(*signer, program);
}

}  // namespace witan::cli
