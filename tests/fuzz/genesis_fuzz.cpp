// Any text is refused with code genesis, or read as a genesis that survives being written.
#include "config/genesis.hpp"
#include "messages/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const auto genesis = parse_genesis(as_text({data, size}));
  if (!genesis) {
    WITAN_CHECK(genesis.error().code == ErrorCode::genesis);
    return 0;
  }
  const std::string text = write_genesis(*genesis);
  const auto again = parse_genesis(text);
  WITAN_CHECK(again.has_value());
  WITAN_CHECK(*again == *genesis);
  WITAN_CHECK(write_genesis(*again) == text);
  return 0;
}
