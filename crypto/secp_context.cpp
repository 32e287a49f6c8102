#include "crypto/secp_context.hpp"

#include <sodium.h>

#include <array>

#include "crypto/hash.hpp"
#include "messages/base/check.hpp"

namespace witan {
namespace {

secp256k1_context* create_context() {
  WITAN_CHECK(sodium_init() >= 0);
  secp256k1_context* context =
      secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
  WITAN_CHECK(context != nullptr);
  std::array<unsigned char, 32> seed{};
  randombytes_buf(seed.data(), seed.size());
  WITAN_CHECK(secp256k1_context_randomize(context, seed.data()) == 1);
  wipe(seed);
  return context;
}

}  // namespace

const secp256k1_context* secp_context() {
  static const secp256k1_context* const context = create_context();
  return context;
}

}  // namespace witan
