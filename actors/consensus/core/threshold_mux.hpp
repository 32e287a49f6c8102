// Which rule is enabled now? Looks at the step, the thresholds reached and the proposals held, and
// names the next input of the round machine. Stateless: asked again after every input until it has
// nothing more to say, so nothing that arrived early can be missed (P1, P3). Rows are tried top to
// bottom.
//
//   step            threshold                       proposal of that round             rule
//   --------------  ------------------------------  ---------------------------------  -----------
//   not commit      2f+1 precommits v in any round  v, valid                           R16   L49
//   not commit      f+1 senders in a higher round   -                                  R15   L55
//   prevote, later  2f+1 prevotes v, first time     v, valid                           R11/12 L36
//   propose         2f+1 prevotes v in vr < round   v with vr >= 0, valid              R5    L28
//   propose         2f+1 prevotes v in vr < round   v with vr >= 0, not valid          R6    L32
//   propose         -                               v with vr nil, valid and timely    R3    L22
//   propose         -                               v with vr nil, otherwise           R4    L26
//   prevote         2f+1 prevotes nil               -                                  R9    L44
//   prevote         2f+1 prevotes, first time       -                                  R8    L34
//   not commit      2f+1 precommits, first time     -                                  R13   L47
//
// Everything below the second row is about the current round. An invalid proposal never satisfies
// L36 or L49; a proposal with vr >= round, or whose polka is unknown, waits for the polka or the
// timeout (P6).
#pragma once
#include <optional>

#include "actors/consensus/core/proposal_keeper.hpp"
#include "actors/consensus/core/round_machine.hpp"
#include "actors/consensus/core/vote_keeper.hpp"

namespace witan::consensus {

[[nodiscard]] std::optional<RoundInput> next_input(const RoundState& state, const VoteKeeper& votes,
                                                   const ProposalKeeper& proposals);

}  // namespace witan::consensus
