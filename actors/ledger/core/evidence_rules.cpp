#include "actors/ledger/core/evidence_rules.hpp"

#include "crypto/hash.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan::ledger {

Bytes encode(const AccusedRecord& record) {
  return ByteWriter(16).u64(record.committed).u64(record.last_block.get()).take();
}

Result<AccusedRecord> decode_accused(ByteView bytes) {
  ByteReader in(bytes);
  AccusedRecord out;
  out.committed = in.u64();
  out.last_block = Height(in.u64());
  if (!in.done()) return fail(ErrorCode::corrupt, "accused", "not a record of an accused");
  return out;
}

Hash32 offence_state_key(const PublicKey& accused, const EvidenceKey& key) {
  static const HashTag tag("offence");
  ByteWriter out(64);
  out.raw(accused.view()).u8(static_cast<std::uint8_t>(key.kind)).u64(key.height.get());
  out.u32(static_cast<std::uint32_t>(key.round.get()));
  return tagged_hash(tag, out.view());
}

Hash32 accused_state_key(const PublicKey& accused) {
  static const HashTag tag("accused");
  return tagged_hash(tag, accused.view());
}

Status EvidenceJudge::check_age(Height height) const {
  if (height.get() == 0 || height > context_.tip)
    return fail(ErrorCode::wrong_height, "evidence.height", "not of a decided height");
  if (!needs_time(context_.age, height, context_.tip)) return {};
  const auto time = history_.time_of(height);
  if (!time) {
    const ErrorCode code = time.error().code;
    // Blocks are kept for as long as evidence of their height may come.
    if (code != ErrorCode::pruned && code != ErrorCode::not_found) return fail(time.error());
    return fail(ErrorCode::expired, "evidence.height", "older than the blocks kept here");
  }
  if (is_expired(context_.age, height, *time, context_.tip, context_.tip_time))
    return fail(ErrorCode::expired, "evidence.height", "older than evidence may be");
  return {};
}

Status EvidenceJudge::admit(const EvidenceKey& key, std::size_t bytes) {
  if (key.validator >= set_.size())
    return fail(ErrorCode::unknown_validator, "evidence", "the accused is not in the set");
  if (taken_.size() >= block_evidence_max || bytes_ + bytes > block_evidence_bytes_max)
    return fail(ErrorCode::too_large, "evidence", "more than a block may hold");
  if (taken_.contains(key)) return fail(ErrorCode::duplicate, "evidence", "twice in this block");
  WITAN_TRY_VOID(check_age(key.height));
  const PublicKey& accused = set_.at(key.validator).key;
  WITAN_TRY(const auto known, history_.state(offence_state_key(accused, key)));
  if (known) return fail(ErrorCode::duplicate, "evidence", "committed before");
  auto count = committed_.find(key.validator);
  if (count == committed_.end()) {
    WITAN_TRY(const auto stored, history_.state(accused_state_key(accused)));
    AccusedRecord record;
    if (stored) {
      WITAN_TRY(record, decode_accused(*stored));
    }
    count = committed_.emplace(key.validator, record.committed).first;
  }
  if (count->second >= accusations_max)
    return fail(ErrorCode::too_large, "evidence", "enough is proved against this validator");
  ++count->second;
  taken_.insert(key);
  bytes_ += bytes;
  block_bytes_ += evidence_block_bytes(bytes);
  return {};
}

StateWrites EvidenceJudge::writes(Height height) const {
  StateWrites out;
  const Bytes place = ByteWriter(8).u64(height.get()).take();
  std::set<ValidatorIndex> accused;
  for (const EvidenceKey& key : taken_) {
    accused.insert(key.validator);
    out.push_back({Module::validators, offence_state_key(set_.at(key.validator).key, key), place});
  }
  for (const ValidatorIndex v : accused)
    out.push_back({Module::validators, accused_state_key(set_.at(v).key),
                   encode(AccusedRecord{committed_.at(v), height})});
  return out;
}

}  // namespace witan::ledger
