// Key files: whatever parses is exactly what the program would write, and opening it never crashes.
#include <cstdlib>

#include "crypto/keystore.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const std::string_view text = as_text({data, size});
  const auto file = parse_key_file(text);
  if (!file) return 0;
  if (to_text(*file) != text) std::abort();
  // The KDF is bounded by parsing; here only its cheapest setting is run.
  if (file->protection == Protection::none_development_only || file->kdf == kdf_min)
    (void)unlock_key(*file, file->role, as_bytes("p"), PlainFiles::allow);
  return 0;
}
