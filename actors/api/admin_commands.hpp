// What the admin socket understands. A request is {"command": ..., ...}; an answer is an object, or
// {"error":{"code","field","text"}} as over HTTP.
//
//   fault_add    "rules": one rule, or one a line (docs/faults.md)   -> {"added":[1,2]}
//   fault_list                                                       -> {"rules":[...]}
//   fault_clear  "id": one rule; without it all                      -> {"cleared":1}
//   quarantine_drop    "id": of a message, or how it begins          -> {"dropped":"<id>"}
//   quarantine_replay  "id": likewise          -> {"id":"<id>","outcome":"handled"}, or
//                                       {"id":"<id>","outcome":"threw","reason":"<text>"}
//
// Thread-safe if the rules and the commands are.
#pragma once
#include <functional>
#include <string>

#include "messages/base/result.hpp"

namespace witan::faults {
class Rules;
}

namespace witan {

struct ReplayAnswer {
  std::string id;
  std::string reason;  // empty: it was handled
};
// What may be done to the messages in quarantine (actors/runtime/quarantine).
struct QuarantineCommands {
  std::function<Result<std::string>(const std::string& id)> drop;     // the whole id
  std::function<Result<ReplayAnswer>(const std::string& id)> replay;  // empty on a live chain
};

// `rules` is null on a chain of type live: every fault command is refused with not_allowed.
[[nodiscard]] std::string run_admin_command(const std::string& request, faults::Rules* rules,
                                            const QuarantineCommands& quarantine = {});

}  // namespace witan
