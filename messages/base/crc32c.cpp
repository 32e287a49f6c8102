#include "messages/base/crc32c.hpp"

#include <array>
#include <bit>

namespace witan {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // RFC 3720 appendix B.4, bits reflected
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b] is the effect of byte b followed by k zero bytes, so eight bytes take eight
// independent look-ups ("slicing by 8").
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t crc = tables[k - 1][i];
      tables[k][i] = (crc >> 8) ^ tables[0][crc & 0xff];
    }
  return tables;
}
constexpr Tables tables = make_tables();
static_assert(std::endian::native == std::endian::little, "word reads assume little-endian");

std::uint64_t word_at(const std::uint8_t* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(ByteView bytes, std::uint32_t seed) {
  std::uint64_t crc = ~seed;
  while (bytes.size() >= 8) {
    crc = __builtin_ia32_crc32di(crc, word_at(bytes.data()));
    bytes = bytes.subspan(8);
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (std::uint8_t b : bytes) tail = __builtin_ia32_crc32qi(tail, b);
  return ~tail;
}

bool has_crc_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  while (bytes.size() >= 8) {
    const std::uint64_t word = word_at(bytes.data()) ^ crc;
    std::uint32_t next = 0;
    for (std::size_t k = 0; k < 8; ++k) next ^= tables[7 - k][(word >> (8 * k)) & 0xff];
    crc = next;
    bytes = bytes.subspan(8);
  }
  for (std::uint8_t b : bytes) crc = (crc >> 8) ^ tables[0][(crc ^ b) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(ByteView bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  if (has_crc_instruction()) return crc32c_sse42(bytes, seed);
#endif
  return crc32c_portable(bytes, seed);
}

}  // namespace witan
