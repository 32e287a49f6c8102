// NodeSources: where the query actor reads the chain and the node's own state for the API.
#pragma once
#include <memory>

#include "actors/api/query_sources.hpp"
#include "actors/node/stores.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/telemetry/metrics.hpp"
#include "actors/telemetry/trace/recorder.hpp"
#include "messages/types/genesis.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::node {

struct SourcesOptions {
  Stores& stores;
  rt::Runtime& runtime;
  const Metrics& metrics;
  Genesis genesis;
  ChainId chain_id{};
  ValidatorSetPtr validators{};
  std::optional<ValidatorIndex> self{};
  NodeId node_id{};
  std::string moniker{};
  std::string software{};
  std::string listen_address{};
  std::string api_address{};
  trace::Recorder* recorder = nullptr;  // null: no flight recorder
  std::size_t quorum_peers = 0;         // fewer sessions than this: not ready
};

class NodeSources final : public QuerySources {
 public:
  explicit NodeSources(SourcesOptions options);

  Status status(schema::NodeStatus::Builder out) override;
  Status readiness(schema::Readiness::Builder out) override;
  Status block(const BlockSelector& which, bool with_transactions,
               schema::BlockView::Builder out) override;
  Status blocks(Height from, Height to, schema::BlockList::Builder out) override;
  Status transaction(const TxId& id, schema::TxView::Builder out) override;
  Status account(const AccountId& id, bool prove, schema::AccountView::Builder out) override;
  Status validators(Height height, schema::ValidatorsView::Builder out) override;
  Status light_block(Height height, bool with_block, schema::LightBlockView::Builder out) override;
  Status tree(schema::TreeView::Builder out) override;
  Status genesis(schema::GenesisView::Builder out) override;
  Status flow(schema::FlowView::Builder out) override;
  Status messages(schema::GetMessages::Reader which, schema::MessagesView::Builder out) override;
  Status evidence(std::uint32_t limit, const std::optional<Hash32>& hash,
                  schema::EvidenceList::Builder out) override;

 private:
  Status account_now(const AccountId& id, bool prove, schema::AccountView::Builder out) const;
  Result<Height> height_of(const BlockSelector& which) const;
  Status accused(schema::EvidenceList::Builder out);
  std::optional<UnixTime> time_of(Height height) const;
  SourcesOptions options_;
  Instant started_;
};

}  // namespace witan::node
