// Requests and replies between a node and its signer: whatever decodes encodes to bytes that mean
// the same.
#include <cstdlib>

#include "actors/consensus/signer/protocol.hpp"

namespace {

using namespace witan;

template <class Decode>
void check(ByteView input, Decode decode) {
  const auto message = decode(input);
  if (!message) return;
  const Bytes bytes = signer::encode(*message);
  const auto again = decode(bytes);
  if (!again || signer::encode(*again) != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  check(input, signer::decode_request);
  check(input, signer::decode_reply);
  (void)signer::request_id_of(input);
  return 0;
}
