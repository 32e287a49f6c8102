// See verify_memo.cpp.
#pragma once

namespace witan::sim {

// A run starts without what earlier runs of this thread verified. (The call also makes the linker
// take verify_memo.cpp.)
void forget_verified();

}  // namespace witan::sim
