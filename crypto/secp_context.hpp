// Internal to crypto/*.cpp: the process-wide libsecp256k1 context.
#pragma once
#include <secp256k1.h>

namespace witan {

// Signing and verifying tables, blinded once against side channels with system randomness. Created
// at first use, never destroyed. Thread rule: const use from any thread, as the library guarantees.
[[nodiscard]] const secp256k1_context* secp_context();

}  // namespace witan
