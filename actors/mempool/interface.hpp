// What the mempool accepts: transactions from the API and from peers, questions from the ledger.
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/schema/chain.capnp.h"

namespace witan {

struct MempoolRole {
  static constexpr std::string_view name = "mempool";
  static constexpr std::string_view path = "/node/chain/mempool";
  using accepts = rt::Accepts<
      rt::Control<schema::Reap, schema::KnownTransactions, schema::TransactionsCommitted,
                  schema::SignaturesVerified, schema::GetMempool, schema::GetPendingNonce>,
      rt::Bulk<schema::SubmitTx, schema::SubmitBatch, schema::TransactionBatch>>;
};

}  // namespace witan
