// signer run, status, drain: a process that holds a validator's key and its sign-state, and nothing
// else, for a node that signs through it (docs/runbooks/remote-signer.md).
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/consensus/signer/signer_server.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "actors/node/stores.hpp"
#include "actors/runtime/system_clock.hpp"
#include "crypto/random.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/exit_codes.hpp"
#include "messages/base/hex.hpp"
#include "storage/atomic_file.hpp"
#include "tools/witan/cmd_signer.hpp"
#include "tools/witan/home.hpp"
#include "tools/witan/table.hpp"
#include "tools/witan/version.hpp"

namespace witan::cli {
namespace {

constexpr Duration ask_limit = Duration::from_s(5);

struct RunOptions {
  std::string listen;
  std::vector<std::string> allow;
  std::string passphrase_file;
};

// Where a running signer listens, for status and drain.
FilePath address_file(const HomeFiles& files) { return files.layout.data() / "signer_address"; }

Result<std::vector<NodeId>> allowed_nodes(const RunOptions& options) {
  std::vector<NodeId> out;
  for (const std::string& text : options.allow) {
    const auto id = fixed_from_hex<NodeId>(text, "--allow");
    if (!id || !is_valid(*id))
      return fail(ErrorCode::usage, "--allow",
                  text + " is not a node's public key: 66 hex digits, as `witan status` shows");
    out.push_back(*id);
  }
  return out;
}

Result<SignerAddress> usable(const std::string& text) {
  auto address = parse_signer_address(text);
  if (!address) return fail(ErrorCode::usage, "--listen", address.error().text);
  return address;
}

// Everything a signer runs from, under the lock of its home.
struct SignerHome {
  HomeContents contents;
  std::unique_ptr<DataDir> lock;
  std::unique_ptr<KvStore> index;  // remembers which sign-state belongs here
};

Result<SignerHome> open_signer_home(const HomeFiles& files, const RunOptions& options) {
  WITAN_TRY(HomeContents contents, open_home(files, {}, options.passphrase_file));
  if (!contents.consensus_key)
    return fail(ErrorCode::config, files.consensus_key().string(),
                "is not there: a signer's home holds the validator's key");
  WITAN_TRY(auto lock, DataDir::open(files.layout.home));
  WITAN_TRY(auto index, open_leveldb(files.layout.index()));
  return SignerHome{std::move(contents), std::move(lock), std::move(index)};
}

Result<std::unique_ptr<signer::SignerService>> open_service(const HomeFiles& files,
                                                            const SignerHome& home, Logger& log) {
  const Genesis& genesis = home.contents.genesis;
  const ChainId chain_id = genesis_hash(genesis);
  WITAN_TRY(ValidatorSet set, ledger::validator_set_of(genesis));
  WITAN_TRY(Verifier verifier,
            Verifier::make(chain_id, std::make_shared<const ValidatorSet>(std::move(set))));
  consensus::SigningLogOptions files_of_log{.fs = posix_file_system(),
                                            .wal_folder = files.layout.wal(),
                                            .sign_state_file = files.layout.sign_state()};
  files_of_log.segment_bytes = home.contents.config.storage.wal_segment_bytes;
  files_of_log.wal_salt = ByteReader(random_bytes(8)).u64();
  files_of_log.chain_id = chain_id;
  files_of_log.key = home.contents.consensus_key->clone();
  const PublicKey key = home.contents.consensus_key->public_key();
  files_of_log.remembered = [index = home.index.get(), key] {
    return node::remembered_sign_state(*index, key);
  };
  files_of_log.remember = [index = home.index.get(), key](const SignMemory& memory) {
    return node::remember_sign_state(*index, key, memory);
  };
  return signer::SignerService::open({std::move(files_of_log),
                                      std::make_shared<const Verifier>(std::move(verifier)),
                                      home.contents.node_key.node_id(), log, rt::system_clock()});
}

void say_started(const Program& program, const SignerAddress& address, const NodeId& id,
                 const PublicKey& validator) {
  if (program.json) {
    const nlohmann::ordered_json out{{"address", to_string(address)},
                                     {"publicKey", to_hex(id)},
                                     {"validatorKey", to_hex(validator)}};
    std::printf("%s\n", out.dump().c_str());
  } else {
    std::printf(
        "the node's config.toml:\n\n[signer]\naddress = \"%s\"\npublic_key = \"%s\"\n"
        "validator_key = \"%s\"\n",
        to_string(address).c_str(), to_hex(id).c_str(), to_hex(validator).c_str());
  }
  std::fflush(stdout);
}

// Until a signal, or until the disk fails: then nothing may be signed any more (S4).
std::optional<Error> serve_until_told(const sigset_t& signals,
                                      const signer::SignerService& service) {
  while (true) {
    const timespec period{0, 100'000'000};
    const int got = sigtimedwait(&signals, nullptr, &period);
    if (got == SIGTERM || got == SIGINT) return std::nullopt;
    if (auto failed = service.failure()) return failed;
  }
}

Result<int> run_signer(const Program& program, const RunOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGTERM, SIGINT}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  WITAN_TRY(const SignerAddress wanted, usable(options.listen));
  WITAN_TRY(std::vector<NodeId> allowed, allowed_nodes(options));
  const HomeFiles files(program.home);
  WITAN_TRY(const SignerHome home, open_signer_home(files, options));
  LogOptions log_options;
  log_options.levels = home.contents.config.log.level;
  log_options.format = program.json ? LogFormat::json : LogFormat::text;
  log_options.path = home.contents.config.log.file;
  WITAN_TRY(const auto log, Logger::open(log_options, rt::system_clock()));
  WITAN_TRY(const auto service, open_service(files, home, *log));
  const SecretKey& self = home.contents.node_key;
  WITAN_TRY(const auto server, signer::SignerServer::start(wanted, self, std::move(allowed),
                                                           *service, *log, rt::system_clock()));
  WITAN_TRY_VOID(write_file_atomically(posix_file_system(), address_file(files),
                                       as_bytes(to_string(server->address()))));
  log_event(*log, Event::signer_started,
            {{"address", to_string(server->address())},
             {"node_id", self.node_id()},
             {"public_key", service->validator()},
             {"version", software_name()}});
  say_started(program, server->address(), self.node_id(), service->validator());
  const auto failed = serve_until_told(signals, *service);
  log_event(*log, Event::node_stopping, {{"reason", failed ? "failure" : "signal"}});
  server->stop();
  if (failed) return fail(*failed);
  WITAN_TRY_VOID(service->close());
  log_event(*log, Event::node_stopped, {{"exit_code", 0}});
  return 0;
}

// ---- asking a running signer, by its own key

Result<signer::SignerStatus> ask_signer(const HomeFiles& files, const RunOptions& options,
                                        signer::Request request) {
  std::string where = options.listen;
  if (where.empty()) {
    WITAN_TRY(const Bytes text, read_whole(posix_file_system(), address_file(files), 512));
    where = as_text(text);
  }
  WITAN_TRY(const SignerAddress address, usable(where));
  WITAN_TRY(const HomeContents home, open_home(files, {}, options.passphrase_file));
  const Clock& clock = rt::system_clock();
  WITAN_TRY(auto socket, signer::StreamSocket::connect(address, ask_limit, clock));
  WITAN_TRY(auto channel,
            signer::SecureChannel::initiate(std::move(socket), home.node_key,
                                            home.node_key.node_id(), clock.now() + ask_limit));
  WITAN_TRY_VOID(channel.send(signer::encode(request), clock.now() + ask_limit));
  WITAN_TRY(const Bytes bytes, channel.receive(clock.now() + ask_limit));
  WITAN_TRY(signer::Reply reply, signer::decode_reply(bytes));
  if (auto* refused = std::get_if<Error>(&reply.body)) return fail(std::move(*refused));
  if (auto* status = std::get_if<signer::SignerStatus>(&reply.body)) return std::move(*status);
  return fail(ErrorCode::malformed, "signer", "answers something else");
}

void print_status(const Program& program, const signer::SignerStatus& status) {
  const bool served = status.lease.epoch != 0;
  const std::vector<std::pair<std::string, std::string>> rows{
      {"validatorKey", to_hex(status.validator)},
      {"chainId", to_hex(status.chain_id)},
      {"state", status.halted.empty() ? "signing" : "halted"},
      {"halted", status.halted},
      {"epoch", std::to_string(status.lease.epoch)},
      {"holder", served ? to_hex(status.lease.holder) : ""},
      {"connections", std::to_string(status.connections)},
      {"lastSeq", std::to_string(status.last_seq)},
      {"height", std::to_string(status.height.get())},
      {"round", std::to_string(status.round.get())},
      {"refusedToHeight", std::to_string(status.minimum_height.get())},
      {"signed", std::to_string(status.signed_count)},
      {"refused", std::to_string(status.refused_count)}};
  if (!program.json) {
    std::fputs(render_pairs(rows).c_str(), stdout);
    return;
  }
  nlohmann::ordered_json out;
  for (const auto& [name, value] : rows) out[name] = value;
  std::printf("%s\n", out.dump(2).c_str());
}

Result<int> run_question(const Program& program, const RunOptions& options,
                         signer::Request request) {
  WITAN_TRY(const signer::SignerStatus status,
            ask_signer(HomeFiles(program.home), options, std::move(request)));
  print_status(program, status);
  return 0;
}

void add_question(CLI::App& signer, Program& program, const CommandText& text,
                  const signer::Request& request) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = add_command(signer, text);
  add_home_option(*command, program);
  add_json_option(*command, program);
  command->add_option("--listen", options->listen,
                      "where the signer listens; default: as it was started in this home");
  command->add_option("--passphrase-file", options->passphrase_file,
                      "file with the pass-phrase of the keys");
  on_client_run(*command, program,
                [&program, options, request] { return run_question(program, *options, request); });
}

}  // namespace

