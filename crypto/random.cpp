#include "crypto/random.hpp"

#include <sodium.h>

namespace witan {
namespace {

// sodium_init is idempotent and thread-safe; a static makes it run once.
void ensure_sodium() {
  static const int status = sodium_init();
  WITAN_CHECK(status >= 0, status);
}

}  // namespace

void random_fill(std::span<std::uint8_t> out) {
  ensure_sodium();
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  random_fill(out);
  return out;
}

}  // namespace witan
