#include "actors/api/query_actor.hpp"

#include <algorithm>

#include "messages/base/hex.hpp"

namespace witan {
namespace {

// The mempool answers from memory. Without it (it restarts, so it is empty) balances are told too.
constexpr Duration mempool_deadline = Duration::from_ms(500);

template <class Fixed>
Result<Fixed> fixed(capnp::Data::Reader data, const char* field) {
  return fixed_from<Fixed>(as_view(data), field);
}

Result<BlockSelector> selector_from(schema::GetBlock::Reader ask) {
  switch (ask.which()) {
    case schema::GetBlock::LATEST:
      return BlockSelector(LatestBlock{});
    case schema::GetBlock::HEIGHT:
      return BlockSelector(Height(ask.getHeight()));
    case schema::GetBlock::ID: {
      WITAN_TRY(const Hash32 id, fixed<Hash32>(ask.getId(), "id"));
      return BlockSelector(id);
    }
  }
  return fail(ErrorCode::malformed, "block", "unknown selector");
}

}  // namespace

QueryActor::QueryActor(rt::ActorContext& context, std::shared_ptr<QuerySources> sources)
    : ActorFor(context),
      sources_(std::move(sources)),
      mempool_(context.ref<MempoolRole>(MempoolRole::path)) {
  handle<schema::GetStatus>(&QueryActor::on_status);
  handle<schema::GetReadiness>(&QueryActor::on_readiness);
  handle<schema::GetBlock>(&QueryActor::on_block);
  handle<schema::GetBlocks>(&QueryActor::on_blocks);
  handle<schema::GetTransaction>(&QueryActor::on_transaction);
  handle<schema::GetAccount>(&QueryActor::on_account);
  handle<schema::GetValidators>(&QueryActor::on_validators);
  handle<schema::GetLightBlock>(&QueryActor::on_light_block);
  handle<schema::GetTree>(&QueryActor::on_tree);
  handle<schema::GetGenesis>(&QueryActor::on_genesis);
  handle<schema::GetFlow>(&QueryActor::on_flow);
  handle<schema::GetMessages>(&QueryActor::on_messages);
  handle<schema::GetEvidence>(&QueryActor::on_evidence);
}

template <class Reply, class Fill>
void QueryActor::answer(const Envelope& request, const Fill& fill) {
  Draft<Reply> draft;
  if (const Status filled = fill(*draft); !filled)
    return context().reply_error(request, filled.error());
  context().reply(request, std::move(draft));
}

void QueryActor::on_status(schema::GetStatus::Reader, const Envelope& request) {
  answer<schema::NodeStatus>(request, [&](auto& out) { return sources_->status(out); });
}

void QueryActor::on_readiness(schema::GetReadiness::Reader, const Envelope& request) {
  answer<schema::Readiness>(request, [&](auto& out) { return sources_->readiness(out); });
}

void QueryActor::on_block(schema::GetBlock::Reader ask, const Envelope& request) {
  answer<schema::BlockView>(request, [&](auto& out) -> Status {
    WITAN_TRY(const BlockSelector which, selector_from(ask));
    return sources_->block(which, ask.getWithTransactions(), out);
  });
}

void QueryActor::on_blocks(schema::GetBlocks::Reader ask, const Envelope& request) {
  answer<schema::BlockList>(request, [&](auto& out) {
    return sources_->blocks(Height(ask.getFrom()), Height(ask.getTo()), out);
  });
}

void QueryActor::on_transaction(schema::GetTransaction::Reader ask, const Envelope& request) {
  answer<schema::TxView>(request, [&](auto& out) -> Status {
    WITAN_TRY(const TxId id, fixed<TxId>(ask.getId(), "id"));
    return sources_->transaction(id, out);
  });
}

// The mempool first: a transfer that is committed between the two questions is then counted in the
// state, in the other order in neither.
void QueryActor::on_account(schema::GetAccount::Reader ask, const Envelope& request) {
  const auto id = fixed<AccountId>(ask.getId(), "address");
  if (!id) return context().reply_error(request, id.error());
  Draft<schema::GetPendingNonce> draft;
  draft->setAccount(as_data(*id));
  context().request<schema::PendingNonce>(
      mempool_, std::move(draft), mempool_deadline,
      [this, request, id = *id,
       prove = ask.getProve()](Result<schema::PendingNonce::Reader> reply) {
        const std::uint64_t pending = reply ? reply->getNonce() : 0;
        answer<schema::AccountView>(request, [&](auto& out) -> Status {
          WITAN_TRY_VOID(sources_->account(id, prove, out));
          out.setPendingNonce(std::max(pending, out.getNonce()));
          return {};
        });
      });
}

void QueryActor::on_validators(schema::GetValidators::Reader ask, const Envelope& request) {
  answer<schema::ValidatorsView>(
      request, [&](auto& out) { return sources_->validators(Height(ask.getHeight()), out); });
}

void QueryActor::on_light_block(schema::GetLightBlock::Reader ask, const Envelope& request) {
  answer<schema::LightBlockView>(request, [&](auto& out) {
    return sources_->light_block(Height(ask.getHeight()), ask.getWithBlock(), out);
  });
}

void QueryActor::on_flow(schema::GetFlow::Reader, const Envelope& request) {
  answer<schema::FlowView>(request, [&](auto& out) { return sources_->flow(out); });
}

void QueryActor::on_messages(schema::GetMessages::Reader which, const Envelope& request) {
  answer<schema::MessagesView>(request, [&](auto& out) { return sources_->messages(which, out); });
}

void QueryActor::on_tree(schema::GetTree::Reader, const Envelope& request) {
  answer<schema::TreeView>(request, [&](auto& out) { return sources_->tree(out); });
}

void QueryActor::on_genesis(schema::GetGenesis::Reader, const Envelope& request) {
  answer<schema::GenesisView>(request, [&](auto& out) { return sources_->genesis(out); });
}

void QueryActor::on_evidence(schema::GetEvidence::Reader ask, const Envelope& request) {
  answer<schema::EvidenceList>(request, [&](auto& out) -> Status {
    std::optional<Hash32> hash;
    if (ask.getHash().size() > 0) {
      WITAN_TRY(hash, fixed<Hash32>(ask.getHash(), "id"));
    }
    return sources_->evidence(ask.getLimit(), hash, out);
  });
}

}  // namespace witan
