// keys: make, show, import, export and prove key files (crypto/keystore.hpp).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/genesis.hpp"
#include "messages/base/hex.hpp"
#include "tools/witan/key_files.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::ordered_json;

struct KeyOptions {
  std::string file;
  std::string role = "operator";
  std::string passphrase_file;
  std::string source = "-";
  bool plain = false;
  bool unlock = false;
  bool unsafe = false;
};

// What may be known of a key; the node id needs the secret, for the parity of its point.
void print_key(const Program& program, const std::string& file, const KeyFile& key,
               const std::optional<NodeId>& node_id) {
  const bool plain = key.protection == Protection::none_development_only;
  std::vector<std::pair<std::string, std::string>> rows{
      {"file", file},
      {"role", std::string(name_of(key.role))},
      {"publicKey", to_hex(key.public_key)},
      {"address", to_address(key.public_key)},
      {"protection", plain ? "none (development only)" : "pass-phrase"}};
  if (node_id) rows.emplace_back("nodeId", to_hex(*node_id));
  if (!program.json) {
    std::fputs(render_pairs(rows).c_str(), stdout);
    return;
  }
  Json out;
  for (const auto& [name, value] : rows) out[name] = value;
  std::printf("%s\n", out.dump(2).c_str());
}

Result<Protect> new_protection(const KeyOptions& options) {
  if (options.plain) return std::nullopt;
  WITAN_TRY(Passphrase passphrase,
            read_passphrase(options.passphrase_file, options.file, Ask::twice));
  return Protect(std::move(passphrase));
}

Result<int> store(const Program& program, const KeyOptions& options, const SecretKey& key) {
  auto role = key_role_from(options.role);
  if (!role) return fail(ErrorCode::usage, "--role", role.error().to_string());
  WITAN_TRY(const Protect protect, new_protection(options));
  WITAN_TRY_VOID(write_key(options.file, key, *role, protect));
  WITAN_TRY(const KeyFile written, read_key_file(options.file));
  print_key(program, options.file, written,
            *role == KeyRole::node ? std::optional(key.node_id()) : std::nullopt);
  return 0;
}

Result<SecretKey> unlock(const KeyOptions& options, const KeyFile& file) {
  return open_key(options.file, file.role, options.passphrase_file, PlainFiles::allow);
}

Result<int> run_show(const Program& program, const KeyOptions& options) {
  WITAN_TRY(const KeyFile file, read_key_file(options.file));
  std::optional<NodeId> node_id;
  const bool plain = file.protection == Protection::none_development_only;
  if (options.unlock || (file.role == KeyRole::node && plain)) {
    WITAN_TRY(const SecretKey key, unlock(options, file));
    node_id = key.node_id();
  }
  print_key(program, options.file, file, node_id);
  return 0;
}

// 64 hex digits from a file or standard input: arguments are seen by every user of the host.
Result<int> run_import(const Program& program, const KeyOptions& options) {
  std::string text;
  if (options.source == "-") {
    std::getline(std::cin, text);
  } else {
    WITAN_TRY(const Bytes bytes, read_whole(posix_file_system(), options.source, 256));
    text = std::string(as_text(bytes));
  }
  text.erase(text.find_last_not_of(" \r\n\t") + 1);
  auto bytes = from_hex(text);
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!bytes || bytes->size() != 32)
    return fail(ErrorCode::usage, "--from", "is not 64 hex digits of a secret key");
  auto key = SecretKey::from_bytes(*bytes);
  wipe(*bytes);
  if (!key) return fail(std::move(key).error());
  return store(program, options, *key);
}

Result<int> run_export(const Program& program, const KeyOptions& options) {
  if (!options.unsafe)
    return fail(ErrorCode::usage, "--unsafe",
                "the secret is printed in the clear: give --unsafe if that is what you want");
  WITAN_TRY(const KeyFile file, read_key_file(options.file));
  WITAN_TRY(const SecretKey key, unlock(options, file));
  const SecretBytes secret = key.secret_bytes();
  std::string hex = to_hex(secret.view());
  if (program.json) {
    std::printf("{\"role\":\"%s\",\"secret\":\"%s\"}\n", std::string(name_of(file.role)).c_str(),
                hex.c_str());
  } else {
    std::printf("%s\n", hex.c_str());
  }
  wipe({reinterpret_cast<std::uint8_t*>(hex.data()), hex.size()});
  return 0;
}

Result<int> run_prove(const Program& program, const KeyOptions& options) {
  WITAN_TRY(const SecretKey key,
            open_key(options.file, KeyRole::consensus, options.passphrase_file, PlainFiles::allow));
  const Json out{{"key", to_hex(key.public_key())},
                 {"proof_of_possession", to_hex(prove_possession(key))}};
  if (program.json) {
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("key                  %s\nproof_of_possession  %s\n",
                out["key"].get<std::string>().c_str(),
                out["proof_of_possession"].get<std::string>().c_str());
  }
  return 0;
}

using Run = Result<int> (*)(const Program&, const KeyOptions&);

std::shared_ptr<KeyOptions> add_key_command(CLI::App& keys, Program& program,
                                            const CommandText& text, Run run) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* command = add_command(keys, text);
  add_json_option(*command, program);
  command->add_option("FILE", options->file, "the key file")->required();
  command->add_option("--passphrase-file", options->passphrase_file,
                      "file with the pass-phrase; else WITAN_PASSPHRASE or a prompt");
  on_run(*command, program, [&program, options, run] { return run(program, *options); });
  return options;
}

void add_new_file_options(CLI::App& command, KeyOptions& options) {
  command.add_option("--role", options.role, "consensus, node, operator, vrf or governance")
      ->capture_default_str();
  command.add_flag("--plain", options.plain, "without pass-phrase: development chains only");
}

Result<int> run_new(const Program& program, const KeyOptions& options) {
  return store(program, options, SecretKey::generate());
}

}  // namespace

void add_key_commands(CLI::App& app, Program& program) {
  CLI::App* keys = add_command(app, {"keys", "key files", "witan keys new --help"});
  keys->require_subcommand(1);
  const auto made = add_key_command(
      *keys, program,
      {"new", "make a key and its file", "witan keys new account.json --role operator"}, run_new);
  add_new_file_options(*keys->get_subcommand("new"), *made);

  const auto shown = add_key_command(
      *keys, program,
      {"show", "public key and address of a key file", "witan keys show account.json"}, run_show);
  keys->get_subcommand("show")->add_flag("--unlock", shown->unlock,
                                         "open the file as well: checks it, prints the node id");

  const auto imported = add_key_command(
      *keys, program,
      {"import", "a key file from a secret key in hex", "witan keys import a.json --from secret"},
      run_import);
  add_new_file_options(*keys->get_subcommand("import"), *imported);
  keys->get_subcommand("import")
      ->add_option("--from", imported->source, "file with 64 hex digits; -: standard input")
      ->capture_default_str();

  const auto exported = add_key_command(
      *keys, program,
      {"export", "print the secret key in hex", "witan keys export a.json --unsafe"}, run_export);
  keys->get_subcommand("export")->add_flag("--unsafe", exported->unsafe,
                                           "yes, print the secret in the clear");

  add_key_command(*keys, program,
                  {"prove", "the proof of possession a genesis needs of a consensus key",
                   "witan keys prove home/config/consensus_key.json"},
                  run_prove);
}

}  // namespace witan::cli
