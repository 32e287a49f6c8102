// What one turn of the consensus actor wants made durable: log records first, then signatures, in
// order. It becomes one Persist message and, if something must be durable, one fdatasync.
#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "actors/consensus/log_records.hpp"
#include "crypto/sign_record.hpp"
#include "messages/schema/consensus.capnp.h"
#include "messages/types/certificate.hpp"
#include "messages/wire/envelope.hpp"

namespace witan::consensus {

class EffectBatch {
 public:
  // `height`: of a record that belongs to another height than the batch; 0: the batch's.
  template <class T>
  void log(RecordKind kind, const T& what, Height height = Height(0)) {
    records_.push_back({kind, height, encode_record(what)});
    bytes_ += records_.back().payload.size();
  }
  // `polka`: of the intent's value; travels with a proposal once it is published, and a signer that
  // guards the lock may want to see it (S8).
  void sign(const Intent& intent, const std::optional<Certificate>& polka = std::nullopt);

  // Records alone wait for the next signature (or decision): nothing depends on them before.
  [[nodiscard]] bool must_go() const { return !intents_.empty() || bytes_ > 1024 * 1024; }
  [[nodiscard]] bool empty() const { return records_.empty() && intents_.empty(); }
  void clear();
  // The message for the effect runner; the batch is empty afterwards.
  [[nodiscard]] Draft<schema::Persist> take(Height height, std::uint64_t prune_below);

 private:
  struct Record {
    RecordKind kind = RecordKind::vote;
    Height height;
    Bytes payload;
  };
  std::vector<Record> records_;
  struct Wish {
    Intent intent;
    std::optional<Certificate> polka;
  };
  std::vector<Wish> intents_;
  std::size_t bytes_ = 0;
};

void write_intent(schema::SignIntent::Builder to, const Intent& intent,
                  const std::optional<Certificate>& polka = std::nullopt);
[[nodiscard]] Result<Intent> read_intent(schema::SignIntent::Reader from);
[[nodiscard]] Result<std::optional<Certificate>> read_polka(schema::SignIntent::Reader from);

}  // namespace witan::consensus
