#include "crypto/ecdsa.hpp"

#include "crypto/hash.hpp"
#include "crypto/secp_context.hpp"

namespace witan {
namespace {

bool parse(EcdsaEncoding encoding, ByteView bytes, secp256k1_ecdsa_signature& out) {
  if (encoding == EcdsaEncoding::der)
    return secp256k1_ecdsa_signature_parse_der(secp_context(), &out, bytes.data(), bytes.size()) ==
           1;
  return bytes.size() == 64 &&
         secp256k1_ecdsa_signature_parse_compact(secp_context(), &out, bytes.data()) == 1;
}

}  // namespace

bool ecdsa_verify(EcdsaEncoding encoding, bool low_s, ByteView public_key, ByteView message,
                  ByteView signature) {
  // The library reads the first byte whatever the sizes are.
  if (public_key.empty() || signature.empty()) return false;
  secp256k1_pubkey key;
  secp256k1_ecdsa_signature parsed;
  if (secp256k1_ec_pubkey_parse(secp_context(), &key, public_key.data(), public_key.size()) != 1 ||
      !parse(encoding, signature, parsed))
    return false;
  // The library verifies the low form only.
  if (!low_s) secp256k1_ecdsa_signature_normalize(secp_context(), &parsed, &parsed);
  const Hash32 digest = sha256(message);
  return secp256k1_ecdsa_verify(secp_context(), &parsed, digest.data.data(), &key) == 1;
}

}  // namespace witan
