// AEAD, key derivation, MAC and checksum.
#include <fmt/format.h>

#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/hkdf.hpp"
#include "messages/base/crc32c.hpp"
#include "tools/conformance/ops.hpp"

namespace witan::conformance {
namespace {

using nlohmann::json;

json bytes_reply(const char* name, const Result<Bytes>& result) {
  if (!result) return error_reply(result.error());
  return {{name, to_hex(*result)}};
}

json run_aead_seal(const json& q) {
  return bytes_reply("ct", aead_seal(hex_field(q, "key"), hex_field(q, "iv"), hex_field(q, "aad"),
                                     hex_field(q, "msg")));
}

json run_aead_open(const json& q) {
  return bytes_reply("msg", aead_open(hex_field(q, "key"), hex_field(q, "iv"), hex_field(q, "aad"),
                                      hex_field(q, "ct")));
}

json run_hkdf(const json& q) {
  return bytes_reply("okm", hkdf_sha256(hex_field(q, "salt"), hex_field(q, "ikm"),
                                        hex_field(q, "info"), number_field(q, "size")));
}

json run_hmac(const json& q) {
  return {{"tag", to_hex(hmac_sha256(hex_field(q, "key"), hex_field(q, "msg")))}};
}

json run_crc32c(const json& q) {
  return {{"crc", fmt::format("{:08x}", crc32c(hex_field(q, "data")))}};
}

}  // namespace

void register_crypto_ops(OpTable& table) {
  table["aead_seal"] = run_aead_seal;
  table["aead_open"] = run_aead_open;
  table["hkdf"] = run_hkdf;
  table["hmac"] = run_hmac;
  table["crc32c"] = run_crc32c;
}

}  // namespace witan::conformance
