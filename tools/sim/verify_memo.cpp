// Signatures are verified once a thread, not once for every simulated node: of a run of seven nodes
// six of seven verifications repeat another node's. Those that were made in this thread are known
// to be right, so that only what was changed on the way or made up is computed. The linker puts
// this in front of the library's functions (--wrap in CMakeLists.txt); the answer is that of the
// library, for exactly these bytes.
#include "tools/sim/verify_memo.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr std::size_t signature_bytes = 64;
constexpr std::size_t message_bytes = 32;
constexpr std::size_t key_bytes = 64;  // as the library keeps a parsed key
constexpr std::size_t entry_bytes = signature_bytes + message_bytes + key_bytes;
constexpr std::size_t entries = std::size_t{1} << 14U;

struct Entry {
  std::array<unsigned char, entry_bytes> of{};
  int answer = -1;
};

thread_local std::vector<Entry> table;

using Content = std::array<unsigned char, entry_bytes>;

Content content(const unsigned char* signature, const unsigned char* message, const void* key) {
  Content out{};
  std::memcpy(out.data(), signature, signature_bytes);
  std::memcpy(out.data() + signature_bytes, message, message_bytes);
  std::memcpy(out.data() + signature_bytes + message_bytes, key, key_bytes);
  return out;
}

Entry& entry_of(const Content& of) {
  if (table.empty()) table.resize(entries);
  std::uint64_t place = 0;
  std::memcpy(&place, of.data(), sizeof place);  // of the nonce's point: as good as random
  return table[place % entries];
}

}  // namespace

namespace witan::sim {
void forget_verified() { table.clear(); }
}  // namespace witan::sim

extern "C" {
int __real_secp256k1_schnorrsig_verify(const void* context, const unsigned char* signature,
                                       const unsigned char* message, std::size_t size,
                                       const void* key);
int __real_secp256k1_schnorrsig_sign_custom(const void* context, unsigned char* signature,
                                            const unsigned char* message, std::size_t size,
                                            const void* pair, void* extra);
int secp256k1_keypair_xonly_pub(const void* context, void* key, int* parity, const void* pair);
int __wrap_secp256k1_schnorrsig_sign_custom(const void* context, unsigned char* signature,
                                            const unsigned char* message, std::size_t size,
                                            const void* pair, void* extra);
int __wrap_secp256k1_schnorrsig_verify(const void* context, const unsigned char* signature,
                                       const unsigned char* message, std::size_t size,
                                       const void* key);

int __wrap_secp256k1_schnorrsig_sign_custom(const void* context, unsigned char* signature,
                                            const unsigned char* message, std::size_t size,
                                            const void* pair, void* extra) {
  const int made =
      __real_secp256k1_schnorrsig_sign_custom(context, signature, message, size, pair, extra);
  std::array<unsigned char, key_bytes> key{};
  if (made != 1 || size != message_bytes ||
      secp256k1_keypair_xonly_pub(context, key.data(), nullptr, pair) != 1)
    return made;
  const Content of = content(signature, message, key.data());
  entry_of(of) = {of, 1};
  return made;
}

int __wrap_secp256k1_schnorrsig_verify(const void* context, const unsigned char* signature,
                                       const unsigned char* message, std::size_t size,
                                       const void* key) {
  if (size != message_bytes)
    return __real_secp256k1_schnorrsig_verify(context, signature, message, size, key);
  const Content of = content(signature, message, key);
  Entry& entry = entry_of(of);
  if (entry.answer < 0 || entry.of != of)
    entry = {of, __real_secp256k1_schnorrsig_verify(context, signature, message, size, key)};
  return entry.answer;
}
}
