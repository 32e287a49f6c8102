// What the evidence pool accepts: what this node found, what peers and users send, what the ledger
// committed.
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/schema/consensus.capnp.h"
#include "messages/schema/evidence.capnp.h"

namespace witan {

struct EvidenceRole {
  static constexpr std::string_view name = "evidence";
  static constexpr std::string_view path = "/node/chain/evidence";
  using accepts =
      rt::Accepts<rt::Control<schema::EvidenceFound, schema::EvidenceCommitted, schema::PeerReady>,
                  rt::Bulk<schema::EvidenceBatch, schema::SubmitEvidence>>;
};

}  // namespace witan
