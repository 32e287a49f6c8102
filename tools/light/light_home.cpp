#include "tools/light/light_home.hpp"

#include <nlohmann/json.hpp>

#include "actors/telemetry/log.hpp"
#include "messages/base/hex.hpp"
#include "storage/atomic_file.hpp"

namespace witan::light {
namespace {

using Json = nlohmann::ordered_json;

Json side_json(const std::string& provider, const AttackEvidence& evidence,
               const std::optional<AttackFinding>& finding) {
  Json out{{"provider", provider},
           {"commonHeight", std::to_string(evidence.common_height.get())},
           {"height", std::to_string(evidence.conflicting.height().get())},
           {"id", to_hex(evidence.conflicting.id())},
           {"round", evidence.conflicting.commit.round.get()},
           {"stateRoot", to_hex(evidence.conflicting.header.state_root)}};
  if (finding) {
    out["kind"] = name_of(finding->kind);
    out["accused"] = Json::array();
    for (const PublicKey& key : finding->accused) out["accused"].push_back(to_hex(key));
    out["accusedPower"] = std::to_string(finding->accused_power);
  }
  out["evidence"] = to_hex(encode_attack(evidence));
  return out;
}

}  // namespace

std::string attack_json(const Attack& attack, UnixTime now) {
  const Json out{
      {"type", "light_client_attack"},
      {"found", format_utc(now)},
      {"chainId", to_hex(attack.common.header.chain_id)},
      {"commonId", to_hex(attack.common.id())},
      {"againstPrimary", side_json(attack.primary, attack.against_primary, attack.primary_finding)},
      {"againstWitness",
       side_json(attack.witness, attack.against_witness, attack.witness_finding)}};
  return out.dump(2) + "\n";
}

Result<LightHome> LightHome::open(const FilePath& folder) {
  WITAN_TRY(auto lock, DataDir::open(folder, 0));
  return LightHome(std::move(lock));
}

Result<std::optional<TrustedStore>> LightHome::load() const {
  FileSystem& fs = posix_file_system();
  if (!fs.exists(store_file())) return std::optional<TrustedStore>{};
  WITAN_TRY(const Bytes bytes, read_whole(fs, store_file(), trusted_store_bytes_max));
  auto store = TrustedStore::decode(bytes);
  if (!store) return fail(store.error().code, store_file().string(), store.error().text);
  return std::optional<TrustedStore>(std::move(*store));
}

Status LightHome::save(const TrustedStore& store) const {
  return write_file_atomically(posix_file_system(), store_file(), store.encode());
}

Result<FilePath> LightHome::save_attack(const Attack& attack, UnixTime now) const {
  FileSystem& fs = posix_file_system();
  const FilePath folder = lock_->layout().home / "evidence";
  WITAN_TRY_VOID(fs.create_directories(folder));
  const std::uint64_t height = attack.against_primary.conflicting.height().get();
  const FilePath file = folder / ("attack-" + std::to_string(height) + ".json");
  WITAN_TRY_VOID(write_file_atomically(fs, file, as_bytes(attack_json(attack, now))));
  return file;
}

}  // namespace witan::light
