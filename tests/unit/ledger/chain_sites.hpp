// Two nodes' disks with the chains on them, without actors: what A builds, both check and commit.
#pragma once
#include "actors/ledger/chain.hpp"
#include "messages/wire/tx_codec.hpp"
#include "storage/keys.hpp"
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {

inline constexpr std::uint8_t payer = 200;

// One node's disk and the chain on it.
struct Site {
  explicit Site(const ChainWorld& w) : world(w) { open(); }
  void open_stores() {
    chain.reset();
    blocks.reset();
    state.reset();
    auto blocks_kv = open_memory(disk, "blocks");
    auto state_kv = open_memory(disk, "state");
    BOOST_REQUIRE(blocks_kv.has_value() && state_kv.has_value());
    auto block_store = BlockStore::open(std::move(*blocks_kv));
    WITAN_REQUIRE_OK(block_store);
    blocks = std::move(*block_store);
    auto state_store = StateStore::open(std::move(*state_kv), world.chain_id);
    WITAN_REQUIRE_OK(state_store);
    state = std::move(*state_store);
    index.reset();
    auto index_kv = open_memory(disk, "index");
    BOOST_REQUIRE(index_kv.has_value());
    index = std::move(*index_kv);
  }
  Result<std::unique_ptr<ledger::Chain>> open_chain() {
    return ledger::Chain::open(ledger::ChainOptions{.genesis = world.genesis,
                                                    .chain_id = world.chain_id,
                                                    .verifier = world.verifier,
                                                    .blocks = *blocks,
                                                    .state = *state,
                                                    .index = index.get()});
  }
  [[nodiscard]] bool indexed(const Bytes& tx) const {
    const auto place = index->get(keys::for_id(keys::transaction, tx_id(tx)));
    return place && place->has_value();
  }
  void open() {
    open_stores();
    auto opened = open_chain();
    WITAN_REQUIRE_OK(opened);
    chain = std::move(*opened);
  }
  Bytes build(const std::vector<Bytes>& txs, std::int32_t round = 0,
              const std::vector<Bytes>& evidence = {}) {
    ledger::Chain::BuildRequest request;
    request.round = Round(round);
    request.time = world.genesis.time + Duration::from_s(1);
    request.last_commit = chain->tip().certificate;
    request.txs = txs;
    request.evidence = evidence;
    for (const Bytes& tx : txs) request.ids.push_back(tx_id(tx));
    const auto built = chain->build(std::move(request));
    WITAN_REQUIRE_OK(built);
    return (*built)->bytes;
  }
  Status check(const Bytes& bytes, bool verified = true) {
    WITAN_TRY(ledger::ParsedBlock parsed, chain->parse(bytes));
    const std::vector<bool> good(parsed.txs.size(), verified);
    WITAN_TRY_VOID(chain->execute(std::move(parsed), bytes, good));
    return {};
  }
  Status commit(const Bytes& bytes, const std::vector<std::uint8_t>& signers = {1, 2, 3, 4}) {
    const auto block = decode_block(bytes);
    BOOST_REQUIRE(block.has_value());
    WITAN_TRY_VOID(chain->commit(world.commit(block->header.height, block->header.origin_round,
                                              block_id(block->header), signers)));
    return {};
  }
  const ChainWorld& world;
  std::shared_ptr<MemoryDisk> disk = make_memory_disk();
  std::unique_ptr<BlockStore> blocks;
  std::unique_ptr<StateStore> state;
  std::unique_ptr<KvStore> index;
  std::unique_ptr<ledger::Chain> chain;
};

struct TwoSites {
  TwoSites() : world(4) {
    world.genesis.accounts.push_back({key_number(payer).public_key(), 1'000'000});
    world.reset();
    a = std::make_unique<Site>(world);
    b = std::make_unique<Site>(world);
  }
  [[nodiscard]] Bytes transfer(std::uint64_t nonce, std::uint64_t amount = 10) const {
    Transfer t;
    t.from = key_number(payer).public_key();
    t.to = key_number(7).public_key();
    t.amount = amount;
    t.fee = world.genesis.params.fee_min;
    t.nonce = nonce;
    t.signature = key_number(payer).sign(transfer_hash(world.chain_id, t).view());
    return encode(Transaction(t));
  }
  [[nodiscard]] static Bytes opaque(std::uint8_t n, std::uint64_t last_height = 100) {
    return encode(Transaction(Opaque{Height(last_height), Bytes{n, 1, 2, 3}}));
  }
  // Both commit a block of A.
  void grow(const std::vector<Bytes>& txs = {}) {
    const Bytes bytes = a->build(txs);
    WITAN_REQUIRE_OK(b->check(bytes));
    WITAN_REQUIRE_OK(a->commit(bytes));
    WITAN_REQUIRE_OK(b->commit(bytes, {2, 3, 4}));  // another certificate of the same decision
  }
  ChainWorld world;
  std::unique_ptr<Site> a, b;
};

}  // namespace witan::test
