#include "actors/consensus/effect_batch.hpp"

#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {

Draft<schema::Persist> EffectBatch::take(Height height, std::uint64_t prune_below) {
  Draft<schema::Persist> out(bytes_ / 8 + records_.size() * 4 + intents_.size() * 48 + 64);
  out->setHeight(height.get());
  out->setPruneBelow(prune_below);
  auto records = out->initRecords(static_cast<kj::uint>(records_.size()));
  for (kj::uint i = 0; i < records.size(); ++i) {
    records[i].setKind(static_cast<std::uint8_t>(records_[i].kind));
    records[i].setPayload(as_data(ByteView(records_[i].payload)));
    if (records_[i].height.get() != 0) records[i].setHeight(records_[i].height.get());
  }
  auto intents = out->initIntents(static_cast<kj::uint>(intents_.size()));
  for (kj::uint i = 0; i < intents.size(); ++i)
    write_intent(intents[i], intents_[i].intent, intents_[i].polka);
  clear();
  return out;
}

void EffectBatch::sign(const Intent& intent, const std::optional<Certificate>& polka) {
  Wish& wish = intents_.emplace_back();
  wish.intent = intent;
  if (polka) wish.polka = *polka;
}

void EffectBatch::clear() {
  records_.clear();
  intents_.clear();
  bytes_ = 0;
}

void write_intent(schema::SignIntent::Builder to, const Intent& intent,
                  const std::optional<Certificate>& polka) {
  to.setKind(static_cast<std::uint8_t>(intent.kind));
  to.setHeight(intent.height.get());
  to.setRound(intent.round.get());
  to.setPolRound(intent.pol_round.get());
  to.setValue(as_data(intent.value));
  to.setPartsCount(intent.parts.count);
  to.setPartsBytes(intent.parts.total_bytes);
  to.setPartsRoot(as_data(intent.parts.root));
  to.setLockedRound(intent.locked.round.get());
  to.setLockedValue(as_data(intent.locked.id));
  to.setValidRound(intent.valid.round.get());
  to.setValidValue(as_data(intent.valid.id));
  to.setValidator(intent.validator);
  if (polka) write_certificate(to.initPolka(), *polka);
}

Result<Intent> read_intent(schema::SignIntent::Reader from) {
  Intent out;
  out.kind = static_cast<SignedKind>(from.getKind());
  out.height = Height(from.getHeight());
  WITAN_TRY(out.round, read_round(from.getRound(), false, "intent.round"));
  WITAN_TRY(out.pol_round, read_round(from.getPolRound(), true, "intent.pol_round"));
  WITAN_TRY(out.value, read_value(from.getValue(), "intent.value"));
  out.parts.count = from.getPartsCount();
  out.parts.total_bytes = from.getPartsBytes();
  WITAN_TRY(out.parts.root, fixed_from<Hash32>(as_view(from.getPartsRoot()), "intent.parts_root"));
  WITAN_TRY(out.locked.round, read_round(from.getLockedRound(), true, "intent.locked"));
  WITAN_TRY(out.locked.id, read_value(from.getLockedValue(), "intent.locked"));
  WITAN_TRY(out.valid.round, read_round(from.getValidRound(), true, "intent.valid"));
  WITAN_TRY(out.valid.id, read_value(from.getValidValue(), "intent.valid"));
  out.validator = from.getValidator();
  return out;
}

Result<std::optional<Certificate>> read_polka(schema::SignIntent::Reader from) {
  if (!from.hasPolka()) return std::optional<Certificate>();
  WITAN_TRY(Certificate polka, read_certificate(from.getPolka()));
  return std::optional<Certificate>(std::move(polka));
}

}  // namespace witan::consensus
