// What block sync accepts: statuses and ranges from peers, ticks, and what consensus noticed.
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/chain.capnp.h"

namespace witan {

struct SyncRole {
  static constexpr std::string_view name = "sync";
  static constexpr std::string_view path = "/node/chain/sync";
  using accepts = rt::Accepts<rt::Control<schema::BlockCommitted, schema::PeerGone,
                                          schema::PeerAhead, schema::GetSyncState>,
                              rt::Consensus<schema::SyncStatus, schema::RangeRequest>,
                              rt::Bulk<schema::RangeResponse>>;
};

}  // namespace witan
