// Lower-case hexadecimal without prefix.
#pragma once
#include <string>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

[[nodiscard]] std::string to_hex(ByteView bytes);
// Errors: malformed (odd length or a character that is not a hex digit). Accepts upper case.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

template <class Tag, std::size_t N>
[[nodiscard]] std::string to_hex(const FixedBytes<Tag, N>& b) {
  return to_hex(b.view());
}

// Decodes exactly N bytes. Errors: malformed, out_of_range (other length); field = `field`.
template <class Fixed>
[[nodiscard]] Result<Fixed> fixed_from_hex(std::string_view text, std::string field) {
  auto bytes = from_hex(text);
  if (!bytes) return fail(ErrorCode::malformed, std::move(field), bytes.error().text);
  if (bytes->size() != Fixed::size_bytes)
    return fail(ErrorCode::out_of_range, std::move(field),
                "expected " + std::to_string(Fixed::size_bytes) + " bytes of hex");
  return Fixed::from(*bytes);
}

// Checked copy of exactly N bytes from a borrowed range.
template <class Fixed>
[[nodiscard]] Result<Fixed> fixed_from(ByteView bytes, std::string field) {
  if (bytes.size() != Fixed::size_bytes)
    return fail(ErrorCode::malformed, std::move(field),
                "expected " + std::to_string(Fixed::size_bytes) + " bytes, got " +
                    std::to_string(bytes.size()));
  return Fixed::from(bytes);
}

}  // namespace witan
