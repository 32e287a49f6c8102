// Keys and signatures.
#include "crypto/ecdh.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/keys.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using nlohmann::json;

json run_schnorr_sign(const json& q) {
  const auto key = SecretKey::from_bytes(hex_field(q, "secret_key"));
  if (!key) return error_reply(key.error());
  const auto aux = fixed_field<Hash32>(q, "aux");
  return {{"sig", to_hex(key->sign_with_aux(hex_field(q, "msg"), aux.data))}};
}

json run_schnorr_verify(const json& q) {
  const auto key = fixed_from<PublicKey>(hex_field(q, "public_key"), "public_key");
  const auto signature = fixed_from<Signature>(hex_field(q, "sig"), "sig");
  const Bytes message = hex_field(q, "msg");
  return {{"valid", key && signature && verify(*key, message, *signature)}};
}

json run_xonly_parse(const json& q) {
  const auto key = fixed_from<PublicKey>(hex_field(q, "public_key"), "public_key");
  return {{"valid", key && is_valid(*key)}};
}

// Vectors carry the peer's key as a bare point or as X.509 SubjectPublicKeyInfo. Of the latter only
// the one DER form of a named-curve secp256k1 key is understood: header, then the point.
Bytes point_of(const Bytes& key) {
  for (const char* header : {"3056301006072a8648ce3d020106052b8104000a034200",
                             "3036301006072a8648ce3d020106052b8104000a032200"}) {
    const Bytes prefix = from_hex(header).value();
    const std::size_t size = prefix.size() + prefix[prefix.size() - 2] - 1;
    if (key.size() == size && std::equal(prefix.begin(), prefix.end(), key.begin()))
      return Bytes(key.begin() + static_cast<std::ptrdiff_t>(prefix.size()), key.end());
  }
  return key;
}

// An unsigned big-endian number of any width as a 32-byte scalar.
Hash32 scalar_field(const json& q, const char* name) {
  Bytes bytes = hex_field(q, name);
  bytes.erase(bytes.begin(),
              std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b != 0; }));
  if (bytes.size() > 32) throw RequestError(std::string(name) + " is wider than 256 bits");
  Hash32 out;
  std::copy(bytes.begin(), bytes.end(), out.data.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  return out;
}

json run_ecdh(const json& q) {
  const auto shared = ecdh(scalar_field(q, "private").view(), point_of(hex_field(q, "public")));
  if (!shared) return error_reply(shared.error());
  return {{"shared", to_hex(shared->view().subspan(1))}};
}

json run_ecdsa_verify(const json& q) {
  const auto encoding = q.at("encoding").get<std::string>();
  if (encoding != "p1363" && encoding != "der") throw RequestError("encoding is p1363 or der");
  return {{"valid", ecdsa_verify(encoding == "der" ? EcdsaEncoding::der : EcdsaEncoding::p1363,
                                 q.at("low_s").get<bool>(), hex_field(q, "public_key"),
                                 hex_field(q, "msg"), hex_field(q, "sig"))}};
}

}  // namespace

void register_key_ops(OpTable& table) {
  table["schnorr_sign"] = run_schnorr_sign;
  table["schnorr_verify"] = run_schnorr_verify;
  table["xonly_parse"] = run_xonly_parse;
  table["ecdh"] = run_ecdh;
  table["ecdsa_verify"] = run_ecdsa_verify;
}

}  // namespace witan::conformance
