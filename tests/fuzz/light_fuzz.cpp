// Decoders of the light client on any bytes: what they accept has exactly one encoding, and judging
// it never crashes.
#include "crypto/light/attack.hpp"
#include "crypto/light/trusted_store.hpp"
#include "messages/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const ByteView bytes(data, size);
  (void)light::TrustedStore::decode(bytes);
  if (const auto attack = light::decode_attack(bytes)) {
    const Bytes again = light::encode_attack(*attack);
    WITAN_CHECK(std::ranges::equal(again, bytes));
  }
  const auto block = light::decode_light_block(bytes);
  if (!block) return 0;
  const Bytes again = light::encode_light_block(*block);
  WITAN_CHECK(std::ranges::equal(again, bytes));
  light::HeaderVerifier verifier(block->header.chain_id, {});
  (void)verifier.verify_commit(*block);
  (void)verifier.verify(*block, *block, block->header.time);
  return 0;
}
