// tx: make, sign and submit one transaction.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/tx_codec.hpp"
#include "tools/witan/api_client.hpp"
#include "tools/witan/key_files.hpp"
#include "tools/witan/program.hpp"
#include "tools/witan/table.hpp"

namespace witan::cli {
namespace {

using Json = nlohmann::json;

struct TransferOptions {
  std::string from;
  std::string passphrase_file;
  std::string to;
  std::uint64_t amount = 0;
  std::uint64_t fee = 1;
  std::string nonce = "auto";
  std::string memo;
  bool wait = false;
};

struct OpaqueOptions {
  std::string text, hex, file;
  std::uint64_t valid_for = 100;
  bool wait = false;
};

Result<AccountId> account_from(const std::string& text) {
  const bool address = text.rfind(std::string(address_prefix) + "1", 0) == 0;
  auto id = address ? from_address(text) : fixed_from_hex<AccountId>(text, "--to");
  if (!id) return fail(ErrorCode::usage, "--to", id.error().to_string());
  return *id;
}

Result<std::uint64_t> nonce_of(ApiClient& api, const AccountId& from, const std::string& text) {
  if (text == "auto") {
    WITAN_TRY(const AccountState state, api.account(from));
    return state.pending_nonce;
  }
  std::uint64_t nonce = 0;
  if (!CLI::detail::lexical_cast(text, nonce) || text[0] == '-')
    return fail(ErrorCode::usage, "--nonce", "is auto or a whole number");
  return nonce;
}

Result<int> submit(const Program& program, ApiClient& api, const Transaction& tx, bool wait) {
  const Bytes bytes = encode(tx);
  if (bytes.size() > tx_bytes_max)
    return fail(ErrorCode::usage, "transaction", "is larger than 65536 bytes");
  WITAN_TRY(const std::string body, api.submit(bytes, wait));
  const Json reply = Json::parse(body, nullptr, false);
  if (!reply.is_object())
    return fail(ErrorCode::malformed, "--node", "the answer is not the API's JSON");
  if (program.json) {
    std::printf("%s\n", body.c_str());
  } else {
    std::vector<std::pair<std::string, std::string>> pairs{{"id", to_hex(tx_id(bytes))},
                                                           {"outcome", reply.value("code", "-")}};
    if (wait) pairs.emplace_back("height", reply.value("height", "-"));
    std::fputs(render_pairs(pairs).c_str(), stdout);
  }
  const std::string code = reply.value("code", "ok");
  if (code == "ok") return 0;
  return fail(error_code_from(code), "tx", reply.value("text", "it failed in its block"));
}

Result<int> run_transfer(const Program& program, const TransferOptions& options) {
  WITAN_TRY(HttpUrl url, node_url(program));
  WITAN_TRY(const AccountId to, account_from(options.to));
  WITAN_TRY(const SecretKey key,
            open_key(options.from, account_role, options.passphrase_file, PlainFiles::allow));
  ApiClient api(std::move(url), options.wait ? Duration::from_s(30) : http_timeout_default);
  WITAN_TRY(const Hash32 chain_id, api.chain_id());
  Transfer transfer;
  transfer.from = key.public_key();
  transfer.to = to;
  transfer.amount = options.amount;
  transfer.fee = options.fee;
  WITAN_TRY(transfer.nonce, nonce_of(api, transfer.from, options.nonce));
  transfer.memo.assign(options.memo.begin(), options.memo.end());
  if (transfer.memo.size() > memo_bytes_max)
    return fail(ErrorCode::usage, "--memo", "is longer than 256 bytes");
  transfer.signature = key.sign(transfer_hash(chain_id, transfer).view());
  return submit(program, api, transfer, options.wait);
}

Result<Bytes> payload_of(const OpaqueOptions& options) {
  if (!options.hex.empty()) {
    auto bytes = from_hex(options.hex);
    if (!bytes) return fail(ErrorCode::usage, "--hex", bytes.error().text);
    return bytes;
  }
  if (!options.file.empty()) return read_whole(posix_file_system(), options.file, tx_bytes_max);
  return Bytes(options.text.begin(), options.text.end());
}

Result<int> run_opaque(const Program& program, const OpaqueOptions& options) {
  WITAN_TRY(HttpUrl url, node_url(program));
  WITAN_TRY(Bytes payload, payload_of(options));
  ApiClient api(std::move(url), options.wait ? Duration::from_s(30) : http_timeout_default);
  WITAN_TRY(const std::uint64_t height, api.latest_height());
  return submit(program, api, Opaque{Height(height + options.valid_for), std::move(payload)},
                options.wait);
}

void add_transfer(CLI::App& tx, Program& program) {
  const auto options = std::make_shared<TransferOptions>();
  CLI::App* transfer = add_command(
      tx, {"transfer", "move an amount to another account",
           "witan tx transfer --from net/accounts/account0.json --to wit1... --amount 5 --wait"});
  add_node_options(*transfer, program);
  add_json_option(*transfer, program);
  transfer->add_option("--from", options->from, "key file of the sender")->required();
  transfer->add_option("--to", options->to, "wit1... or 64 hex digits")->required();
  transfer->add_option("--amount", options->amount, "what the receiver gets")->required();
  transfer->add_option("--fee", options->fee, "at least the chain's fee_min")
      ->capture_default_str();
  transfer
      ->add_option("--nonce", options->nonce,
                   "auto: the sender's next one, after the transfers this node has pending")
      ->capture_default_str();
  transfer->add_option("--memo", options->memo, "at most 256 bytes");
  transfer->add_option("--passphrase-file", options->passphrase_file,
                       "of the key file; else WITAN_PASSPHRASE or a prompt");
  transfer->add_flag("--wait", options->wait, "answer when it is in a block");
  on_client_run(*transfer, program,
                [&program, options] { return run_transfer(program, *options); });
}

void add_opaque(CLI::App& tx, Program& program) {
  const auto options = std::make_shared<OpaqueOptions>();
  CLI::App* opaque = add_command(tx, {"opaque", "order and store bytes (development chains only)",
                                      "witan tx opaque --text hello --wait"});
  add_node_options(*opaque, program);
  add_json_option(*opaque, program);
  CLI::Option_group* payload = opaque->add_option_group("Payload", "one of these");
  payload->add_option("--text", options->text, "the payload as text");
  payload->add_option("--hex", options->hex, "the payload as hex digits");
  payload->add_option("--file", options->file, "a file with the payload");
  payload->require_option(1);
  opaque->add_option("--valid-for", options->valid_for, "heights from the last decided one")
      ->check(CLI::Range(std::uint64_t{1}, opaque_window_heights))
      ->capture_default_str();
  opaque->add_flag("--wait", options->wait, "answer when it is in a block");
  on_client_run(*opaque, program, [&program, options] { return run_opaque(program, *options); });
}

}  // namespace

void add_tx_commands(CLI::App& app, Program& program) {
  CLI::App* tx =
      add_command(app, {"tx", "make and submit transactions", "witan tx transfer --help"});
  tx->require_subcommand(1);
  add_transfer(*tx, program);
  add_opaque(*tx, program);
  add_transaction_query(*tx, program);
}

}  // namespace witan::cli
