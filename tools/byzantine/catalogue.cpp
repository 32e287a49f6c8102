#include <algorithm>
#include <string_view>

#include "tools/byzantine/behaviours.hpp"

namespace witan::byzantine {

const std::vector<BehaviourInfo>& behaviours() {
  static const std::vector<BehaviourInfo> all{
      {"equivocate", "two blocks for one round and two votes in every step", make_equivocate},
      {"equivocate-proposals", "two blocks for one round, half of the peers told each",
       make_equivocate_proposals},
      {"equivocate-votes", "two votes in every step, half of the peers told each first",
       make_equivocate_votes},
      {"silent", "connected, and says nothing about consensus", make_silent},
      {"withhold", "one peer gets what the others miss: parts, prevotes, precommits",
       make_withhold},
      {"delay", "everything about consensus late by longer than a timeout", make_delay},
      {"stale-lock", "locks alone on its block, clings to it, proposes it without a polka",
       make_stale_lock},
      {"amnesia", "precommits a block and prevotes another one later without a reason",
       make_amnesia},
      {"invalid-block", "proposes blocks that break one rule each", make_invalid_block},
      {"invalid-parts", "proposes good blocks and sends damaged parts", make_invalid_parts},
      {"far-future-rounds", "votes and proposals of far rounds and heights",
       make_far_future_rounds},
      {"garbage", "authenticated bytes that are no message", make_garbage},
      {"flood", "the same messages again and again, as fast as the link takes them", make_flood},
      {"lying-sync", "claims heights it has not, serves ranges that are wrong", make_lying_sync},
      {"lying-timestamps", "proposes blocks of an hour ahead or ago", make_lying_timestamps},
  };
  return all;
}

const BehaviourInfo* find_behaviour(std::string_view name) {
  const auto& all = behaviours();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const BehaviourInfo& b) { return b.name == name; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace witan::byzantine
