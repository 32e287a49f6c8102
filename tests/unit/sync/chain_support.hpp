// A chain of real blocks with real certificates, and stores that hold it.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "actors/sync/core/types.hpp"
#include "crypto/verify.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "storage/block_store.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::sync {

class TestChain {
 public:
  explicit TestChain(std::uint64_t blocks, std::size_t tx_bytes = 40, std::uint8_t size = 4) {
    chain_id_.data.fill(0xc1);
    for (std::uint8_t i = 1; i <= size; ++i) {
      Bytes secret(32, i);
      auto key = SecretKey::from_bytes(secret);
      WITAN_REQUIRE_OK(key);
      keys_.push_back(std::move(*key));
    }
    std::sort(keys_.begin(), keys_.end(), [](const SecretKey& a, const SecretKey& b) {
      return a.public_key() < b.public_key();
    });
    std::vector<Validator> validators;
    for (const SecretKey& key : keys_) validators.push_back({key.public_key(), 10, 0, 0});
    auto set = ValidatorSet::make(validators);
    WITAN_REQUIRE_OK(set);
    auto made = Verifier::make(chain_id_, std::make_shared<const ValidatorSet>(std::move(*set)));
    WITAN_REQUIRE_OK(made);
    verifier_ = std::make_shared<const Verifier>(std::move(*made));
    for (std::uint64_t h = 1; h <= blocks; ++h) append(h, tx_bytes);
  }

  [[nodiscard]] std::uint64_t tip() const { return blocks_.size(); }
  [[nodiscard]] const SyncBlock& at(std::uint64_t height) const { return blocks_[height - 1]; }
  [[nodiscard]] BlockId id(std::uint64_t height) const {
    return height == 0 ? BlockId{} : at(height).certificate.block_id;
  }
  [[nodiscard]] std::shared_ptr<const Verifier> verifier() const { return verifier_; }

  [[nodiscard]] Certificate certify(std::uint64_t height, const BlockId& id,
                                    std::size_t signers = 4) const {
    Certificate out{VoteType::precommit, Height(height), Round(0), id, {}};
    for (ValidatorIndex i = 0; i < signers; ++i) {
      const Vote vote{VoteType::precommit, Height(height), Round(0), id, Round::nil(), i};
      const Hash32 hash = vote_hash(chain_id_, vote);
      out.signatures.push_back({i, Round::nil(), keys_[i].sign(hash.view())});
    }
    return out;
  }

  // A store that holds first..last.
  [[nodiscard]] std::unique_ptr<BlockStore> store(std::uint64_t first, std::uint64_t last) const {
    auto kv = open_memory();
    WITAN_REQUIRE_OK(kv);
    auto opened = BlockStore::open(std::move(*kv));
    WITAN_REQUIRE_OK(opened);
    for (std::uint64_t h = first; h <= last; ++h) put(**opened, h);
    return std::move(*opened);
  }
  void put(BlockStore& store, std::uint64_t height) const {
    const Bytes certificate = encode_certificate(at(height).certificate);
    WITAN_REQUIRE_OK(store.put(Height(height), id(height), at(height).bytes, certificate, {},
                               Durability::buffered));
  }

 private:
  void append(std::uint64_t height, std::size_t tx_bytes) {
    Block block;
    block.txs.push_back(Bytes(tx_bytes, static_cast<std::uint8_t>(height)));
    if (height > 1) block.last_commit = at(height - 1).certificate;
    Header& header = block.header;
    header.chain_id = chain_id_;
    header.height = Height(height);
    header.origin_round = Round(0);
    header.proposer = keys_[0].public_key();
    header.prev_block_id = id(height - 1);
    if (height > 1) header.prev_commit_hash = commit_hash(block.last_commit);
    const std::vector<TxId> ids{tx_id(block.txs[0])};
    header.tx_root = tx_root(ids);
    header.evidence_root = evidence_root({});
    blocks_.push_back({encode_block(block), certify(height, block_id(header), keys_.size())});
  }

  ChainId chain_id_;
  std::vector<SecretKey> keys_;
  std::shared_ptr<const Verifier> verifier_;
  std::vector<SyncBlock> blocks_;
};

}  // namespace witan::sync
