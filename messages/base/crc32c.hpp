// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): detects accidental damage in records on
// disk. It is no protection against an attacker.
#pragma once
#include <cstdint>

#include "messages/base/bytes.hpp"

namespace witan {

// `seed` is the CRC of what came before: crc32c(b, crc32c(a)) == crc32c(a || b). Uses the CRC
// instruction when this CPU has it. Reentrant.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

// The table version, on every CPU. For crc32c and its tests.
[[nodiscard]] std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t seed = 0);

}  // namespace witan
