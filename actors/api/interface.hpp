// What the actors of the API family accept.
//   query    answers questions about the chain and the node from QuerySources (query_sources.hpp);
//            peers, consensus state and the mempool are asked from their own actors
//   events   receives what happened, keeps a bounded log of it and feeds the event streams
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/api.capnp.h"

namespace witan {

struct QueryRole {
  static constexpr std::string_view name = "query";
  static constexpr std::string_view path = "/node/api/query";
  using accepts = rt::Accepts<
      rt::Control<schema::GetReadiness>,
      rt::Bulk<schema::GetStatus, schema::GetBlock, schema::GetBlocks, schema::GetTransaction,
               schema::GetAccount, schema::GetValidators, schema::GetTree, schema::GetGenesis,
               schema::GetLightBlock, schema::GetEvidence, schema::GetFlow, schema::GetMessages>>;
};

struct EventsRole {
  static constexpr std::string_view name = "events";
  static constexpr std::string_view path = "/node/api/events";
  using accepts = rt::Accepts<rt::Bulk<schema::PublishedEvent>>;
};

}  // namespace witan
