// What is UTF-8 and what is not (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
#pragma once
#include <cstddef>
#include <string_view>

namespace witan {

// Bytes of the sequence at the start of `text`; 0 when it is not valid, or `text` is empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace witan
