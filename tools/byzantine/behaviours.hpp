// The behaviours by what they lie about; catalogue.cpp names them.
#pragma once
#include "tools/byzantine/behaviour.hpp"

namespace witan::byzantine {

using MadeBehaviour = std::unique_ptr<Behaviour>;

// voting.cpp
MadeBehaviour make_equivocate_votes(const Insider& insider);
MadeBehaviour make_silent(const Insider& insider);
MadeBehaviour make_withhold(const Insider& insider);
MadeBehaviour make_delay(const Insider& insider);
MadeBehaviour make_far_future_rounds(const Insider& insider);

// locking.cpp
MadeBehaviour make_stale_lock(const Insider& insider);
MadeBehaviour make_amnesia(const Insider& insider);

// proposing.cpp
MadeBehaviour make_equivocate(const Insider& insider);
MadeBehaviour make_equivocate_proposals(const Insider& insider);
MadeBehaviour make_invalid_block(const Insider& insider);
MadeBehaviour make_invalid_parts(const Insider& insider);
MadeBehaviour make_lying_timestamps(const Insider& insider);

// noise.cpp
MadeBehaviour make_garbage(const Insider& insider);
MadeBehaviour make_flood(const Insider& insider);
MadeBehaviour make_lying_sync(const Insider& insider);

// The vote that contradicts `vote` in its step: nil instead of a block, a block nobody has instead
// of nil.
[[nodiscard]] Vote contradiction(const Vote& vote);
// An id of no block, determined by what it is for.
[[nodiscard]] BlockId made_up_block(Height height, Round round, std::uint8_t salt);

}  // namespace witan::byzantine
