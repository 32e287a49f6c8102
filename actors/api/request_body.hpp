// Bodies of submissions, decoded under checks. Pure; any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

inline constexpr std::uint32_t batch_count_max = 65'536;
inline constexpr std::size_t evidence_body_bytes_max = 136 * 1024;  // a light block and a height

// One transaction: {"tx":"<hex>"} as application/json, or its bytes as application/octet-stream.
// Errors: malformed, missing, too_large, unknown_type (content type); field `tx` or `Content-Type`.
[[nodiscard]] Result<Bytes> transaction_from_body(std::string_view content_type,
                                                  std::string_view body);

// Evidence, or an attack: {"evidence":"<hex>"} as application/json, or the bytes as
// application/octet-stream. Errors: malformed, missing, too_large, unknown_type; field `evidence`
// or `Content-Type`.
[[nodiscard]] Result<Bytes> evidence_from_body(std::string_view content_type,
                                               std::string_view body);

// Checks the framing of a batch (u32 little-endian length before each transaction) and counts.
// Errors: malformed, missing, too_large; field `transactions[n]`.
[[nodiscard]] Result<std::uint32_t> count_batch(std::string_view content_type, ByteView body);

}  // namespace witan
