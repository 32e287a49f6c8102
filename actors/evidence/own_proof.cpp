#include "actors/evidence/own_proof.hpp"

#include "messages/base/codec_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "storage/keys.hpp"

namespace witan::evidence {
namespace {

Bytes acknowledged_key(const EvidenceKey& key) {
  return ByteWriter(18)
      .u8(keys::own_acknowledged)
      .u64(key.height.get())
      .u32(static_cast<std::uint32_t>(key.round.get()))
      .u8(static_cast<std::uint8_t>(key.kind))
      .u32(key.validator)
      .take();
}

// Collects proofs against one validator, each once.
class Collector {
 public:
  Collector(ValidatorIndex who, std::set<EvidenceKey> seen) : who_(who), seen_(std::move(seen)) {}
  void take(ByteView bytes) {
    const auto evidence = decode_evidence(bytes);
    if (!evidence) return;  // damaged: it proves nothing, and whoever reads it for its use says so
    const EvidenceKey key = key_of(*evidence);
    if (key.validator == who_ && seen_.insert(key).second)
      found_.push_back({key, Bytes(bytes.begin(), bytes.end())});
  }
  Status take_column(const KvStore& index, std::uint8_t column) {
    return index.scan(KeyRange::prefix(Bytes{column}), Direction::forward,
                      [this](ByteView, ByteView value) {
                        take(value);
                        return true;
                      });
  }
  std::vector<OwnProof> result() { return std::move(found_); }

 private:
  ValidatorIndex who_;
  std::set<EvidenceKey> seen_;
  std::vector<OwnProof> found_;
};

// The ledger may have died between storing a block and indexing what it holds.
Status take_unindexed(Collector& into, const KvStore& index, const BlockStore& blocks) {
  const auto first = blocks.first();
  const auto last = blocks.last();
  if (!first || !last) return {};
  WITAN_TRY(const auto value, index.get(Bytes{keys::indexed_height}));
  if (value && value->size() != 8) return fail(ErrorCode::corrupt, "index.db", "indexed height");
  const Height indexed(value ? keys::read_u64_be(*value) : 0);
  for (Height h = std::max(*first, indexed + 1); h <= *last; ++h) {
    WITAN_TRY(const StoredBlock stored, blocks.block_at(h));
    WITAN_TRY(const Block block, decode_block(stored.block));
    for (const Bytes& item : block.evidence) into.take(item);
  }
  return {};
}

}  // namespace

Result<std::optional<OwnProof>> alarm_in(const KvStore& index) {
  WITAN_TRY(auto bytes, index.get(Bytes{keys::own_alarm}));
  if (!bytes) return std::optional<OwnProof>{};
  WITAN_TRY(const Evidence evidence, decode_evidence(*bytes));
  return std::optional(OwnProof{key_of(evidence), std::move(*bytes)});
}

Result<std::set<EvidenceKey>> acknowledged_in(const KvStore& index) {
  std::set<EvidenceKey> out;
  bool damaged = false;
  WITAN_TRY_VOID(index.scan(KeyRange::prefix(Bytes{keys::own_acknowledged}), Direction::forward,
                            [&](ByteView key, ByteView) {
                              ByteReader in(key.subspan(1));
                              EvidenceKey offence;
                              offence.height = Height(in.u64());
                              offence.round = Round(static_cast<std::int32_t>(in.u32()));
                              offence.kind = static_cast<EvidenceKind>(in.u8());
                              offence.validator = in.u32();
                              damaged = damaged || !in.done();
                              out.insert(offence);
                              return true;
                            }));
  if (damaged) return fail(ErrorCode::corrupt, "index.db", "acknowledged evidence");
  return out;
}

Result<std::vector<OwnProof>> proofs_against(ValidatorIndex who, const KvStore& index,
                                             const BlockStore* blocks) {
  WITAN_TRY(auto acknowledged, acknowledged_in(index));
  Collector found(who, std::move(acknowledged));
  WITAN_TRY_VOID(found.take_column(index, keys::own_alarm));
  WITAN_TRY_VOID(found.take_column(index, keys::pending_evidence));
  WITAN_TRY_VOID(found.take_column(index, keys::committed_evidence));
  if (blocks != nullptr) WITAN_TRY_VOID(take_unindexed(found, index, *blocks));
  return found.result();
}

Status raise_alarm(KvStore& index, const OwnProof& proof) {
  WriteBatch batch;
  batch.put(Bytes{keys::own_alarm}, proof.bytes);
  return index.write(batch, Durability::synced);
}

Status acknowledge(KvStore& index, const std::vector<OwnProof>& proofs) {
  WriteBatch batch;
  for (const OwnProof& proof : proofs) batch.put(acknowledged_key(proof.key), proof.bytes);
  batch.erase(Bytes{keys::own_alarm});
  return index.write(batch, Durability::synced);
}

std::string advice_about(const EvidenceKey& key) {
  return "there is proof (" + std::string(name_of(key.kind)) +
         ") that this validator's key signed contradicting messages at height " +
         std::to_string(key.height.get()) + ", round " + std::to_string(key.round.get()) +
         ": another process holds the key, or an older backup of it was started. Find and stop "
         "it; then, knowing the key signs nowhere else, run `witan evidence acknowledge` and start "
         "again";
}

}  // namespace witan::evidence
