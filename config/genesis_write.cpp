#include <nlohmann/json.hpp>

#include "config/genesis.hpp"
#include "config/genesis_json.hpp"
#include "config/genesis_params.hpp"
#include "config/genesis_time.hpp"
#include "messages/base/hex.hpp"

namespace witan {

namespace {

using namespace genesis_detail;

Json write_params(const GenesisParams& params) {
  Json out = Json::object();
  out["block_bytes_max"] = params.block_bytes_max;
  out["fee_min"] = std::to_string(params.fee_min);
  out["evidence_max_age_blocks"] = params.evidence_max_age_blocks;
  for (const DurationParam& p : duration_params) out[std::string(p.name)] = (params.*p.member).ms();
  return out;
}

Json write_validator(const GenesisValidator& v) {
  Json out = Json::object();
  out["name"] = v.name;
  out["key"] = to_hex(v.key);
  out["proof_of_possession"] = to_hex(v.proof_of_possession);
  out["stake"] = std::to_string(v.stake);
  out["score_milli"] = v.score_milli;
  out["tier"] = v.tier;
  out["timetoke_hours"] = std::to_string(v.timetoke_hours);
  out["consensus_success"] = std::to_string(v.consensus_success);
  return out;
}

}  // namespace

std::string write_genesis(const Genesis& genesis) {
  Json out = Json::object();
  out["chain_name"] = genesis.chain_name;
  out["type"] = std::string(chain_types.at(static_cast<std::size_t>(genesis.type)));
  out["time"] = to_rfc3339(genesis.time);
  out["initial_height"] = genesis.initial_height.get();
  out["params"] = write_params(genesis.params);
  out["validators"] = Json::array();
  for (const GenesisValidator& v : genesis.validators)
    out["validators"].push_back(write_validator(v));
  out["accounts"] = Json::array();
  for (const GenesisAccount& a : genesis.accounts) {
    Json account = Json::object();
    account["address"] = to_address(a.id);
    account["balance"] = std::to_string(a.balance);
    out["accounts"].push_back(std::move(account));
  }
  return out.dump(2) + "\n";
}

}  // namespace witan
