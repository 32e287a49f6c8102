// ECDSA verification over secp256k1 and SHA-256. The protocol signs with BIP-340 only and nothing
// in the node accepts an ECDSA signature; this lets the published ECDSA vectors judge the curve
// library that keys.hpp stands on (witan-conformance).
#pragma once
#include "messages/base/bytes.hpp"

namespace witan {

enum class EcdsaEncoding : std::uint8_t {
  p1363,  // r || s, 64 bytes
  der,    // strict DER
};

// False for everything that is not a valid signature, whatever the reason. `low_s` demands
// s <= n/2 (one encoding per signature). `public_key` is compressed or uncompressed.
[[nodiscard]] bool ecdsa_verify(EcdsaEncoding encoding, bool low_s, ByteView public_key,
                                ByteView message, ByteView signature);

}  // namespace witan
