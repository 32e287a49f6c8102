#include "crypto/keys.hpp"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "crypto/bech32m.hpp"
#include "crypto/random.hpp"
#include "crypto/secp_context.hpp"

namespace witan {
namespace {

// The library's types are plain byte arrays of a fixed size ("can be safely copied/moved"); headers
// keep them as bytes so that secp256k1.h stays in this folder's sources.
static_assert(sizeof(secp256k1_keypair) == 96);
static_assert(sizeof(secp256k1_xonly_pubkey) == 64);

// Wiped when it goes.
struct Keypair {
  explicit Keypair(const Secret<96>& from) { std::memcpy(value.data, from.data(), 96); }
  Keypair() = default;
  Keypair(const Keypair&) = delete;
  Keypair& operator=(const Keypair&) = delete;
  ~Keypair() { wipe(value.data); }
  secp256k1_keypair value{};
};

bool parse_point(secp256k1_xonly_pubkey& out, const PublicKey& key) {
  return secp256k1_xonly_pubkey_parse(secp_context(), &out, key.data.data()) == 1;
}

bool verify_point(const secp256k1_xonly_pubkey& point, ByteView message,
                  const Signature& signature) {
  return secp256k1_schnorrsig_verify(secp_context(), signature.data.data(), message.data(),
                                     message.size(), &point) == 1;
}

}  // namespace

std::string_view name_of(KeyRole role) {
  switch (role) {
    case KeyRole::consensus:
      return "consensus";
    case KeyRole::node:
      return "node";
    case KeyRole::operator_:
      return "operator";
    case KeyRole::vrf:
      return "vrf";
    case KeyRole::governance:
      return "governance";
  }
  return "unknown";
}

Result<KeyRole> key_role_from(std::string_view name) {
  for (KeyRole role :
       {KeyRole::consensus, KeyRole::node, KeyRole::operator_, KeyRole::vrf, KeyRole::governance}) {
    if (name == name_of(role)) return role;
  }
  return fail(ErrorCode::malformed, "role",
              "expected consensus, node, operator, vrf or governance");
}

SecretKey SecretKey::generate() {
  while (true) {  // a refusal has probability 2^-128
    auto key = from_bytes(random_secret<32>().view());
    if (key) return std::move(*key);
  }
}

Result<SecretKey> SecretKey::from_bytes(ByteView bytes) {
  if (bytes.size() != 32) return fail(ErrorCode::bad_key, "secret_key", "expected 32 bytes");
  Keypair pair;
  if (secp256k1_keypair_create(secp_context(), &pair.value, bytes.data()) != 1)
    return fail(ErrorCode::bad_key, "secret_key", "zero or not below the group order");
  return SecretKey(Secret<96>::from(pair.value.data));
}

PublicKey SecretKey::public_key() const {
  const Keypair pair(keypair_);
  secp256k1_xonly_pubkey point;
  PublicKey out;
  const int ok = secp256k1_keypair_xonly_pub(secp_context(), &point, nullptr, &pair.value) &
                 secp256k1_xonly_pubkey_serialize(secp_context(), out.data.data(), &point);
  WITAN_CHECK(ok == 1, ok);
  return out;
}

NodeId SecretKey::node_id() const {
  const Keypair pair(keypair_);
  secp256k1_pubkey point;
  NodeId out;
  std::size_t size = out.data.size();
  const int ok = secp256k1_keypair_pub(secp_context(), &point, &pair.value) &
                 secp256k1_ec_pubkey_serialize(secp_context(), out.data.data(), &size, &point,
                                               SECP256K1_EC_COMPRESSED);
  WITAN_CHECK(ok == 1 && size == out.data.size(), ok, size);
  return out;
}

SecretBytes SecretKey::secret_bytes() const {
  const Keypair pair(keypair_);
  SecretBytes out;
  const int ok = secp256k1_keypair_sec(secp_context(), out.data(), &pair.value);
  WITAN_CHECK(ok == 1, ok);
  return out;
}

Signature SecretKey::sign(ByteView message) const {
  const SecretBytes aux = random_secret<32>();
  return sign_with_aux(message, std::span<const std::uint8_t, 32>(aux.data(), 32));
}

Signature SecretKey::sign_with_aux(ByteView message, std::span<const std::uint8_t, 32> aux) const {
  const Keypair pair(keypair_);
  SecretBytes randomness = SecretBytes::from(aux);
  secp256k1_schnorrsig_extraparams extra = SECP256K1_SCHNORRSIG_EXTRAPARAMS_INIT;
  extra.ndata = randomness.data();
  Signature out;
  const int ok = secp256k1_schnorrsig_sign_custom(secp_context(), out.data.data(), message.data(),
                                                  message.size(), &pair.value, &extra);
  WITAN_CHECK(ok == 1, ok);
  return out;
}

Result<ParsedKey> ParsedKey::parse(const PublicKey& key) {
  secp256k1_xonly_pubkey point;
  if (!parse_point(point, key))
    return fail(ErrorCode::bad_key, "public_key", "not the x coordinate of a point");
  ParsedKey out;
  out.key_ = key;
  std::memcpy(out.point_.data(), point.data, out.point_.size());
  return out;
}

bool ParsedKey::verify(ByteView message, const Signature& signature) const {
  secp256k1_xonly_pubkey point;
  std::memcpy(point.data, point_.data(), point_.size());
  return verify_point(point, message, signature);
}

const ParsedKey* KeyCache::parse(const PublicKey& key) {
  std::optional<ParsedKey>& slot = slots_[std::hash<PublicKey>{}(key) % slots_.size()];
  if (!slot || slot->key() != key) {
    auto parsed = ParsedKey::parse(key);
    if (!parsed) return nullptr;
    slot = *parsed;
  }
  return &*slot;
}

bool is_valid(const PublicKey& key) {
  secp256k1_xonly_pubkey point;
  return parse_point(point, key);
}

bool is_valid(const NodeId& id) {
  secp256k1_pubkey point;
  return secp256k1_ec_pubkey_parse(secp_context(), &point, id.data.data(), id.data.size()) == 1;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  secp256k1_xonly_pubkey point;
  return parse_point(point, key) && verify_point(point, message, signature);
}

std::string to_address(const AccountId& id) {
  auto text = bech32m_encode(address_prefix, id.view());
  WITAN_CHECK(text.has_value());  // 3 + 1 + 52 + 6 characters always fit
  return std::move(*text);
}

Result<AccountId> from_address(std::string_view text) {
  WITAN_TRY(const Bytes bytes, bech32m_decode(address_prefix, text));
  if (bytes.size() != AccountId::size_bytes)
    return fail(ErrorCode::bad_address, "address", "does not hold a 32-byte account");
  const AccountId id = AccountId::from(bytes);
  if (!is_valid(id)) return fail(ErrorCode::bad_key, "address", "no such key exists");
  return id;
}

}  // namespace witan
