// telemetry_docs metrics|events : prints a reference page to standard output.
#include <cstdio>
#include <string_view>

#include "actors/telemetry/docs.hpp"

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what != "metrics" && what != "events") {
    std::fputs("usage: telemetry_docs metrics|events\n", stderr);
    return 64;
  }
  const std::string text = what == "metrics" ? witan::metrics_markdown() : witan::events_markdown();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 71;
}
