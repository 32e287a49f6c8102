#include "actors/node/stores.hpp"

#include <algorithm>
#include <filesystem>

#include "actors/ledger/rollback.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/keys.hpp"

namespace witan::node {
namespace {

// A validator that signs is in every few certificates; older ones say nothing new.
constexpr std::uint64_t certificates_looked_at = 64;

KvOptions options_for(std::size_t write_buffer_bytes, std::size_t cache_bytes) {
  KvOptions out;
  out.write_buffer_bytes = write_buffer_bytes;
  out.block_cache_bytes = cache_bytes;
  return out;
}

Result<std::unique_ptr<StateStore>> open_state(const Databases& databases, const HomeLayout& layout,
                                               const StorageConfig& config,
                                               const ChainId& chain_id) {
  WITAN_TRY(auto kv, databases.open(layout.state(), options_for(8U << 20U, 8U << 20U)));
  StateStoreLimits limits;
  limits.retain_versions = config.state_versions;
  return StateStore::open(std::move(kv), chain_id, limits);
}

}  // namespace

Databases host_databases() {
  return {open_leveldb, [](const FilePath& path) -> Status {
            std::error_code code;
            std::filesystem::remove_all(path, code);
            if (code) return fail(ErrorCode::io, path.string(), code.message());
            return {};
          }};
}

Result<Stores> Stores::open(const FilePath& home, const StorageConfig& config,
                            const ChainId& chain_id, Height initial_height) {
  WITAN_TRY(auto dir, DataDir::open(home));
  WITAN_TRY(Stores out, open_in(host_databases(), home, config, chain_id, initial_height));
  out.dir = std::move(dir);
  return out;
}

Result<Stores> Stores::open_in(const Databases& databases, const FilePath& home,
                               const StorageConfig& config, const ChainId& chain_id,
                               Height initial_height) {
  Stores out;
  out.layout = HomeLayout(home);
  const HomeLayout& layout = out.layout;
  WITAN_TRY(auto blocks, databases.open(layout.blocks(), options_for(8U << 20U, 4U << 20U)));
  WITAN_TRY(out.blocks, BlockStore::open(std::move(blocks)));
  WITAN_TRY(out.index, databases.open(layout.index(), options_for(4U << 20U, 2U << 20U)));
  WITAN_TRY(out.state, open_state(databases, layout, config, chain_id));
  const auto make_state_anew = [&]() -> Status {
    out.state.reset();
    WITAN_TRY_VOID(databases.remove(layout.state()));
    WITAN_TRY(out.state, open_state(databases, layout, config, chain_id));
    return {};
  };
  WITAN_TRY_VOID(
      ledger::settle_stores(*out.blocks, *out.state, *out.index, initial_height, make_state_anew));
  return out;
}

Result<ChainHeader> Stores::chain_header(Height height) const {
  WITAN_TRY(const StoredBlock stored, blocks->block_at(height));
  WITAN_TRY(const Block block, decode_block(stored.block));
  WITAN_TRY(const Bytes raw, blocks->certificate_at(height));
  ChainHeader out{block.header, {}};
  WITAN_TRY(out.certificate, decode_certificate(raw));
  return out;
}

Height Stores::own_commit_height(ValidatorIndex self) const {
  const Height last = height();
  if (last.get() == 0) return Height(0);
  const std::uint64_t lowest = std::max(
      blocks->first()->get(), last.get() - std::min(last.get() - 1, certificates_looked_at));
  for (std::uint64_t h = last.get(); h >= lowest && h > 0; --h) {
    const auto raw = blocks->certificate_at(Height(h));
    if (!raw) continue;
    const auto certificate = decode_certificate(*raw);
    if (!certificate) continue;
    const auto& signatures = certificate->signatures;
    if (std::any_of(signatures.begin(), signatures.end(),
                    [&](const auto& s) { return s.validator == self; }))
      return Height(h);
  }
  return Height(0);
}

Result<std::optional<SignMemory>> remembered_sign_state(const KvStore& index,
                                                        const PublicKey& key) {
  WITAN_TRY(const auto value, index.get(keys::with_prefix(keys::sign_state, key.view())));
  if (!value) return std::optional<SignMemory>{};
  ByteReader in{ByteView(*value)};
  SignMemory memory;
  memory.instance = in.fixed<InstanceId>();
  memory.generation = in.u64();
  if (!in.done()) return fail(ErrorCode::corrupt, "index.db", "record of the sign-state");
  return std::optional(memory);
}

Status remember_sign_state(KvStore& index, const PublicKey& key, const SignMemory& memory) {
  const Bytes value = ByteWriter().raw(memory.instance.view()).u64(memory.generation).take();
  return index.put(keys::with_prefix(keys::sign_state, key.view()), value, Durability::synced);
}

}  // namespace witan::node
