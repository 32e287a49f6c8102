// Any text: decoding never crashes, and what decodes is the one text of its bytes.
#include <cstdlib>

#include "crypto/bech32m.hpp"

using namespace witan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(ByteView(data, size));
  const auto words = bech32m_decode_words(text);
  if (!words) return 0;
  if (!bech32m_encode_words(words->prefix, words->words)) std::abort();
  const auto bytes = bech32m_decode(words->prefix, text);
  if (!bytes) return 0;
  const auto again = bech32m_encode(words->prefix, *bytes);
  if (!again || bech32m_decode(words->prefix, *again) != *bytes) std::abort();
  if (again->size() != text.size()) std::abort();
  return 0;
}