void add_signer_run_commands(CLI::App& signer, Program& program) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* run = add_command(
      signer, {"run", "hold the key and sign for a node elsewhere",
               "witan signer run --home /srv/signer --listen unix:///run/witan/signer.sock "
               "--allow NODE_ID"});
  add_home_option(*run, program);
  run->add_flag("--json", program.json, "log and print JSON");
  run->add_option("--listen", options->listen, "unix:///path or tcp://address:port")->required();
  run->add_option("--allow", options->allow,
                  "public key of a node that may ask; several: the newest to connect signs")
      ->required();
  run->add_option("--passphrase-file", options->passphrase_file,
                  "file with the pass-phrase of the keys; else WITAN_PASSPHRASE or a prompt");
  on_run(*run, program, [&program, options] { return run_signer(program, *options); });

  signer::Request status;
  status.id = 1;
  status.body = signer::AskStatus{};
  add_question(signer, program,
               {"status", "what a running signer does", "witan signer status --home /srv/signer"},
               status);
  signer::Request drain;
  drain.id = 1;
  drain.body = signer::Drain{};
  add_question(signer, program,
               {"drain", "let a running signer sign nothing more, before it is stopped or moved",
                "witan signer drain --home /srv/signer"},
               drain);
}

}  // namespace witan::cli
