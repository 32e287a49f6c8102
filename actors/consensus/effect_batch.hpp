// What one turn of the consensus actor wants made durable: log records first, then signatures, in
// order. It becomes one Persist message and, if something must be durable, one fdatasync.
#pragma once
#include <optional>
#include <vector>

#include "actors/consensus/log_records.hpp"
#include "crypto/sign_record.hpp"
#include "messages/schema/consensus.capnp.h"
#include "messages/wire/envelope.hpp"

namespace witan::consensus {

class EffectBatch {
 public:
  template <class T>
  void log(RecordKind kind, const T& what) {
    records_.emplace_back(kind, encode_record(what));
    bytes_ += records_.back().second.size();
  }
  // `polka`: travels with the proposal once it is published.
  void sign(const Intent& intent, std::optional<PolkaCertificate> polka = std::nullopt) {
    intents_.push_back({intent, std::move(polka)});
  }

  // Records alone wait for the next signature (or decision): nothing depends on them before.
  [[nodiscard]] bool must_go() const { return !intents_.empty() || bytes_ > 1024 * 1024; }
  [[nodiscard]] bool empty() const { return records_.empty() && intents_.empty(); }
  void clear();
  // The message for the effect runner; the batch is empty afterwards.
  [[nodiscard]] Draft<schema::Persist> take(Height height, std::uint64_t prune_below);

 private:
  std::vector<std::pair<RecordKind, Bytes>> records_;
  struct Wanted {
    Intent intent;
    std::optional<PolkaCertificate> polka;
  };
  std::vector<Wanted> intents_;
  std::size_t bytes_ = 0;
};

void write_intent(schema::SignIntent::Builder to, const Intent& intent);
[[nodiscard]] Result<Intent> read_intent(schema::SignIntent::Reader from);

}  // namespace witan::consensus
