// Asking a running node through the socket in its home (actors/api/admin_commands.hpp).
#pragma once
#include <nlohmann/json.hpp>

#include "tools/witan/program.hpp"

namespace witan::cli {

// The node's answer, or the error it reports. Errors besides: network (nobody listens), timeout.
[[nodiscard]] Result<nlohmann::json> ask_node(const Program& program,
                                              const nlohmann::json& request);

}  // namespace witan::cli
