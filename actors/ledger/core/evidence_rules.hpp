// Which evidence a block may hold, and what committing it writes to the state. Whether an item is
// proof at all is Verifier::verify's judgement; here are the rules that depend on the chain:
//   - the offence is of a decided height, and not expired (EvidenceAge) at the block before;
//   - the same offence (EvidenceKey) was never committed, neither before nor in this block;
//   - a validator is charged with at most `accusations_max` offences: the state stays bounded by
//     the set, and nothing more is proved by the next one;
//   - at most limits of count and bytes per block.
// The state (module `validators`) holds one entry per committed offence and one record per accused:
// what is committed once is known to every node that has the state, whatever it has pruned. Nothing
// is taken from the accused: slashing is not part of this rule set.
// Pure; what the chain so far says comes in through EvidenceHistory.
#pragma once
#include <map>
#include <set>

#include "messages/base/result.hpp"
#include "messages/types/evidence.hpp"
#include "messages/types/state_write.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::ledger {

inline constexpr std::uint64_t accusations_max = 1024;  // counted offences of one validator
inline constexpr std::size_t block_evidence_max = 64;
inline constexpr std::size_t block_evidence_bytes_max = 16 * 1024;

// Bytes an item takes inside an encoded block, its list entry included.
[[nodiscard]] constexpr std::size_t evidence_block_bytes(std::size_t bytes) { return bytes + 16; }

// Offences of one validator on this chain, as the state holds them.
struct AccusedRecord {
  std::uint64_t committed = 0;
  Height last_block;  // the newest block that holds evidence against it
  bool operator==(const AccusedRecord&) const = default;
};
[[nodiscard]] Bytes encode(const AccusedRecord& record);
// Errors: corrupt.
[[nodiscard]] Result<AccusedRecord> decode_accused(ByteView bytes);

// Keys in the module `validators`; hashes, so they meet no validator's own key.
[[nodiscard]] Hash32 offence_state_key(const PublicKey& accused, const EvidenceKey& key);
[[nodiscard]] Hash32 accused_state_key(const PublicKey& accused);

// The chain before the block. Errors of the questions: io, corrupt; the block is then not judged.
class EvidenceHistory {
 public:
  virtual ~EvidenceHistory() = default;
  [[nodiscard]] virtual Result<std::optional<Bytes>> state(const Hash32& key) const = 0;
  // Time of a decided block; `pruned` or `not_found` when it is not here any more.
  [[nodiscard]] virtual Result<UnixTime> time_of(Height height) const = 0;
};

struct EvidenceContext {
  Height tip;
  UnixTime tip_time;
  EvidenceAge age;
};

// Judges the items of one block in order and collects what they write.
class EvidenceJudge {
 public:
  // REQUIRES: set and history outlive the judge and do not change.
  EvidenceJudge(const EvidenceContext& context, const ValidatorSet& set,
                const EvidenceHistory& history)
      : context_(context), set_(set), history_(history) {}

  // Takes an item of so many encoded bytes. Errors: unknown_validator, wrong_height (not decided
  // yet), expired, duplicate (in this block or before), too_large (the block or the validator is
  // full), and io, corrupt from the history. A refused item changes nothing.
  [[nodiscard]] Status admit(const EvidenceKey& key, std::size_t bytes);

  // Bytes of the items taken, as they count against the block.
  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  // What a block at `height` with the items taken writes; in the order of the keys.
  [[nodiscard]] StateWrites writes(Height height) const;

 private:
  [[nodiscard]] Status check_age(Height height) const;

  EvidenceContext context_;
  const ValidatorSet& set_;
  const EvidenceHistory& history_;
  std::set<EvidenceKey> taken_;
  std::map<ValidatorIndex, std::uint64_t> committed_;  // of those accused here, this block included
  std::size_t bytes_ = 0;
  std::size_t block_bytes_ = 0;
};

}  // namespace witan::ledger
