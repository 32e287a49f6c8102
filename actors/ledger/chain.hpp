// Chain: the committed chain and what may come next. Joins the pure rules of core/ with the block
// store and the state store; knows no actor and no signature pool. Used by the ledger actor's
// thread only.
//
// Invariants: blocks.db is never behind state.db (open() says so with state_root_mismatch's sibling
// `corrupt`, whose text tells what to do); a block is committed only from a result prepared on the
// present tip; the state root committed is the header's.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/ledger/core/block_builder.hpp"
#include "actors/ledger/core/block_rules.hpp"
#include "actors/ledger/core/evidence_rules.hpp"
#include "actors/ledger/core/executor.hpp"
#include "crypto/verify.hpp"
#include "storage/block_store.hpp"
#include "storage/state_store.hpp"

namespace witan::ledger {

struct ChainOptions {
  Genesis genesis;
  Hash32 chain_id;
  std::shared_ptr<const Verifier> verifier;  // of the validator set of the epoch
  BlockStore& blocks;
  StateStore& state;
  KvStore* index = nullptr;               // id of a transfer -> place; none: not indexed
  std::uint64_t sync_every_blocks = 256;  // stores are written buffered and synced this often
  std::uint64_t opaque_salt = 0;
};

struct Tip {
  Height height;  // 0: nothing committed
  BlockId id;
  UnixTime time;  // genesis time before the first block
  Hash32 state_root;
  CommitCertificate certificate;  // of `id`
};

// A block decoded, its ids computed; signatures of its transfers may still be unknown.
struct ParsedBlock {
  Block block;
  BlockId id;
  std::vector<Transaction> txs;
  std::vector<TxId> ids;
  StateWrites evidence_writes;
};

// A block executed on the tip, ready to be committed.
struct PreparedBlock {
  BlockId id;
  Header header;
  Bytes bytes;  // encoded block
  std::vector<TxId> ids;
  std::vector<Bytes> evidence;
  ExecutionResult result;
  PreparedDelta delta;
};

// What a commit changed, for the mempool and for events.
struct CommittedBlock {
  Height height;
  BlockId id;
  Header header;
  std::uint32_t bytes = 0;
  std::vector<TxId> ids;
  std::vector<Receipt> receipts;
  std::vector<AccountWrite> accounts;
  std::vector<Bytes> evidence;
};

// Above what consensus holds of one height (its blocks_max, one from sync, our own of a few
// rounds): a decided block that was pushed out would end the node.
inline constexpr std::size_t prepared_max = 32;

class Chain {
 public:
  // Writes the genesis state if there is none; executes stored blocks the state has not seen (a
  // crash between the two). Errors: corrupt, state_root_mismatch, io, genesis.
  static Result<std::unique_ptr<Chain>> open(ChainOptions options);

  [[nodiscard]] const Tip& tip() const { return tip_; }
  [[nodiscard]] Height next_height() const;
  [[nodiscard]] Height durable_height() const { return durable_; }
  [[nodiscard]] Result<Account> account(const AccountId& id) const;
  // What transactions may take in the next block beside so much evidence (evidence_block_bytes).
  [[nodiscard]] std::uint64_t tx_bytes_max(std::size_t evidence_bytes = 0) const;
  // Whether the next block may hold this evidence; signatures are not checked. Errors as those of
  // EvidenceJudge::admit.
  [[nodiscard]] Status check_evidence(const Evidence& evidence, std::size_t bytes) const;
  // The highest block that may be pruned below: none that evidence may still need is lost.
  [[nodiscard]] Result<std::optional<Height>> prune_target(std::uint64_t retain_blocks) const;

  struct BuildRequest {
    Round round;
    UnixTime time;  // raised above the tip's
    CommitCertificate last_commit;
    std::vector<Bytes> txs;  // verified by the mempool, in its order
    std::vector<TxId> ids;
    std::vector<Bytes> evidence;  // verified by the pool; what may not be in this block is left out
  };
  // Builds, executes and keeps a block. The proposer is the one of (next height, round).
  [[nodiscard]] Result<const PreparedBlock*> build(BuildRequest request);

  // Step one of checking: everything that needs neither signatures nor execution.
  [[nodiscard]] Result<ParsedBlock> parse(ByteView bytes) const;
  // Step two: verified[i] tells that transfer i's signature is good (opaque ones need none).
  [[nodiscard]] Result<const PreparedBlock*> execute(ParsedBlock parsed, Bytes bytes,
                                                     const std::vector<bool>& verified);
  [[nodiscard]] const PreparedBlock* prepared(const BlockId& id) const;

  // Commits a prepared block: block store first, then the state in one batch (S17).
  [[nodiscard]] Result<CommittedBlock> commit(const CommitCertificate& certificate);
  // Makes everything committed durable.
  [[nodiscard]] Status sync();

 private:
  explicit Chain(ChainOptions options);
  Status start();
  Status write_genesis();
  Status catch_up(Height state_height);
  Status execute_stored(Height height);
  // Power loss may take the index further back than the blocks: puts the rest in again.
  Status index_missing(Height last);
  [[nodiscard]] std::string rebuild_advice() const;
  Status load_opaque_window();
  [[nodiscard]] ExpectedHeader expected(Round origin) const;
  [[nodiscard]] Status check_last_commit(const Block& block) const;
  [[nodiscard]] EvidenceContext evidence_context() const;
  // Every item of a proposed block, cheap rules first; what they write, and their hashes.
  [[nodiscard]] Status check_evidence(const Block& block, StateWrites& writes,
                                      std::vector<Hash32>& hashes, std::size_t& bytes) const;
  [[nodiscard]] Status choose_evidence(const std::vector<Bytes>& candidates, EvidenceJudge& judge,
                                       std::vector<Bytes>& chosen) const;
  [[nodiscard]] const ValidatorSet& validators() const { return options_.verifier->set(); }
  Result<PreparedBlock> execute_block(ParsedBlock parsed, Bytes bytes,
                                      const std::vector<bool>& verified) const;
  const PreparedBlock* keep(PreparedBlock block);
  Result<CommittedBlock> apply(PreparedBlock block, const CommitCertificate& certificate,
                               bool store_block);
  // Transfers only; `opaque`: those of the ids that are none.
  Status write_index(Height height, const std::vector<TxId>& ids,
                     std::span<const OpaqueEntry> opaque, std::span<const Bytes> evidence);

  class StateReader;
  class History;
  ChainOptions options_;
  ExecutionRules rules_;
  Hash32 validators_hash_;
  OpaqueWindow window_;
  Tip tip_;
  Height durable_;
  std::map<BlockId, PreparedBlock> prepared_;  // on the present tip
};

}  // namespace witan::ledger
