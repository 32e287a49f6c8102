// Which software this is: the project's version and the commit it was configured from. No build
// date: the same source gives the same program.
#pragma once
#include <string>
#include <string_view>

namespace witan::cli {

[[nodiscard]] std::string_view version_number();  // "0.1.0"
[[nodiscard]] std::string_view build_commit();    // 12 hex digits, or "unknown" without git
[[nodiscard]] std::string_view build_type();      // "RelWithDebInfo"
[[nodiscard]] std::string_view build_compiler();  // "GNU 12.2.0"

// "witan/0.1.0 (0123456789ab)": what a node calls itself.
[[nodiscard]] std::string software_name();

}  // namespace witan::cli
