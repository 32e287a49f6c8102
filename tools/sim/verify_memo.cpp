// Signatures are verified once a thread, not once for every simulated node: of a run of seven nodes
// six of seven verifications repeat another node's. The linker puts this in front of the library's
// function (--wrap in CMakeLists.txt); the answer is that of the library, for exactly these bytes.
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

Entry& entry_of(const std::array<unsigned char, entry_bytes>& of) {
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
int __wrap_secp256k1_schnorrsig_verify(const void* context, const unsigned char* signature,
                                       const unsigned char* message, std::size_t size,
                                       const void* key);

int __wrap_secp256k1_schnorrsig_verify(const void* context, const unsigned char* signature,
                                       const unsigned char* message, std::size_t size,
                                       const void* key) {
  if (size != message_bytes)
    return __real_secp256k1_schnorrsig_verify(context, signature, message, size, key);
  std::array<unsigned char, entry_bytes> of{};
  std::memcpy(of.data(), signature, signature_bytes);
  std::memcpy(of.data() + signature_bytes, message, message_bytes);
  std::memcpy(of.data() + signature_bytes + message_bytes, key, key_bytes);
  Entry& entry = entry_of(of);
  if (entry.answer < 0 || entry.of != of) {
    entry.answer = __real_secp256k1_schnorrsig_verify(context, signature, message, size, key);
    entry.of = of;
  }
  return entry.answer;
}
}
