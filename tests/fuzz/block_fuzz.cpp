// decode_block on any bytes: never crashes, and what it accepts survives its own encoding.
#include "messages/base/check.hpp"
#include "messages/wire/consensus_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const ByteView bytes(data, size);
  (void)decode_certificate(bytes);
  const auto block = decode_block(bytes);
  if (!block) return 0;
  const auto again = decode_block(encode_block(*block));
  WITAN_CHECK(again.has_value());
  WITAN_CHECK(again->header == block->header);
  WITAN_CHECK(again->txs == block->txs && again->evidence == block->evidence);
  WITAN_CHECK(again->last_commit == block->last_commit);
  return 0;
}
