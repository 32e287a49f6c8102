#include "crypto/ecdh.hpp"

#include <secp256k1_ecdh.h>

#include "crypto/secp_context.hpp"

namespace witan {
namespace {

// Called by the library with the coordinates of the shared point instead of its default hash, which
// is SHA256 of exactly these 33 bytes.
int compress(unsigned char* out, const unsigned char* x32, const unsigned char* y32, void*) {
  out[0] = static_cast<unsigned char>(2 | (y32[31] & 1));
  std::memcpy(out + 1, x32, 32);
  return 1;
}

// The library also knows "hybrid" encodings (06, 07), which nothing here uses.
bool parse(ByteView point, secp256k1_pubkey& out) {
  const bool compressed = point.size() == 33;
  const bool uncompressed = point.size() == 65 && point[0] == 4;
  return (compressed || uncompressed) &&
         secp256k1_ec_pubkey_parse(secp_context(), &out, point.data(), point.size()) == 1;
}

}  // namespace

Result<SharedPoint> ecdh(ByteView secret, ByteView point) {
  secp256k1_pubkey parsed;
  if (!parse(point, parsed)) return fail(ErrorCode::bad_key, "point", "not a point of secp256k1");
  SharedPoint out;
  if (secret.size() != 32 || secp256k1_ecdh(secp_context(), out.data.data(), &parsed, secret.data(),
                                            compress, nullptr) != 1)
    return fail(ErrorCode::bad_key, "secret", "not a secret scalar of secp256k1");
  return out;
}

}  // namespace witan
