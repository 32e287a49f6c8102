// Any text is refused with a place, or read as a configuration that survives being written.
#include "config/loader.hpp"
#include "config/writer.hpp"
#include "messages/base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace witan;
  const auto config = parse_config(as_text({data, size}), "fuzz");
  if (!config) {
    WITAN_CHECK(config.error().code == ErrorCode::config);
    WITAN_CHECK(!config.error().field.empty());
    return 0;
  }
  const auto again = parse_config(write_config(*config), "again");
  WITAN_CHECK(again.has_value());
  WITAN_CHECK(*again == *config);
  return 0;
}
