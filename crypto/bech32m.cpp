#include "crypto/bech32m.hpp"

namespace witan {
namespace {

constexpr std::string_view charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::uint32_t bech32m_constant = 0x2bc830a3;
constexpr std::size_t checksum_chars = 6;
constexpr std::size_t max_prefix_chars = 83;

tl::unexpected<Error> bad(std::string text) {
  return fail(ErrorCode::bad_address, "address", std::move(text));
}

// The BCH code of BIP-173 over GF(32), one 5-bit value at a time.
std::uint32_t step(std::uint32_t check, std::uint8_t value) {
  constexpr std::array<std::uint32_t, 5> generator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                   0x2a1462b3};
  const std::uint32_t top = check >> 25;
  check = (check & 0x1ffffff) << 5 ^ value;
  for (std::size_t i = 0; i < generator.size(); ++i)
    if ((top >> i & 1) != 0) check ^= generator[i];
  return check;
}

std::uint32_t checksum_of(std::string_view prefix, ByteView words) {
  std::uint32_t check = 1;
  for (char c : prefix) check = step(check, static_cast<std::uint8_t>(c) >> 5);
  check = step(check, 0);
  for (char c : prefix) check = step(check, static_cast<std::uint8_t>(c) & 31);
  for (std::uint8_t word : words) check = step(check, word);
  return check;
}

bool is_prefix_char(char c) { return c >= 33 && c <= 126; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// One case throughout, as BIP-173 demands; the lower-case text.
Result<std::string> to_lower(std::string_view text) {
  const bool upper = std::any_of(text.begin(), text.end(), is_upper);
  if (upper && std::any_of(text.begin(), text.end(), is_lower))
    return bad("upper and lower case are mixed");
  std::string out(text);
  for (char& c : out)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Bytes to_words(ByteView bytes) {
  Bytes out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (std::uint8_t byte : bytes) {
    buffer = (buffer << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5;) {
      bits -= 5;
      out.push_back(static_cast<std::uint8_t>(buffer >> bits & 31));
    }
  }
  if (bits > 0) out.push_back(static_cast<std::uint8_t>(buffer << (5 - bits) & 31));
  return out;
}

// Padding must be the shortest and zero, or two texts would mean the same bytes.
Result<Bytes> to_bytes(ByteView words) {
  Bytes out;
  out.reserve(words.size() * 5 / 8);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (std::uint8_t word : words) {
    buffer = (buffer << 5 | word) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(buffer >> bits & 0xff));
    }
  }
  const std::uint32_t padding = buffer & ((1U << bits) - 1);
  if (bits >= 5 || padding != 0) return bad("padding is not canonical");
  return out;
}

}  // namespace

Result<std::string> bech32m_encode_words(std::string_view prefix, ByteView words) {
  if (prefix.empty() || prefix.size() > max_prefix_chars ||
      !std::all_of(prefix.begin(), prefix.end(), is_prefix_char) ||
      std::any_of(prefix.begin(), prefix.end(), is_upper))
    return fail(ErrorCode::out_of_range, "prefix", "1 to 83 characters of lower-case ASCII");
  if (std::any_of(words.begin(), words.end(), [](std::uint8_t w) { return w > 31; }))
    return fail(ErrorCode::out_of_range, "words", "values are 0 to 31");
  if (prefix.size() + 1 + words.size() + checksum_chars > bech32m_max_chars)
    return fail(ErrorCode::too_large, "bytes", "the text would exceed 90 characters");
  Bytes all(words.begin(), words.end());
  all.resize(words.size() + checksum_chars, 0);
  const std::uint32_t check = checksum_of(prefix, all) ^ bech32m_constant;
  for (std::size_t i = 0; i < checksum_chars; ++i)
    all[words.size() + i] = static_cast<std::uint8_t>(check >> (5 * (checksum_chars - 1 - i)) & 31);
  std::string out(prefix);
  out += '1';
  for (std::uint8_t word : all) out += charset[word];
  return out;
}

Result<Bech32mWords> bech32m_decode_words(std::string_view text) {
  if (text.size() > bech32m_max_chars) return bad("longer than 90 characters");
  if (!std::all_of(text.begin(), text.end(), is_prefix_char))
    return bad("contains a space, a control or a non-ASCII character");
  WITAN_TRY(const std::string lower, to_lower(text));
  const std::size_t separator = lower.rfind('1');
  if (separator == std::string::npos || separator == 0) return bad("has no prefix before a '1'");
  if (lower.size() - separator - 1 < checksum_chars) return bad("is too short for a checksum");
  Bech32mWords out{lower.substr(0, separator), {}};
  for (char c : std::string_view(lower).substr(separator + 1)) {
    const std::size_t value = charset.find(c);
    if (value == std::string_view::npos)
      return bad(std::string("character '") + c + "' is not used in addresses");
    out.words.push_back(static_cast<std::uint8_t>(value));
  }
  if (checksum_of(out.prefix, out.words) != bech32m_constant)
    return bad("checksum is wrong: a character was mistyped");
  out.words.resize(out.words.size() - checksum_chars);
  return out;
}

Result<std::string> bech32m_encode(std::string_view prefix, ByteView bytes) {
  if (bytes.size() > bech32m_max_chars)
    return fail(ErrorCode::too_large, "bytes", "the text would exceed 90 characters");
  return bech32m_encode_words(prefix, to_words(bytes));
}

Result<Bytes> bech32m_decode(std::string_view prefix, std::string_view text) {
  WITAN_TRY(const auto decoded, bech32m_decode_words(text));
  if (decoded.prefix != prefix)
    return bad("prefix is '" + decoded.prefix + "', expected '" + std::string(prefix) + "'");
  return to_bytes(decoded.words);
}

}  // namespace witan
