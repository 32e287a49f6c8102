// Diffie-Hellman on secp256k1: the shared secret of the Noise handshake before hashing.
#pragma once
#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

// A point as one parity byte (02 or 03) and its x coordinate.
using SharedPoint = FixedBytes<struct SharedPointTag, 33>;

// secret * point, in constant time. `point` is compressed (33 bytes) or uncompressed (65 bytes,
// 04). The result is a secret: hash it and wipe it. Reentrant. Errors: bad_key, field "secret"
// (size, zero, not below the group order) or "point" (encoding, not on the curve).
[[nodiscard]] Result<SharedPoint> ecdh(ByteView secret, ByteView point);

}  // namespace witan
