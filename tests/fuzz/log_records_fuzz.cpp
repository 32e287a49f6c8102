// First byte: a kind of log record; the rest: its payload, as a damaged disk may hold it.
#include "actors/consensus/log_records.hpp"
#include "messages/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  using namespace witan::consensus;
  if (size == 0) return 0;
  const ByteView payload(data + 1, size - 1);
  switch (static_cast<RecordKind>(data[0] % 9)) {
    case RecordKind::vote:
      if (const auto vote = decode_vote_record(payload))
        WITAN_CHECK(decode_vote_record(encode_record(*vote)) == *vote);
      break;
    case RecordKind::proposal:
      if (const auto proposal = decode_proposal_record(payload))
        WITAN_CHECK(decode_proposal_record(encode_record(*proposal)) == *proposal);
      break;
    case RecordKind::block:
      if (const auto block = decode_block_record(payload)) {
        const auto again = decode_block_record(encode_record(*block));
        WITAN_CHECK(again && again->bytes == block->bytes && again->valid == block->valid);
      }
      break;
    case RecordKind::certificate:
      if (const auto c = decode_certificate_record(payload))
        WITAN_CHECK(decode_certificate_record(encode_record(*c)) == *c);
      break;
    case RecordKind::timeout:
      if (const auto timeout = decode_timeout_record(payload)) {
        const Bytes again = encode_record(*timeout);
        WITAN_CHECK(std::equal(again.begin(), again.end(), payload.begin(), payload.end()));
      }
      break;
    case RecordKind::height_end:
      if (const auto end = decode_height_end_record(payload))
        WITAN_CHECK(decode_height_end_record(encode_record(*end)) == *end);
      break;
    default:
      break;
  }
  return 0;
}
