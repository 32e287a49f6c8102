#include "actors/node/sources.hpp"

#include <algorithm>

#include "actors/api/views.hpp"
#include "actors/ledger/core/account.hpp"
#include "actors/ledger/receipts.hpp"
#include "actors/node/node_watch.hpp"
#include "actors/telemetry/log.hpp"
#include "config/genesis.hpp"
#include "crypto/light/light_block.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/tx_codec.hpp"
#include "storage/keys.hpp"

namespace witan::node {
namespace {

std::string_view name_of_type(ChainType type) {
  switch (type) {
    case ChainType::development:
      return "development";
    case ChainType::staging:
      return "staging";
    case ChainType::live:
      return "live";
  }
  return "unknown";
}

std::string code_text(std::uint16_t code) {
  return std::string(name_of(static_cast<ErrorCode>(code)));
}

// Bit i of byte i / 8, the lowest first: validator i is in the certificate.
Bytes signed_by(const Certificate& commit) {
  Bytes out;
  for (const CertificateSignature& s : commit.signatures) {
    const std::size_t i = s.validator;
    if (out.size() <= i / 8) out.resize(i / 8 + 1);
    out[i / 8] = static_cast<std::uint8_t>(out[i / 8] | 1U << (i % 8));
  }
  return out;
}

}  // namespace

NodeSources::NodeSources(SourcesOptions options)
    : options_(std::move(options)), started_(options_.runtime.clock().now()) {}

Status NodeSources::status(schema::NodeStatus::Builder out) {
  out.setNodeId(as_data(options_.node_id));
  out.setMoniker(options_.moniker);
  out.setVersion(options_.software);
  out.setChainName(options_.genesis.chain_name);
  out.setChainId(as_data(options_.chain_id));
  out.setChainType(std::string(name_of_type(options_.genesis.type)));
  if (const auto meta = options_.stores.state->latest()) {
    out.setLatestHeight(meta->height.get());
    out.setLatestBlockId(as_data(meta->block_id));
    out.setLatestStateRoot(as_data(meta->state_root));
    if (meta->height.get() > 0) {
      WITAN_TRY(const StoredBlock stored, options_.stores.blocks->block_at(meta->height));
      WITAN_TRY(const Block block, decode_block(stored.block));
      out.setLatestBlockTime(format_utc(block.header.time));
    }
  }
  out.setEarliestHeight(options_.stores.blocks->first().value_or(Height(0)).get());
  out.setCatchingUp((options_.metrics.blocksync_syncing.count() != 0));
  if (options_.self) {
    out.setValidatorKey(as_data(options_.validators->at(*options_.self).key));
    out.setValidatorPower(options_.validators->at(*options_.self).power);
  }
  out.setPeers(static_cast<std::uint32_t>(options_.metrics.peers.count()));
  out.setMempoolSize(options_.metrics.mempool_size.count());
  out.setUptimeSeconds(
      static_cast<std::uint64_t>((options_.runtime.clock().now() - started_).ns / 1'000'000'000));
  out.setListenAddress(options_.listen_address);
  out.setApiAddress(options_.api_address);
  out.setFaultRules(static_cast<std::uint32_t>(options_.metrics.fault_rules.count()));
  return {};
}

Status NodeSources::readiness(schema::Readiness::Builder out) {
  const auto reasons = reasons_not_ready(options_.metrics, options_.quorum_peers);
  out.setReady(reasons.empty());
  auto list = out.initReasons(static_cast<kj::uint>(reasons.size()));
  for (kj::uint i = 0; i < list.size(); ++i) list.set(i, reasons[i]);
  return {};
}

Result<Height> NodeSources::height_of(const BlockSelector& which) const {
  if (const auto* height = std::get_if<Height>(&which)) return *height;
  if (const auto* id = std::get_if<Hash32>(&which)) return options_.stores.blocks->height_of(*id);
  const Height last =
      options_.stores.state->latest() ? options_.stores.state->latest()->height : Height(0);
  if (last.get() == 0) return fail(ErrorCode::not_found, "height", "no block is decided yet");
  return last;
}

// None: not kept any more.
std::optional<UnixTime> NodeSources::time_of(Height height) const {
  const auto stored = options_.stores.blocks->block_at(height);
  if (!stored) return std::nullopt;
  const auto block = decode_block(stored->block);
  return block ? std::optional(block->header.time) : std::nullopt;
}

Status NodeSources::block(const BlockSelector& which, bool with_transactions,
                          schema::BlockView::Builder out) {
  WITAN_TRY(const Height height, height_of(which));
  const BlockStore& store = *options_.stores.blocks;
  WITAN_TRY(const StoredBlock stored, store.block_at(height));
  WITAN_TRY(const Block block, decode_block(stored.block));
  WITAN_TRY(const Bytes raw_commit, store.certificate_at(height));
  WITAN_TRY(const Certificate commit, decode_certificate(raw_commit));
  WITAN_TRY(const Bytes raw_receipts, store.receipts_at(height));
  WITAN_TRY(const auto receipts, ledger::decode_receipts(raw_receipts));
  fill_header(block.header, stored.id, out.initHeader());
  fill_commit(commit, *options_.validators, block.header.time, out.initCommit());
  if (!block.last_commit.signatures.empty())
    fill_commit(block.last_commit, *options_.validators, time_of(block.last_commit.height),
                out.initLastCommit());
  fill_transactions(block, with_transactions, out);
  auto evidence = out.initEvidence(static_cast<kj::uint>(block.evidence.size()));
  for (kj::uint i = 0; i < evidence.size(); ++i)
    evidence.set(i, as_data(ByteView(block.evidence[i])));
  out.setBytes(static_cast<std::uint32_t>(stored.block.size()));
  auto views = out.initReceipts(static_cast<kj::uint>(receipts.size()));
  for (kj::uint i = 0; i < views.size(); ++i) {
    views[i].setCode(code_text(receipts[i].code));
    views[i].setFeeCharged(receipts[i].fee_charged);
  }
  return {};
}

Status NodeSources::blocks(Height from, Height to, schema::BlockList::Builder out) {
  constexpr std::uint64_t page = 20;
  const BlockStore& store = *options_.stores.blocks;
  const auto meta = options_.stores.state->latest();
  const Height latest = meta ? meta->height : Height(0);
  out.setLatestHeight(latest.get());
  if (latest.get() == 0) return {};
  const std::uint64_t first = store.first()->get();
  const std::uint64_t high = to.get() == 0 ? latest.get() : std::min(to.get(), latest.get());
  const std::uint64_t wanted = from.get() == 0 ? (high >= page ? high - page + 1 : 1) : from.get();
  const std::uint64_t low = std::max(wanted, first);
  if (low > high) return {};
  auto list = out.initBlocks(static_cast<kj::uint>(high - low + 1));
  for (kj::uint i = 0; i < list.size(); ++i) {
    const Height height(high - i);
    WITAN_TRY(const StoredBlock stored, store.block_at(height));
    WITAN_TRY(const Block block, decode_block(stored.block));
    WITAN_TRY(const Bytes raw_commit, store.certificate_at(height));
    WITAN_TRY(const Certificate commit, decode_certificate(raw_commit));
    list[i].setHeight(height.get());
    list[i].setId(as_data(stored.id));
    list[i].setTime(format_utc(block.header.time));
    list[i].setProposer(as_data(block.header.proposer));
    list[i].setTxCount(static_cast<std::uint32_t>(block.txs.size()));
    list[i].setBytes(static_cast<std::uint32_t>(stored.block.size()));
    list[i].setRound(commit.round.get());
    list[i].setSigned(as_data(ByteView(signed_by(commit))));
  }
  return {};
}

Status NodeSources::transaction(const TxId& id, schema::TxView::Builder out) {
  WITAN_TRY(const auto place, options_.stores.index->get(keys::for_id(keys::transaction, id)));
  if (!place && options_.genesis.type == ChainType::development)
    return fail(
        ErrorCode::not_found, "id",
        "no decided transfer has this id; opaque transactions are not indexed: look into the "
        "block that was named when it was submitted with wait=commit");
  if (!place) return fail(ErrorCode::not_found, "id", "no decided transfer has this id");
  ByteReader in(*place);
  const Height height(in.u64());
  const std::uint32_t index = in.u32();
  const BlockStore& store = *options_.stores.blocks;
  WITAN_TRY(const StoredBlock stored, store.block_at(height));
  WITAN_TRY(const Block block, decode_block(stored.block));
  WITAN_TRY(const Bytes raw_receipts, store.receipts_at(height));
  WITAN_TRY(const auto receipts, ledger::decode_receipts(raw_receipts));
  if (!in.done() || index >= block.txs.size() || index >= receipts.size())
    return fail(ErrorCode::corrupt, "index.db", "entry does not match its block");
  WITAN_TRY(const Transaction tx, decode_transaction(block.txs[index]));
  out.setId(as_data(id));
  out.setStatus("committed");
  out.setHeight(height.get());
  out.setIndex(index);
  out.setCode(code_text(receipts[index].code));
  out.setFeeCharged(receipts[index].fee_charged);
  out.setBytes(as_data(ByteView(block.txs[index])));
  if (const auto* transfer = std::get_if<Transfer>(&tx)) {
    out.setKind("transfer");
    out.setSender(to_address(transfer->from));
    out.setRecipient(to_address(transfer->to));
    out.setAmount(transfer->amount);
    out.setFee(transfer->fee);
    out.setNonce(transfer->nonce);
  } else {
    out.setKind("opaque");
  }
  return {};
}

Status NodeSources::account(const AccountId& id, bool prove, schema::AccountView::Builder out) {
  // The ledger may commit meanwhile: value, height and proof are of one height, or read again.
  constexpr int attempts = 16;
  for (int i = 0; i < attempts; ++i) {
    const auto before = options_.stores.state->latest();
    WITAN_TRY_VOID(account_now(id, prove, out));
    if (options_.stores.state->latest() == before) return {};
  }
  return fail(ErrorCode::busy, "account", "blocks are committed faster than it is read");
}

Status NodeSources::account_now(const AccountId& id, bool prove,
                                schema::AccountView::Builder out) const {
  const StateStore& state = *options_.stores.state;
  const Hash32 key = Hash32::from(id.view());
  WITAN_TRY(const auto value, state.get(Module::accounts, key));
  ledger::Account account;
  if (value) {
    WITAN_TRY(account, ledger::decode_account(*value));
  }
  out.setAddress(to_address(id));
  out.setKey(as_data(id));
  out.setExists(value.has_value());
  out.setBalance(account.balance);
  out.setNonce(account.nonce);
  if (const auto meta = state.latest()) {
    out.setHeight(meta->height.get());
    out.setStateRoot(as_data(meta->state_root));
  }
  if (!prove) return {};
  WITAN_TRY(const StateProof proof, state.prove(Module::accounts, key));
  const Bytes encoded = proof.encode();
  out.setProof(as_data(ByteView(encoded)));
  return {};
}

Status NodeSources::validators(Height height, schema::ValidatorsView::Builder out) {
  const auto meta = options_.stores.state->latest();
  const Height asked = height.get() != 0 ? height : (meta ? meta->height : Height(0)) + 1;
  fill_validators(*options_.validators, asked, out);
  return {};
}

Status NodeSources::light_block(Height height, bool with_block,
                                schema::LightBlockView::Builder out) {
  const BlockSelector which = height.get() == 0 ? BlockSelector(LatestBlock{}) : height;
  WITAN_TRY(const Height wanted, height_of(which));
  const BlockStore& store = *options_.stores.blocks;
  WITAN_TRY(const StoredBlock stored, store.block_at(wanted));
  WITAN_TRY(Block block, decode_block(stored.block));
  WITAN_TRY(const Bytes raw_commit, store.certificate_at(wanted));
  WITAN_TRY(Certificate commit, decode_certificate(raw_commit));
  const light::LightBlock answer{std::move(block.header), std::move(commit), options_.validators,
                                 options_.validators};
  const Bytes bytes = light::encode_light_block(answer);
  out.setHeight(wanted.get());
  out.setId(as_data(stored.id));
  out.setBytes(as_data(ByteView(bytes)));
  if (with_block) out.setBlock(as_data(ByteView(stored.block)));
  return {};
}

Status NodeSources::tree(schema::TreeView::Builder out) {
  const auto tree = options_.runtime.tree();
  auto list = out.initActors(static_cast<kj::uint>(tree.size()));
  for (kj::uint i = 0; i < list.size(); ++i) {
    const rt::ActorStatus& actor = tree[i];
    list[i].setPath(actor.path);
    list[i].setState(std::string(rt::name_of(actor.state)));
    list[i].setSupervisor(actor.supervisor);
    list[i].setRestarts(actor.restarts);
    list[i].setHandled(actor.handled);
    auto depth = list[i].initDepth(rt::mailbox_classes);
    auto shed = list[i].initShed(rt::mailbox_classes);
    for (kj::uint c = 0; c < rt::mailbox_classes; ++c) {
      depth.set(c, actor.mailbox[c].depth);
      shed.set(c, actor.mailbox[c].shed);
    }
    list[i].setLastReason(actor.last_reason);
  }
  return {};
}

Status NodeSources::genesis(schema::GenesisView::Builder out) {
  out.setJson(write_genesis(options_.genesis));
  out.setChainId(as_data(options_.chain_id));
  return {};
}

}  // namespace witan::node
