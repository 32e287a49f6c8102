// The simulator's program, which other commands start as well.
#pragma once
#include <string>
#include <vector>

#include "messages/base/result.hpp"

namespace witan::cli {

// Becomes `witan-sim WORDS`, the program beside this one. Returns only when it cannot be started.
// Errors: not_found, io.
Result<int> run_sim(const std::vector<std::string>& words);

}  // namespace witan::cli
