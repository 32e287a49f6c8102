// Prints generated reference pages: `witan-reference config` is docs/reference/config.md.
#include <cstdio>
#include <string_view>

#include "config/writer.hpp"
#include "messages/base/exit_codes.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "config") {
    const std::string page = witan::config_reference();
    const bool written =
        std::fwrite(page.data(), 1, page.size(), stdout) == page.size() && std::fflush(stdout) == 0;
    return static_cast<int>(written ? witan::ExitCode::success : witan::ExitCode::storage_io);
  }
  std::fputs("usage: witan-reference config\n", stderr);
  return static_cast<int>(witan::ExitCode::usage);
}
