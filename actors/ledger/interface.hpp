// What the ledger accepts: build, check, commit blocks; answer questions about the latest state.
// One actor on its own thread; the only writer of the block store and the state store.
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/chain.capnp.h"
#include "messages/schema/evidence.capnp.h"

namespace witan {

struct LedgerRole {
  static constexpr std::string_view name = "ledger";
  static constexpr std::string_view path = "/node/chain/ledger";
  using accepts =
      rt::Accepts<rt::Control<schema::BuildBlock, schema::CheckBlock, schema::CommitBlock,
                              schema::GetTip, schema::PendingEvidence>,
                  rt::Consensus<schema::GetAccounts>>;
};

}  // namespace witan
