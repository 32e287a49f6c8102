// HKDF-SHA256 (RFC 5869). Reentrant; intermediate secrets are wiped.
#pragma once
#include <utility>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

// RFC 5869 section 2.3: at most 255 blocks of output.
inline constexpr std::size_t hkdf_max_bytes = 255 * 32;

// Extract then expand: `size` bytes. An empty salt stands for 32 zero bytes.
// Errors: out_of_range (size above hkdf_max_bytes).
[[nodiscard]] Result<Bytes> hkdf_sha256(ByteView salt, ByteView key_material, ByteView info,
                                        std::size_t size);

// Noise's two-output HKDF: 64 bytes with empty info, split in halves. `salt` is the chaining key.
[[nodiscard]] std::pair<Hash32, Hash32> hkdf_pair(ByteView salt, ByteView key_material);

}  // namespace witan
