// api_docs: prints the route table of docs/reference/api.md to standard output.
#include <cstdio>
#include <string>

#include "actors/api/router.hpp"

int main() {
  const std::string text = witan::routes_markdown();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 71;
}
