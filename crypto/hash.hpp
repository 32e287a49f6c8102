// SHA-256, BIP-340 style tagged hashes, HMAC-SHA256 and constant-time comparison.
//
// Every hash that identifies or commits to something of this chain is a tagged hash: a hash made
// for one purpose can never be taken for a hash of another. Plain SHA-256 is for external formats
// (Noise, RFC 6962 lists, files). Source: FIPS 180-4, BIP-340 "Design", RFC 2104.
//
// Thread rule: all functions are reentrant; one Sha256 object belongs to one thread at a time; a
// HashTag is immutable and may be shared. Nothing here allocates.
#pragma once
#include <initializer_list>
#include <string_view>

#include "messages/base/bytes.hpp"

namespace witan {

// Incremental SHA-256. Copying copies the running state, which is how midstates are shared.
class Sha256 {
 public:
  Sha256();
  Sha256& update(ByteView bytes);
  // The digest of everything added. The object must not be updated afterwards; copy it before to go
  // on from the same state.
  [[nodiscard]] Hash32 finish();
  // Overwrites the state: for hashes over secrets.
  void wipe();

 private:
  // OpenSSL's SHA256_CTX, kept opaque so that no header of ours shows OpenSSL.
  alignas(8) std::array<std::uint8_t, 112> state_;
};

[[nodiscard]] Hash32 sha256(ByteView bytes);
// SHA-256 of the concatenation.
[[nodiscard]] Hash32 sha256(std::initializer_list<ByteView> pieces);

// The purpose of a tagged hash. Its full tag is "witan/<purpose>/v1". Construct once (a static
// const), use often: the constructor hashes the tag block, which later hashes start from.
class HashTag {
 public:
  explicit HashTag(std::string_view purpose);
  // SHA-256 state after SHA256(tag) || SHA256(tag).
  [[nodiscard]] const Sha256& midstate() const { return midstate_; }

 private:
  Sha256 midstate_;
};

// SHA256(SHA256(tag) || SHA256(tag) || bytes). The bytes must be an injective encoding of what is
// meant (messages/base/codec_bytes.hpp): pieces are concatenated without lengths.
[[nodiscard]] Hash32 tagged_hash(const HashTag& tag, ByteView bytes);
[[nodiscard]] Hash32 tagged_hash(const HashTag& tag, std::initializer_list<ByteView> pieces);

// RFC 2104 with SHA-256; any key length. Intermediate key material is wiped.
[[nodiscard]] Hash32 hmac_sha256(ByteView key, ByteView message);
[[nodiscard]] Hash32 hmac_sha256(ByteView key, std::initializer_list<ByteView> pieces);

// Equality in time that depends on the lengths only. False if the lengths differ.
[[nodiscard]] bool constant_time_equal(ByteView a, ByteView b);

// Overwrites memory in a way the compiler does not remove.
void wipe(std::span<std::uint8_t> secret);

}  // namespace witan
