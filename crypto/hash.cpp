// OpenSSL 3 marks the SHA256_* functions as deprecated in favour of EVP. They stay the right tool
// here: the state is a plain 112-byte struct without allocation, so a midstate is copied for free
// and short inputs cost only the compression function. They use the same SHA-NI code as EVP.
#define OPENSSL_API_COMPAT 0x10101000L
#include "crypto/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <bit>
#include <type_traits>

namespace witan {
namespace {

using State = std::array<std::uint8_t, 112>;
static_assert(sizeof(SHA256_CTX) == sizeof(State) && alignof(SHA256_CTX) <= 8);
static_assert(std::is_trivially_copyable_v<SHA256_CTX>);

// SHA256_CTX is an implicit-lifetime type: the aligned byte array provides its storage.
SHA256_CTX* context(State& state) { return reinterpret_cast<SHA256_CTX*>(state.data()); }

constexpr std::size_t block_bytes = 64;

}  // namespace

Sha256::Sha256() { SHA256_Init(context(state_)); }

Sha256& Sha256::update(ByteView bytes) {
  SHA256_Update(context(state_), bytes.data(), bytes.size());
  return *this;
}

Hash32 Sha256::finish() {
  Hash32 out;
  SHA256_Final(out.data.data(), context(state_));
  return out;
}

void Sha256::wipe() { OPENSSL_cleanse(state_.data(), state_.size()); }

Hash32 sha256(ByteView bytes) { return Sha256().update(bytes).finish(); }

Hash32 sha256(std::initializer_list<ByteView> pieces) {
  Sha256 hash;
  for (ByteView piece : pieces) hash.update(piece);
  return hash.finish();
}

HashTag::HashTag(std::string_view purpose) {
  const Hash32 tag = sha256({as_bytes("witan/"), as_bytes(purpose), as_bytes("/v1")});
  midstate_.update(tag.view()).update(tag.view());
}

Hash32 tagged_hash(const HashTag& tag, ByteView bytes) {
  Sha256 hash = tag.midstate();
  return hash.update(bytes).finish();
}

Hash32 tagged_hash(const HashTag& tag, std::initializer_list<ByteView> pieces) {
  Sha256 hash = tag.midstate();
  for (ByteView piece : pieces) hash.update(piece);
  return hash.finish();
}

Hash32 hmac_sha256(ByteView key, ByteView message) {
  return hmac_sha256(key, std::initializer_list<ByteView>{message});
}

Hash32 hmac_sha256(ByteView key, std::initializer_list<ByteView> pieces) {
  std::array<std::uint8_t, block_bytes> pad{};
  if (key.size() > block_bytes) {
    Hash32 short_key = sha256(key);
    std::copy(short_key.data.begin(), short_key.data.end(), pad.begin());
    wipe(short_key.data);
  } else {
    std::copy(key.begin(), key.end(), pad.begin());
  }
  for (auto& b : pad) b ^= 0x36;
  Sha256 inner;
  inner.update(pad);
  for (ByteView piece : pieces) inner.update(piece);
  const Hash32 inner_hash = inner.finish();
  for (auto& b : pad) b ^= 0x36 ^ 0x5c;
  Sha256 outer;
  const Hash32 out = outer.update(pad).update(inner_hash.view()).finish();
  wipe(pad);
  inner.wipe();
  outer.wipe();
  return out;
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::uint8_t> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace witan
