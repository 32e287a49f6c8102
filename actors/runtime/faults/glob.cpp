// Globs, by the set of pattern positions reachable after each character: no backtracking, so no
// pattern takes long.
#include <vector>

#include "actors/runtime/faults/rule.hpp"

namespace witan::faults {
namespace {

bool is_star(std::string_view glob, std::size_t at) { return at < glob.size() && glob[at] == '*'; }

// Stars may match nothing: from each reachable star the position behind it is reachable too.
void skip_stars(std::string_view glob, std::vector<bool>& reach) {
  for (std::size_t i = 0; i < glob.size(); ++i)
    if (reach[i] && is_star(glob, i)) reach[i + 1] = true;
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) {
  if (glob.find_first_of("*?") == std::string_view::npos) return glob == text;
  std::vector<bool> reach(glob.size() + 1);
  std::vector<bool> next(glob.size() + 1);
  reach[0] = true;
  skip_stars(glob, reach);
  for (const char c : text) {
    next.assign(glob.size() + 1, false);
    for (std::size_t i = 0; i < glob.size(); ++i) {
      if (!reach[i]) continue;
      if (is_star(glob, i)) {
        const bool wide = is_star(glob, i + 1) || (i > 0 && is_star(glob, i - 1));
        if (wide || c != '/') next[i] = true;
      } else if (glob[i] == c || (glob[i] == '?' && c != '/')) {
        next[i + 1] = true;
      }
    }
    skip_stars(glob, next);
    reach.swap(next);
  }
  return reach[glob.size()];
}

}  // namespace witan::faults
