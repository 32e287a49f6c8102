// The order of what the consensus actor handled, from recordings of a node's messages
// (docs/tracing.md), for `witan replay --trace`.
#pragma once
#include <string>
#include <vector>

#include "actors/consensus/log_order.hpp"
#include "storage/file_system.hpp"

namespace witan::cli {

struct HandledOrder {
  std::vector<consensus::OrderHop> hops;
  std::set<Height> covered;        // heights of which every hop was recorded
  std::vector<std::string> notes;  // why something of what was given is not used
};

// `place`: a home, a folder or a file. Flight recorder dumps, recordings with losses or damage, and
// processes that recorded twice are not used, and said. Covered are, of each process, the heights
// that began and were decided while it recorded; a recording that began in the middle first waits
// until nothing can matter that came before it (early_heights_max).
// Errors: those of reading traces; not_found: nothing of consensus is in them.
[[nodiscard]] Result<HandledOrder> handled_order(FileSystem& fs, const FilePath& place);

}  // namespace witan::cli
