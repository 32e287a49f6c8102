#include "tools/witan/version.hpp"

#include "tools/witan/build_info.hpp"

namespace witan::cli {

std::string_view version_number() { return WITAN_PROJECT_VERSION; }
std::string_view build_commit() { return WITAN_BUILD_COMMIT; }
std::string_view build_type() { return WITAN_BUILD_TYPE; }
std::string_view build_compiler() { return WITAN_BUILD_COMPILER; }

std::string software_name() {
  return "witan/" + std::string(version_number()) + " (" + std::string(build_commit()) + ")";
}

}  // namespace witan::cli
