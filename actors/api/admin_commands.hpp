// What the admin socket understands. A request is {"command": ..., ...}; an answer is an object, or
// {"error":{"code","field","text"}} as over HTTP.
//
//   fault_add    "rules": one rule, or one a line (docs/faults.md)   -> {"added":[1,2]}
//   fault_list                                                       -> {"rules":[...]}
//   fault_clear  "id": one rule; without it all                      -> {"cleared":1}
//
// Thread-safe if the rules are.
#pragma once
#include <string>

namespace witan::faults {
class Rules;
}

namespace witan {

// `rules` is null on a chain of type live: every fault command is refused with not_allowed.
[[nodiscard]] std::string run_admin_command(const std::string& request, faults::Rules* rules);

}  // namespace witan
