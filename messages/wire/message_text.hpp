// A message's fields for people: one line each, by the schema. For tools, never for the wire.
#pragma once
#include <string>

#include "messages/wire/envelope.hpp"

namespace witan {

struct MessageTextLimits {
  std::size_t data_bytes = 32;   // shown of each piece of bytes, in hex
  std::size_t text_bytes = 200;  // and of each text; what is not printable ASCII is `?`
  std::size_t list_items = 8;
  std::size_t lines = 200;
};

// "height: 12\nvote:\n  round: 0\n". Words may be hostile: what cannot be read ends the text with a
// line in brackets. Empty for a type that is not of messages/schema.
[[nodiscard]] std::string message_text(std::uint64_t type, const Words& words,
                                       const MessageTextLimits& limits = {});

}  // namespace witan
