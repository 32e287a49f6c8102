// Pass-phrases of key files: from a file, the environment or the terminal, in this order.
#pragma once
#include <string>

#include "crypto/keystore.hpp"

namespace witan::cli {

// Wiped when it goes; never printed.
struct Passphrase {
  Secret<passphrase_bytes_max> bytes;
  std::size_t size = 0;
  [[nodiscard]] ByteView view() const { return bytes.view().first(size); }
};

inline constexpr const char* passphrase_variable = "WITAN_PASSPHRASE";

enum class Ask : std::uint8_t { once, twice };  // twice: for a new file

// `file` empty: WITAN_PASSPHRASE, else the terminal with echo off. One trailing newline of a file
// is not part of it. `what` is shown in the prompt. Errors: usage (none given and no terminal, too
// long, empty, the two differ), io (file).
[[nodiscard]] Result<Passphrase> read_passphrase(const std::string& file, const std::string& what,
                                                 Ask ask);

}  // namespace witan::cli
