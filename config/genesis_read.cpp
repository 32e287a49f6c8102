#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "config/genesis.hpp"
#include "config/genesis_json.hpp"
#include "config/genesis_params.hpp"
#include "config/genesis_time.hpp"
#include "messages/base/hex.hpp"

namespace witan {

namespace {

using namespace genesis_detail;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

tl::unexpected<Error> as_genesis(Error error, std::string field) {
  return fail(ErrorCode::genesis, std::move(field), std::move(error.text));
}

// "wit1..." or 64 hex digits.
Result<PublicKey> read_key(ObjectReader& object, std::string_view name) {
  WITAN_TRY(const std::string text, object.text(name));
  const bool address = text.rfind(std::string(address_prefix) + "1", 0) == 0;
  auto key = address ? from_address(text) : fixed_from_hex<PublicKey>(text, {});
  if (!key) return as_genesis(std::move(key).error(), object.place(name));
  return *key;
}

Result<GenesisParams> read_params(const Json& json) {
  GenesisParams out;
  WITAN_TRY(auto object, ObjectReader::make(json, "params"));
  WITAN_TRY_VOID(
      object.number("block_bytes_max", out.block_bytes_max, block_bytes_min, block_bytes_max));
  WITAN_TRY_VOID(object.number("fee_min", out.fee_min, 0, u64_max));
  WITAN_TRY_VOID(object.number("evidence_max_age_blocks", out.evidence_max_age_blocks, 1,
                               evidence_age_blocks_max));
  for (const DurationParam& p : duration_params) {
    std::int64_t ms = (out.*p.member).ms();
    WITAN_TRY_VOID(object.number(p.name, ms, p.min_ms, p.max_ms));
    out.*p.member = Duration::from_ms(ms);
  }
  WITAN_TRY_VOID(object.finish());
  return out;
}

Result<GenesisValidator> read_validator(const Json& json, std::string path) {
  GenesisValidator out;
  WITAN_TRY(auto object, ObjectReader::make(json, std::move(path)));
  WITAN_TRY(out.name, object.text("name"));
  WITAN_TRY(out.key, read_key(object, "key"));
  WITAN_TRY(const std::string proof, object.text("proof_of_possession"));
  WITAN_TRY(
      out.proof_of_possession,
      fixed_from_hex<Signature>(proof, object.place("proof_of_possession")).map_error([](Error e) {
        return Error{ErrorCode::genesis, e.field, e.text};
      }));
  WITAN_TRY_VOID(object.require("stake"));
  WITAN_TRY_VOID(object.number("stake", out.stake, 1, u64_max));
  WITAN_TRY_VOID(object.number("score_milli", out.score_milli, 0, score_milli_max));
  WITAN_TRY_VOID(object.require("tier"));
  WITAN_TRY_VOID(object.number("tier", out.tier, tier_min, tier_max));
  WITAN_TRY_VOID(object.number("timetoke_hours", out.timetoke_hours, 0, u64_max));
  WITAN_TRY_VOID(object.number("consensus_success", out.consensus_success, 0, u64_max));
  WITAN_TRY_VOID(object.finish());
  return out;
}

Result<GenesisAccount> read_account(const Json& json, std::string path) {
  GenesisAccount out;
  WITAN_TRY(auto object, ObjectReader::make(json, std::move(path)));
  WITAN_TRY(out.id, read_key(object, "address"));
  WITAN_TRY_VOID(object.require("balance"));
  WITAN_TRY_VOID(object.number("balance", out.balance, 0, u64_max));
  WITAN_TRY_VOID(object.finish());
  return out;
}

// Every item of a list, at most `count_max` of them.
template <class T, class ReadItem>
Status read_list(const Json& json, const std::string& name, std::size_t count_max,
                 ReadItem read_item, std::vector<T>& out) {
  if (!json.is_array() || json.size() > count_max) {
    return fail(ErrorCode::genesis, name,
                "expected a list of at most " + std::to_string(count_max));
  }
  for (std::size_t i = 0; i < json.size(); ++i) {
    WITAN_TRY(T item, read_item(json[i], name + "[" + std::to_string(i) + "]"));
    out.push_back(std::move(item));
  }
  return {};
}

Result<ChainType> read_type(ObjectReader& object) {
  WITAN_TRY(const std::string text, object.text("type"));
  const auto it = std::find(chain_types.begin(), chain_types.end(), text);
  if (it == chain_types.end()) {
    return fail(ErrorCode::genesis, object.place("type"), "expected development, staging or live");
  }
  return static_cast<ChainType>(it - chain_types.begin());
}

}  // namespace

Result<Genesis> parse_genesis(std::string_view text) {
  if (text.size() > genesis_bytes_max) {
    return fail(ErrorCode::genesis, {},
                "larger than " + std::to_string(genesis_bytes_max) + " bytes");
  }
  WITAN_TRY(const Json json, parse_json(text));
  WITAN_TRY(auto object, ObjectReader::make(json, {}));
  Genesis out;
  WITAN_TRY(out.chain_name, object.text("chain_name"));
  WITAN_TRY(out.type, read_type(object));
  WITAN_TRY(const std::string time, object.text("time"));
  WITAN_TRY(out.time, parse_rfc3339(time, "time"));
  std::uint64_t initial_height = 1;
  WITAN_TRY_VOID(object.number("initial_height", initial_height, 1, initial_height_max));
  out.initial_height = Height{initial_height};
  if (const Json* params = object.optional("params"); params != nullptr) {
    WITAN_TRY(out.params, read_params(*params));
  }
  WITAN_TRY(const Json* validators, object.required("validators"));
  WITAN_TRY_VOID(
      read_list(*validators, "validators", validators_max, read_validator, out.validators));
  if (const Json* accounts = object.optional("accounts"); accounts != nullptr) {
    WITAN_TRY_VOID(
        read_list(*accounts, "accounts", genesis_accounts_max, read_account, out.accounts));
  }
  WITAN_TRY_VOID(object.finish());
  WITAN_TRY_VOID(check_genesis(out));
  return out;
}

Result<Genesis> load_genesis(const std::string& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  if (size < 0 || size > static_cast<std::streamoff>(genesis_bytes_max)) {
    return fail(ErrorCode::genesis, path,
                size < 0 ? "cannot be read; every node of a chain needs the same file"
                         : "larger than " + std::to_string(genesis_bytes_max) + " bytes");
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  stream.seekg(0);
  if (!stream.read(text.data(), size)) return fail(ErrorCode::genesis, path, "cannot be read");
  auto genesis = parse_genesis(text);
  if (!genesis) {
    Error error = std::move(genesis).error();
    return fail(error.code, path + (error.field.empty() ? "" : ": " + error.field), error.text);
  }
  return genesis;
}

}  // namespace witan
