// Bech32m (BIP-350): bytes as text for people, with a prefix that names the kind and a checksum
// that finds typing errors (any four wrong characters). Lower case is written; all-upper case is
// accepted.
#pragma once
#include <string>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

inline constexpr std::size_t bech32m_max_chars = 90;

// Errors: out_of_range (prefix empty, longer than 83 or with characters outside lower-case
// printable ASCII), too_large (the text would exceed 90 characters).
[[nodiscard]] Result<std::string> bech32m_encode(std::string_view prefix, ByteView bytes);

// The bytes, if `text` is bech32m with exactly this prefix.
// Errors: bad_address; the text says what is wrong (prefix, character, checksum, padding, length).
[[nodiscard]] Result<Bytes> bech32m_decode(std::string_view prefix, std::string_view text);

// Without the conversion from 5-bit groups to bytes: what BIP-350 itself defines.
struct Bech32mWords {
  std::string prefix;  // lower case
  Bytes words;         // values 0..31, checksum removed
};
[[nodiscard]] Result<Bech32mWords> bech32m_decode_words(std::string_view text);
[[nodiscard]] Result<std::string> bech32m_encode_words(std::string_view prefix, ByteView words);

}  // namespace witan
