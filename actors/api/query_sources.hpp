// Where the query actor finds its answers: implemented by the composition root over the stores.
//
// Each method fills the reply and returns, or returns an error: not_found, pruned, unavailable.
// Called on the query actor's thread only; may read from disk, must not write. Bounds (20 blocks,
// limits) have been checked before.
#pragma once
#include <cstdint>
#include <optional>
#include <variant>

#include "messages/base/result.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/types/transaction.hpp"

namespace witan {

struct LatestBlock {};
using BlockSelector = std::variant<LatestBlock, Height, Hash32>;

class QuerySources {
 public:
  virtual ~QuerySources() = default;
  virtual Status status(schema::NodeStatus::Builder out) = 0;
  virtual Status readiness(schema::Readiness::Builder out) = 0;
  virtual Status block(const BlockSelector& which, bool with_transactions,
                       schema::BlockView::Builder out) = 0;
  // Heights from..to, newest first; both 0: the last 20.
  virtual Status blocks(Height from, Height to, schema::BlockList::Builder out) = 0;
  virtual Status transaction(const TxId& id, schema::TxView::Builder out) = 0;
  virtual Status account(const AccountId& id, bool prove, schema::AccountView::Builder out) = 0;
  // Height 0: the set that decides the next block.
  virtual Status validators(Height height, schema::ValidatorsView::Builder out) = 0;
  // Height 0: the last decided block. `with_block` adds the whole block's bytes.
  virtual Status light_block(Height height, bool with_block,
                             schema::LightBlockView::Builder out) = 0;
  virtual Status tree(schema::TreeView::Builder out) = 0;
  virtual Status genesis(schema::GenesisView::Builder out) = 0;
  // From the flight recorder; empty without one.
  virtual Status flow(schema::FlowView::Builder out) = 0;
  virtual Status messages(schema::GetMessages::Reader which, schema::MessagesView::Builder out) = 0;
  // At most `limit` pending and as many committed ones; with a hash: that one, or not_found.
  virtual Status evidence(std::uint32_t limit, const std::optional<Hash32>& hash,
                          schema::EvidenceList::Builder out) = 0;
};

}  // namespace witan
