#include "crypto/sign_record.hpp"

#include "messages/base/codec_bytes.hpp"

namespace witan {
namespace {

constexpr std::uint8_t record_version = 1;

void put_round(ByteWriter& out, Round round) { out.u32(static_cast<std::uint32_t>(round.get())); }

void put_value(ByteWriter& out, const ValueId& value) {
  out.u8(value ? 1 : 0).raw(value.value_or(BlockId{}).view());
}

Round get_round(ByteReader& in) { return Round(static_cast<std::int32_t>(in.u32())); }

ValueId get_value(ByteReader& in) {
  const bool present = in.u8() != 0;  // other bytes than 0 and 1 fail the re-encoding check
  const auto id = in.fixed<BlockId>();
  return present ? ValueId(id) : ValueId();
}

// Intent and SignRecord name these fields alike.
template <class T>
Vote make_vote(const T& from) {
  const VoteType type = from.kind == SignedKind::prevote ? VoteType::prevote : VoteType::precommit;
  return {type, from.height, from.round, from.value, from.pol_round, from.validator};
}

template <class T>
Proposal make_proposal(const T& from) {
  return {from.height, from.round,    from.pol_round, from.value.value_or(BlockId{}),
          from.parts,  from.validator};
}

template <class T>
Hash32 make_message_hash(const ChainId& chain_id, const T& from) {
  WITAN_CHECK(from.kind != SignedKind::watermark);
  return from.kind == SignedKind::proposal ? proposal_hash(chain_id, make_proposal(from))
                                           : vote_hash(chain_id, make_vote(from));
}

}  // namespace

std::string_view name_of(SignedKind kind) {
  switch (kind) {
    case SignedKind::proposal:
      return "proposal";
    case SignedKind::prevote:
      return "prevote";
    case SignedKind::precommit:
      return "precommit";
    case SignedKind::watermark:
      return "watermark";
  }
  return "unknown";
}

Step step_of(SignedKind kind) {
  switch (kind) {
    case SignedKind::proposal:
      return Step::propose;
    case SignedKind::prevote:
      return Step::prevote;
    case SignedKind::precommit:
      return Step::precommit;
    case SignedKind::watermark:
      return Step::commit;
  }
  return Step::unstarted;
}

Bytes encode(const SignRecord& r) {
  ByteWriter out(sign_record_bytes);
  out.u8(record_version).u8(static_cast<std::uint8_t>(step_of(r.kind)));
  out.u8(static_cast<std::uint8_t>(r.kind)).u64(r.seq).u64(r.height.get());
  put_round(out, r.round);
  put_round(out, r.pol_round);
  put_value(out, r.value);
  out.u32(r.parts.count).u32(r.parts.total_bytes).raw(r.parts.root.view()).u32(r.validator);
  for (const RoundValue& pair : {r.locked, r.valid}) {
    put_round(out, pair.round);
    put_value(out, pair.id);
  }
  out.raw(r.message_hash.view()).raw(r.signature.view());
  return out.take();
}

Result<SignRecord> decode_sign_record(ByteView bytes) {
  if (bytes.size() != sign_record_bytes)
    return fail(ErrorCode::malformed, "sign_record", "wrong size");
  if (bytes[0] != record_version)
    return fail(ErrorCode::wrong_version, "sign_record.version", std::to_string(bytes[0]));
  ByteReader in(bytes);
  SignRecord r;
  in.raw(2);  // version and step: step follows from kind
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 4)
    return fail(ErrorCode::unknown_type, "sign_record.kind", std::to_string(kind));
  r.kind = static_cast<SignedKind>(kind);
  r.seq = in.u64();
  r.height = Height(in.u64());
  r.round = get_round(in);
  r.pol_round = get_round(in);
  r.value = get_value(in);
  r.parts = {in.u32(), in.u32(), in.fixed<Hash32>()};
  r.validator = in.u32();
  for (RoundValue* pair : {&r.locked, &r.valid}) {
    pair->round = get_round(in);
    pair->id = get_value(in);
    if (pair->round.is_nil() == pair->id.has_value())
      return fail(ErrorCode::not_canonical, "sign_record.locked", "round and id disagree");
  }
  r.message_hash = in.fixed<Hash32>();
  r.signature = in.fixed<Signature>();
  if (!in.done()) return fail(ErrorCode::malformed, "sign_record", "wrong size");
  const Bytes again = encode(r);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()))
    return fail(ErrorCode::not_canonical, "sign_record", "not what the signer writes");
  return r;
}

Vote vote_of(const Intent& intent) { return make_vote(intent); }
Proposal proposal_of(const Intent& intent) { return make_proposal(intent); }
Vote vote_of(const SignRecord& record) { return make_vote(record); }
Proposal proposal_of(const SignRecord& record) { return make_proposal(record); }

Hash32 message_hash_of(const ChainId& chain_id, const Intent& intent) {
  return make_message_hash(chain_id, intent);
}
Hash32 message_hash_of(const ChainId& chain_id, const SignRecord& record) {
  return make_message_hash(chain_id, record);
}

}  // namespace witan
