// witan-sim replay: what `witan replay --sim FILE` runs.
#pragma once
#include <string>

#include "messages/base/result.hpp"

namespace witan::sim {

struct ReplayOptions {
  std::string file;
  std::string stop;   // a message (redrive.hpp); empty: none
  std::string actor;  // the only one that is looked at; empty: all
  bool show = false;  // print each hop that was compared
  bool json = false;
};

// The exit code: 70 at a difference. Errors: those of the recording and its scenario; usage;
// not_found (no such message).
[[nodiscard]] Result<int> replay(const ReplayOptions& options);

}  // namespace witan::sim
