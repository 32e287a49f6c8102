// The query actor: answers QueryRole from QuerySources; asks the mempool what an account has
// pending. Holds no state; restarted freely.
#pragma once
#include <memory>

#include "actors/api/interface.hpp"
#include "actors/api/query_sources.hpp"
#include "actors/mempool/interface.hpp"
#include "actors/runtime/actor.hpp"

namespace witan {

class QueryActor final : public rt::ActorFor<QueryRole> {
 public:
  QueryActor(rt::ActorContext& context, std::shared_ptr<QuerySources> sources);

 private:
  // Fills a reply with `fill(builder)` and sends it, or its error.
  template <class Reply, class Fill>
  void answer(const Envelope& request, const Fill& fill);

  void on_status(schema::GetStatus::Reader, const Envelope& request);
  void on_readiness(schema::GetReadiness::Reader, const Envelope& request);
  void on_block(schema::GetBlock::Reader ask, const Envelope& request);
  void on_blocks(schema::GetBlocks::Reader ask, const Envelope& request);
  void on_transaction(schema::GetTransaction::Reader ask, const Envelope& request);
  void on_account(schema::GetAccount::Reader ask, const Envelope& request);
  void on_validators(schema::GetValidators::Reader ask, const Envelope& request);
  void on_light_block(schema::GetLightBlock::Reader ask, const Envelope& request);
  void on_flow(schema::GetFlow::Reader, const Envelope& request);
  void on_messages(schema::GetMessages::Reader which, const Envelope& request);
  void on_tree(schema::GetTree::Reader, const Envelope& request);
  void on_genesis(schema::GetGenesis::Reader, const Envelope& request);
  void on_evidence(schema::GetEvidence::Reader ask, const Envelope& request);

  std::shared_ptr<QuerySources> sources_;
  rt::ActorRef<MempoolRole> mempool_;
};

}  // namespace witan
