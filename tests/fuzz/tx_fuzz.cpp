// decode_transaction on any bytes: never crashes, and what it accepts has exactly this encoding.
#include "messages/base/check.hpp"
#include "messages/wire/tx_codec.hpp"
#include "storage/state_proof.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const ByteView bytes(data, size);
  if (const auto tx = decode_transaction(bytes)) {
    const Bytes again = encode(*tx);
    WITAN_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  if (const auto proof = StateProof::decode(bytes)) {
    const Bytes again = proof->encode();
    WITAN_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
    WITAN_CHECK(!verify_proof(Hash32{}, Hash32{}, bytes, *proof));
  }
  return 0;
}
