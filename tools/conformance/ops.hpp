// The operations of witan-conformance: each takes one request object and returns the fields of its
// reply (without "id"). The table is filled once at start and then only read.
//
// A request that cannot be understood throws: RequestError from the accessors below, or
// nlohmann::json::exception. main.cpp turns both into {"id":..,"error":..}; nothing else is thrown.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/hex.hpp"
#include "messages/base/result.hpp"

namespace witan::conformance {

using Op = std::function<nlohmann::json(const nlohmann::json&)>;
using OpTable = std::map<std::string, Op, std::less<>>;

void register_crypto_ops(OpTable& table);     // aead, hkdf, hmac, crc32c
void register_noise_ops(OpTable& table);      // noise_*
void register_merkle_ops(OpTable& table);     // merkle_*
void register_key_ops(OpTable& table);        // schnorr_*, xonly_parse, ecdh, ecdsa_verify
void register_consensus_ops(OpTable& table);  // init, event
void register_light_ops(OpTable& table);      // light_begin, light_step

struct RequestError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The bytes of a hex field. Throws RequestError (absent, not text, not hex).
[[nodiscard]] Bytes hex_field(const nlohmann::json& request, const char* name);
[[nodiscard]] Bytes hex_value(const nlohmann::json& value, const char* name);
[[nodiscard]] std::vector<Bytes> hex_list_field(const nlohmann::json& request, const char* name);
[[nodiscard]] std::uint64_t number_field(const nlohmann::json& request, const char* name);

// Exactly the bytes of a fixed-size type. Throws RequestError.
template <class Fixed>
[[nodiscard]] Fixed fixed_field(const nlohmann::json& request, const char* name) {
  auto out = fixed_from<Fixed>(hex_field(request, name), name);
  if (!out) throw RequestError(out.error().to_string());
  return *out;
}

[[nodiscard]] nlohmann::json error_reply(const Error& error);

}  // namespace witan::conformance
