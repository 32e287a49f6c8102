#include "actors/consensus/log_records.hpp"

#include "messages/base/codec_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/decode.hpp"

namespace witan::consensus {
namespace {

template <class T>
Bytes flat(Draft<T>&& draft) {
  Bytes out;
  std::move(draft).seal().words->append_flat(out);
  return out;
}

template <class T, class Read>
auto read_flat(ByteView payload, Read&& read) -> decltype(read(typename T::Reader())) {
  auto words = Words::from_flat(payload);
  if (!words) return fail(words.error());
  return decode<T>(**words, std::forward<Read>(read));
}

}  // namespace

std::string_view name_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::vote:
      return "vote";
    case RecordKind::proposal:
      return "proposal";
    case RecordKind::block:
      return "block";
    case RecordKind::certificate:
      return "certificate";
    case RecordKind::timeout:
      return "timeout";
    case RecordKind::decided:
      return "decided";
    case RecordKind::sign:
      return "sign";
    case RecordKind::height_end:
      return "height_end";
  }
  return "unknown";
}

Bytes encode_record(const SignedVote& vote) {
  Draft<schema::Vote> draft;
  write_vote(*draft, vote);
  return flat(std::move(draft));
}
Bytes encode_record(const SignedProposal& proposal) {
  Draft<schema::Proposal> draft;
  write_proposal(*draft, proposal);
  return flat(std::move(draft));
}
Bytes encode_record(const Certificate& certificate) { return encode_certificate(certificate); }
Bytes encode_record(const BlockRecord& block) {
  return ByteWriter(block.bytes.size() + 40)
      .raw(block.parts_root.view())
      .u8(static_cast<std::uint8_t>((block.valid ? 1 : 0) | (block.timely ? 0 : 2)))
      .raw(block.bytes)
      .take();
}
Bytes encode_record(const TimeoutRecord& timeout) {
  return ByteWriter(8)
      .u8(static_cast<std::uint8_t>(timeout.step))
      .u32(static_cast<std::uint32_t>(timeout.round.get()))
      .take();
}
Bytes encode_record(const HeightEndRecord& end) {
  return ByteWriter(64).raw(end.block_id.view()).raw(end.state_root.view()).take();
}

Result<SignedVote> decode_vote_record(ByteView payload) {
  return read_flat<schema::Vote>(payload, [](auto r) { return read_vote(r); });
}
Result<SignedProposal> decode_proposal_record(ByteView payload) {
  return read_flat<schema::Proposal>(payload, [](auto r) { return read_proposal(r); });
}
Result<Certificate> decode_certificate_record(ByteView payload) {
  return decode_certificate(payload);
}
Result<BlockRecord> decode_block_record(ByteView payload) {
  ByteReader in(payload);
  BlockRecord out;
  out.parts_root = in.fixed<Hash32>();
  const std::uint8_t verdict = in.u8();
  out.valid = (verdict & 1U) != 0;
  out.timely = (verdict & 2U) == 0;
  const ByteView bytes = in.raw(in.left());
  if (in.failed() || verdict > 3 || bytes.empty() || bytes.size() > block_bytes_max)
    return fail(ErrorCode::malformed, "wal.block");
  out.bytes.assign(bytes.begin(), bytes.end());
  return out;
}
Result<TimeoutRecord> decode_timeout_record(ByteView payload) {
  ByteReader in(payload);
  const std::uint8_t step = in.u8();
  const auto round = static_cast<std::int32_t>(in.u32());
  if (!in.done() || step < 1 || step > 3 || round < 0 || round > round_max)
    return fail(ErrorCode::malformed, "wal.timeout");
  return TimeoutRecord{static_cast<Step>(step), Round(round)};
}
Result<HeightEndRecord> decode_height_end_record(ByteView payload) {
  ByteReader in(payload);
  HeightEndRecord out;
  out.block_id = in.fixed<BlockId>();
  out.state_root = in.fixed<Hash32>();
  if (!in.done()) return fail(ErrorCode::malformed, "wal.height_end");
  return out;
}

}  // namespace witan::consensus
