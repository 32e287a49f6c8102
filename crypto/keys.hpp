// secp256k1 keys: BIP-340 signatures over x-only keys (decisions.md D1), node ids, addresses.
// Everything here is thread-safe: objects are immutable once made.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/transaction.hpp"

namespace witan {

using SecretBytes = Secret<32>;

// What a key is for (decisions.md D1: separate keys). Part of proofs of possession and key files.
enum class KeyRole : std::uint8_t {
  consensus = 1,
  node = 2,
  operator_ = 3,
  vrf = 4,
  governance = 5
};
[[nodiscard]] std::string_view name_of(KeyRole role);
[[nodiscard]] Result<KeyRole> key_role_from(std::string_view name);

// A secret key with its public half, ready to sign (16 us). Movable, wiped when it goes.
//
// It signs whatever it is given: user transactions, proofs of possession, node handshakes.
// Consensus votes and proposals are never signed here directly but through Signer
// (crypto/signer.hpp), which alone holds the validator's key and keeps rules S1-S18.
class SecretKey {
 public:
  [[nodiscard]] static SecretKey generate();
  // Errors: bad_key when the 32 bytes are zero or not below the group order.
  [[nodiscard]] static Result<SecretKey> from_bytes(ByteView bytes);

  [[nodiscard]] SecretKey clone() const { return SecretKey(keypair_.clone()); }
  [[nodiscard]] PublicKey public_key() const;  // x-only
  [[nodiscard]] NodeId node_id() const;        // compressed, with the parity the secret really has
  [[nodiscard]] SecretBytes secret_bytes() const;

  // BIP-340 over a message of any length. `aux` is fresh randomness from the operating system,
  // which hardens the nonce against fault attacks; the other form takes it as an argument
  // (vectors).
  [[nodiscard]] Signature sign(ByteView message) const;
  [[nodiscard]] Signature sign_with_aux(ByteView message,
                                        std::span<const std::uint8_t, 32> aux) const;

 private:
  explicit SecretKey(Secret<96> keypair) : keypair_(std::move(keypair)) {}
  Secret<96> keypair_;  // a secp256k1_keypair
};

// A public key parsed once (4 us), so that each verification costs 27 us instead of 31.
class ParsedKey {
 public:
  // Errors: bad_key when no point of the curve has this x coordinate.
  [[nodiscard]] static Result<ParsedKey> parse(const PublicKey& key);
  [[nodiscard]] bool verify(ByteView message, const Signature& signature) const;
  [[nodiscard]] const PublicKey& key() const { return key_; }

 private:
  ParsedKey() = default;
  PublicKey key_;
  alignas(8) std::array<unsigned char, 64> point_{};  // a secp256k1_xonly_pubkey
};

// Keys parsed lately, for senders who sign often. A table of fixed size where a key replaces
// whatever had its slot, so a stranger can make it useless but not large. One thread.
class KeyCache {
 public:
  explicit KeyCache(std::size_t slots = 2048) : slots_(slots) {}
  // Valid until the next call; nullptr when the key is not on the curve.
  [[nodiscard]] const ParsedKey* parse(const PublicKey& key);

 private:
  std::vector<std::optional<ParsedKey>> slots_;
};

[[nodiscard]] bool is_valid(const PublicKey& key);
[[nodiscard]] bool is_valid(const NodeId& id);
// Parses the key each time; false when the key is not on the curve.
[[nodiscard]] bool verify(const PublicKey& key, ByteView message, const Signature& signature);

// "wit1..." <-> account. Errors: bad_address (checksum, prefix, length), bad_key (not on the
// curve).
inline constexpr std::string_view address_prefix = "wit";
[[nodiscard]] std::string to_address(const AccountId& id);
[[nodiscard]] Result<AccountId> from_address(std::string_view text);

}  // namespace witan
