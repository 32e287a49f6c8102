// Evidence as the API shows it: pending and committed items from index.db, charges from the state.
#include "actors/ledger/core/evidence_rules.hpp"
#include "actors/node/sources.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "storage/keys.hpp"

namespace witan::node {
namespace {

struct Found {
  Bytes bytes;
  Hash32 hash;
  Height block;  // 0: pending
};

Status fill(const std::vector<Found>& found, const ValidatorSet& set,
            schema::EvidenceList::Builder out) {
  auto list = out.initEvidence(static_cast<kj::uint>(found.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    const auto evidence = decode_evidence(found[i].bytes);
    if (!evidence) return fail(ErrorCode::corrupt, "index.db", evidence.error().to_string());
    const EvidenceKey key = key_of(*evidence);
    list[i].setHash(as_data(found[i].hash));
    list[i].setStatus(found[i].block.get() == 0 ? "pending" : "committed");
    list[i].setKind(std::string(name_of(key.kind)));
    if (key.validator < set.size()) list[i].setValidator(as_data(set.at(key.validator).key));
    list[i].setHeight(key.height.get());
    list[i].setRound(key.round.get());
    list[i].setCommittedHeight(found[i].block.get());
    list[i].setBytes(as_data(ByteView(found[i].bytes)));
  }
  return {};
}

}  // namespace

Status NodeSources::evidence(std::uint32_t limit, const std::optional<Hash32>& hash,
                             schema::EvidenceList::Builder out) {
  const KvStore& index = *options_.stores.index;
  std::vector<Found> found;
  std::uint32_t pending = 0;
  std::uint32_t committed = 0;
  const auto take = [&](ByteView value, Height block, std::uint32_t& count) {
    const Hash32 id = evidence_hash(value);
    const bool wanted = hash ? id == *hash : count < limit;
    ++count;
    if (wanted) found.push_back({Bytes(value.begin(), value.end()), id, block});
  };
  WITAN_TRY_VOID(index.scan(KeyRange::prefix(Bytes{keys::pending_evidence}), Direction::forward,
                            [&](ByteView, ByteView value) {
                              take(value, Height(0), pending);
                              return true;
                            }));
  WITAN_TRY_VOID(index.scan(KeyRange::prefix(Bytes{keys::committed_evidence}), Direction::backward,
                            [&](ByteView key, ByteView value) {
                              take(value, Height(keys::read_u64_be(key.subspan(1))), committed);
                              return hash ? found.empty() : committed < limit;
                            }));
  if (hash && found.empty())
    return fail(ErrorCode::not_found, "id", "neither pending nor committed here");
  WITAN_TRY_VOID(fill(found, *options_.validators, out));
  out.setPending(pending);
  const GenesisParams& params = options_.genesis.params;
  out.setMaxAgeBlocks(params.evidence_max_age_blocks);
  out.setMaxAgeSeconds(static_cast<std::uint64_t>(params.evidence_max_age.ns / 1'000'000'000));
  return accused(out);
}

// From the state: what every node that has it says alike.
Status NodeSources::accused(schema::EvidenceList::Builder out) {
  std::vector<std::pair<PublicKey, ledger::AccusedRecord>> records;
  for (const Validator& v : options_.validators->all()) {
    WITAN_TRY(const auto value,
              options_.stores.state->get(Module::validators, ledger::accused_state_key(v.key)));
    if (!value) continue;
    WITAN_TRY(const ledger::AccusedRecord record, ledger::decode_accused(*value));
    records.emplace_back(v.key, record);
  }
  auto list = out.initAccused(static_cast<kj::uint>(records.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    list[i].setValidator(as_data(records[i].first));
    list[i].setCommitted(records[i].second.committed);
    list[i].setLastHeight(records[i].second.last_block.get());
  }
  return {};
}

}  // namespace witan::node
