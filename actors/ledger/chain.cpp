#include "actors/ledger/chain.hpp"

#include <algorithm>

#include "actors/consensus/core/proposer_order.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "actors/ledger/receipts.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/tx_codec.hpp"
#include "storage/keys.hpp"

namespace witan::ledger {
namespace {

// The store failed: nothing is known about the block then.
bool is_fault_of_store(ErrorCode code) {
  return code == ErrorCode::io || code == ErrorCode::no_space || code == ErrorCode::corrupt;
}

StateWrites all_writes(StateWrites first, StateWrites second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()),
               std::make_move_iterator(second.end()));
  return first;
}

}  // namespace

// Accounts as the state store holds them at the tip.
class Chain::StateReader final : public AccountReader {
 public:
  explicit StateReader(const StateStore& state) : state_(state) {}
  Result<Account> account(const AccountId& id) const override {
    WITAN_TRY(const auto value, state_.get(Module::accounts, Hash32::from(id.view())));
    if (!value) return Account{};
    return decode_account(*value);
  }

 private:
  const StateStore& state_;
};

class Chain::History final : public EvidenceHistory {
 public:
  explicit History(const ChainOptions& options) : options_(options) {}
  Result<std::optional<Bytes>> state(const Hash32& key) const override {
    return options_.state.get(Module::validators, key);
  }
  Result<UnixTime> time_of(Height height) const override {
    WITAN_TRY(const StoredBlock stored, options_.blocks.block_at(height));
    WITAN_TRY(const Block block, decode_block(stored.block));
    return block.header.time;
  }

 private:
  const ChainOptions& options_;
};

Chain::Chain(ChainOptions options)
    : options_(std::move(options)),
      rules_(ExecutionRules::of(options_.genesis)),
      validators_hash_(witan::validators_hash(validators())),
      window_(options_.opaque_salt) {}

// ---- opening

Result<std::unique_ptr<Chain>> Chain::open(ChainOptions options) {
  std::unique_ptr<Chain> chain(new Chain(std::move(options)));
  const Status started = chain->start();
  if (started) return chain;
  switch (started.error().code) {
    case ErrorCode::io:
    case ErrorCode::no_space:
    case ErrorCode::corrupt:
    case ErrorCode::pruned:
    case ErrorCode::genesis:
    case ErrorCode::wrong_chain:
    case ErrorCode::wrong_version:
    case ErrorCode::state_root_mismatch:
      return fail(started.error());
    default:  // what was read from disk breaks a rule of what is written there
      return fail(ErrorCode::corrupt, "data", started.error().to_string());
  }
}

Status Chain::start() {
  if (!options_.state.latest()) WITAN_TRY_VOID(write_genesis());
  const StateMeta meta = *options_.state.latest();
  const Height stored = options_.blocks.last().value_or(Height(0));
  if (stored < meta.height)
    return fail(ErrorCode::corrupt, "blocks.db",
                "holds blocks up to " + std::to_string(stored.get()) + ", but the state is at " +
                    std::to_string(meta.height.get()) + ": " + rebuild_advice());
  tip_.height = meta.height;
  tip_.id = meta.block_id;
  tip_.time = options_.genesis.time;
  tip_.state_root = meta.state_root;
  if (meta.height.get() > 0) {
    WITAN_TRY(const StoredBlock block, options_.blocks.block_at(meta.height));
    WITAN_TRY(const Block decoded, decode_block(block.block));
    if (block.id != meta.block_id || decoded.header.state_root != meta.state_root)
      return fail(ErrorCode::state_root_mismatch, "state.db",
                  "its state of height " + std::to_string(meta.height.get()) +
                      " is not the one that the stored block leads to: " + rebuild_advice());
    tip_.time = decoded.header.time;
  }
  WITAN_TRY_VOID(load_opaque_window());
  WITAN_TRY_VOID(index_missing(meta.height));
  WITAN_TRY_VOID(catch_up(meta.height));
  if (tip_.height.get() > 0) {
    WITAN_TRY(const Bytes certificate, options_.blocks.certificate_at(tip_.height));
    WITAN_TRY(tip_.certificate, decode_certificate(certificate));
  }
  durable_ = tip_.height;
  return sync();
}

Status Chain::write_genesis() {
  WITAN_TRY(const StateWrites writes, genesis_state(options_.genesis));
  WITAN_TRY(PreparedDelta delta, options_.state.prepare(Height(0), writes));
  return options_.state.commit(std::move(delta), BlockId{}, Durability::synced);
}

// Blocks that were stored before a crash and not applied: they were decided, so they must execute.
Status Chain::catch_up(Height state_height) {
  const Height last = options_.blocks.last().value_or(Height(0));
  const Height from = state_height.get() == 0 ? options_.genesis.initial_height : state_height + 1;
  if (from <= last && options_.blocks.first() > from)
    return fail(ErrorCode::corrupt, "state.db",
                "is at height " + std::to_string(state_height.get()) +
                    ", below the first stored block: " + rebuild_advice());
  for (Height h = from; h <= last; ++h) {
    const Status executed = execute_stored(h);
    if (executed) continue;
    const ErrorCode code = executed.error().code;
    if (code == ErrorCode::io || code == ErrorCode::no_space || code == ErrorCode::corrupt)
      return executed;
    return fail(ErrorCode::state_root_mismatch, "blocks.db",
                "the decided block " + std::to_string(h.get()) +
                    " does not execute to its header here: " + executed.error().to_string());
  }
  return {};
}

Status Chain::execute_stored(Height height) {
  WITAN_TRY(StoredBlock stored, options_.blocks.block_at(height));
  WITAN_TRY(const Bytes raw_certificate, options_.blocks.certificate_at(height));
  const auto certificate = decode_certificate(raw_certificate);
  if (!certificate) return fail(ErrorCode::corrupt, "blocks.db", certificate.error().to_string());
  if (const auto readable = decode_block(stored.block); !readable)
    return fail(ErrorCode::corrupt, "blocks.db", readable.error().to_string());
  WITAN_TRY(ParsedBlock parsed, parse(stored.block));
  const std::vector<bool> verified(parsed.txs.size(), true);
  WITAN_TRY(PreparedBlock block,
            execute_block(std::move(parsed), std::move(stored.block), verified));
  WITAN_TRY_VOID(apply(std::move(block), *certificate, false));
  return {};
}

std::string Chain::rebuild_advice() const {
  const auto first = options_.blocks.first();
  if (!first || *first <= options_.genesis.initial_height)
    return "remove data/state.db, it is rebuilt from the blocks";
  return "the blocks below " + std::to_string(first->get()) +
         " are pruned, so the state cannot be rebuilt from them: restore blocks.db, state.db and "
         "index.db of one backup, or remove these three and let the node fetch the chain from its "
         "peers; never remove data/sign_state or data/wal";
}

Status Chain::index_missing(Height last) {
  if (options_.index == nullptr || last.get() == 0) return {};
  WITAN_TRY(const auto value, options_.index->get(Bytes{keys::indexed_height}));
  if (value && value->size() != 8) return fail(ErrorCode::corrupt, "index.db", "indexed height");
  const Height indexed(value ? keys::read_u64_be(*value) : 0);
  const Height first = options_.blocks.first().value_or(Height(1));
  for (Height h = std::max(first, indexed + 1); h <= last; ++h) {
    WITAN_TRY(const StoredBlock stored, options_.blocks.block_at(h));
    WITAN_TRY(const Block block, decode_block(stored.block));
    std::vector<TxId> ids;
    std::vector<OpaqueEntry> opaque;
    for (const Bytes& bytes : block.txs) {
      WITAN_TRY(const Transaction tx, decode_transaction(bytes));
      ids.push_back(tx_id(bytes));
      if (const auto* o = std::get_if<Opaque>(&tx)) opaque.push_back({ids.back(), o->last_height});
    }
    WITAN_TRY_VOID(write_index(h, ids, opaque, block.evidence));
  }
  return {};
}

Status Chain::load_opaque_window() {
  if (!rules_.opaque_allowed || tip_.height.get() == 0) return {};
  const Height first = *options_.blocks.first();
  const std::uint64_t depth = std::min(opaque_window_heights, tip_.height.get() - first.get() + 1);
  for (std::uint64_t h = tip_.height.get() - depth + 1; h <= tip_.height.get(); ++h) {
    WITAN_TRY(const StoredBlock stored, options_.blocks.block_at(Height(h)));
    WITAN_TRY(const Block block, decode_block(stored.block));
    std::vector<OpaqueEntry> entries;
    for (const Bytes& bytes : block.txs) {
      WITAN_TRY(const Transaction tx, decode_transaction(bytes));
      if (const auto* opaque = std::get_if<Opaque>(&tx))
        entries.push_back({tx_id(bytes), opaque->last_height});
    }
    window_.commit(Height(h), entries);
  }
  return {};
}

// ---- questions

Height Chain::next_height() const {
  return tip_.height.get() == 0 ? options_.genesis.initial_height : tip_.height + 1;
}

Result<Account> Chain::account(const AccountId& id) const {
  return StateReader(options_.state).account(id);
}

std::uint64_t Chain::tx_bytes_max(std::size_t evidence_bytes) const {
  return tx_bytes_budget(options_.genesis.params.block_bytes_max, validators().size(),
                         evidence_bytes);
}

const PreparedBlock* Chain::prepared(const BlockId& id) const {
  const auto it = prepared_.find(id);
  return it == prepared_.end() ? nullptr : &it->second;
}

ExpectedHeader Chain::expected(Round origin) const {
  ExpectedHeader out;
  out.chain_id = options_.chain_id;
  out.height = next_height();
  out.prev_time = tip_.time;
  out.prev_block_id = tip_.id;
  // Until validators are drawn by VRF there is one epoch, and its entropy is the chain id.
  out.vrf_entropy = options_.chain_id;
  const auto order = proposer_order(validators(), out.vrf_entropy, out.height);
  out.proposer = validators().at(proposer_at(order, origin)).key;
  out.validators_hash = validators_hash_;
  out.next_validators_hash = validators_hash_;
  return out;
}

// ---- building

Result<const PreparedBlock*> Chain::build(BuildRequest request) {
  const ExpectedHeader prescribed = expected(request.round);
  std::vector<Transaction> txs;
  std::vector<Candidate> candidates;
  txs.reserve(request.txs.size());
  for (const Bytes& bytes : request.txs) {
    WITAN_TRY(Transaction tx, decode_transaction(bytes));
    txs.push_back(std::move(tx));
  }
  for (std::size_t i = 0; i < txs.size(); ++i)
    candidates.push_back(
        {{request.ids[i], &txs[i], true}, static_cast<std::uint32_t>(request.txs[i].size())});
  PreparedBlock out;
  Block block;
  const History history(options_);
  EvidenceJudge judge(evidence_context(), validators(), history);
  WITAN_TRY_VOID(choose_evidence(request.evidence, judge, block.evidence));
  const StateReader reader(options_.state);
  WITAN_TRY(
      BuiltBlock built,
      ledger::build(Execution(rules_, prescribed.height, reader, window_), candidates,
                    {.tx_bytes_max = tx_bytes_max(judge.block_bytes())}, prescribed.proposer));

  for (const std::uint32_t index : built.accepted) {
    block.txs.push_back(std::move(request.txs[index]));
    out.ids.push_back(request.ids[index]);
  }
  WITAN_TRY(out.delta,
            options_.state.prepare(prescribed.height, all_writes(built.result.writes(),
                                                                 judge.writes(prescribed.height))));
  block.last_commit = std::move(request.last_commit);
  Header& header = block.header;
  header.chain_id = prescribed.chain_id;
  header.height = prescribed.height;
  header.origin_round = request.round;
  header.time = std::max(request.time, tip_.time + Duration{1});
  header.proposer = prescribed.proposer;
  header.prev_block_id = prescribed.prev_block_id;
  if (!is_absent(block.last_commit)) header.prev_commit_hash = commit_hash(block.last_commit);
  header.tx_root = tx_root(out.ids);
  std::vector<Hash32> evidence_hashes;
  for (const Bytes& item : block.evidence) evidence_hashes.push_back(evidence_hash(item));
  header.evidence_root = evidence_root(evidence_hashes);
  header.module_roots = module_roots_of(out.delta.roots);
  header.state_root = out.delta.state_root;
  header.validators_hash = prescribed.validators_hash;
  header.next_validators_hash = prescribed.next_validators_hash;
  header.vrf_entropy = prescribed.vrf_entropy;
  out.id = block_id(header);
  out.header = header;
  out.bytes = encode_block(block);
  out.evidence = std::move(block.evidence);
  out.result = std::move(built.result);
  return keep(std::move(out));
}

// ---- checking

Result<ParsedBlock> Chain::parse(ByteView bytes) const {
  ParsedBlock out;
  WITAN_TRY(out.block, decode_block(bytes, options_.genesis.params.block_bytes_max));
  const Header& header = out.block.header;
  out.id = block_id(header);
  WITAN_TRY_VOID(check_header(header, expected(header.origin_round)));
  BlockLists lists;
  std::vector<Hash32> evidence_hashes;
  std::size_t evidence_bytes = 0;
  WITAN_TRY_VOID(check_evidence(out.block, out.evidence_writes, evidence_hashes, evidence_bytes));
  lists.evidence_hashes = evidence_hashes;
  out.ids.reserve(out.block.txs.size());
  for (const Bytes& tx : out.block.txs) {
    out.ids.push_back(tx_id(tx));
    lists.tx_bytes += tx_block_bytes(tx.size());
  }
  lists.tx_ids = out.ids;
  lists.tx_bytes_max = tx_bytes_max(evidence_bytes);
  if (!is_absent(out.block.last_commit))
    lists.last_commit_hash = commit_hash(out.block.last_commit);
  WITAN_TRY_VOID(check_lists(header, lists));
  WITAN_TRY_VOID(check_last_commit(out.block));
  out.txs.reserve(out.block.txs.size());
  for (const Bytes& tx : out.block.txs) {
    WITAN_TRY(Transaction decoded, decode_transaction(tx));
    out.txs.push_back(std::move(decoded));
  }
  return out;
}

EvidenceContext Chain::evidence_context() const {
  const GenesisParams& params = options_.genesis.params;
  return {tip_.height, tip_.time, {params.evidence_max_age_blocks, params.evidence_max_age}};
}

Status Chain::check_evidence(const Evidence& evidence, std::size_t bytes) const {
  const History history(options_);
  return EvidenceJudge(evidence_context(), validators(), history).admit(key_of(evidence), bytes);
}

Status Chain::check_evidence(const Block& block, StateWrites& writes, std::vector<Hash32>& hashes,
                             std::size_t& bytes) const {
  const auto refuse = [](const Error& error) -> Status {
    if (is_fault_of_store(error.code)) return fail(error);
    return fail(ErrorCode::invalid_block, "block.evidence", error.to_string());
  };
  if (block.evidence.size() > block_evidence_max)
    return fail(ErrorCode::invalid_block, "block.evidence", "more items than a block may hold");
  const History history(options_);
  EvidenceJudge judge(evidence_context(), validators(), history);
  for (const Bytes& item : block.evidence) {
    const auto evidence = decode_evidence(item);
    if (!evidence) return refuse(evidence.error());
    if (const Status admitted = judge.admit(key_of(*evidence), item.size()); !admitted)
      return refuse(admitted.error());
    if (const auto verified = options_.verifier->verify(*evidence); !verified)
      return refuse(verified.error());
    hashes.push_back(evidence_hash(item));
  }
  writes = judge.writes(block.header.height);
  bytes = judge.block_bytes();
  return {};
}

Status Chain::choose_evidence(const std::vector<Bytes>& candidates, EvidenceJudge& judge,
                              std::vector<Bytes>& chosen) const {
  for (const Bytes& item : candidates) {
    const auto evidence = decode_evidence(item);
    if (!evidence) continue;
    const Status admitted = judge.admit(key_of(*evidence), item.size());
    if (admitted) {
      chosen.push_back(item);
    } else if (is_fault_of_store(admitted.error().code)) {
      return admitted;
    }
  }
  return {};
}

// Evidence is judged by the time of the block of its height, on every node alike: a block is kept
// until both limits of its age are passed. One step at a time, so that a round of pruning is short.
Result<std::optional<Height>> Chain::prune_target(std::uint64_t retain_blocks) const {
  constexpr std::uint64_t step = 256;
  const EvidenceContext context = evidence_context();
  const std::uint64_t keep = std::max(retain_blocks, context.age.blocks_max + 1);
  const auto first = options_.blocks.first();
  if (!first || tip_.height.get() <= keep) return std::optional<Height>{};
  const Height target(std::min(tip_.height.get() - keep, first->get() + step));
  if (target <= *first) return std::optional<Height>{};
  WITAN_TRY(const UnixTime time, History(options_).time_of(target - 1));
  if (!is_expired(context.age, target - 1, time, tip_.height, tip_.time))
    return std::optional<Height>{};
  return std::optional<Height>(target);
}

// The certificate a block carries for the one before it: same block, enough power, good signatures.
// Signatures that are in our own certificate of that block were verified already.
Status Chain::check_last_commit(const Block& block) const {
  const CommitCertificate& commit = block.last_commit;
  if (tip_.height.get() == 0) {
    if (!is_absent(commit))
      return fail(ErrorCode::invalid_block, "block.last_commit", "the first block has none");
    return {};
  }
  if (commit.type != VoteType::precommit || commit.height != tip_.height ||
      commit.block_id != tip_.id)
    return fail(ErrorCode::invalid_block, "block.last_commit", "not of the previous block");
  std::uint64_t power = 0;
  for (const CertificateSignature& s : commit.signatures) {
    if (s.validator >= validators().size())
      return fail(ErrorCode::invalid_block, "block.last_commit", "unknown validator");
    power += validators().at(s.validator).power;
    const auto& known = tip_.certificate.signatures;
    if (commit.round == tip_.certificate.round &&
        std::find(known.begin(), known.end(), s) != known.end())
      continue;
    const SignedVote vote{{VoteType::precommit, commit.height, commit.round, commit.block_id,
                           s.pol_round, s.validator},
                          s.signature};
    if (const auto verified = options_.verifier->verify(vote); !verified)
      return fail(ErrorCode::invalid_block, "block.last_commit", verified.error().to_string());
  }
  if (!validators().is_quorum(power))
    return fail(ErrorCode::invalid_block, "block.last_commit", "no quorum of voting power");
  return {};
}

Result<PreparedBlock> Chain::execute_block(ParsedBlock parsed, Bytes bytes,
                                           const std::vector<bool>& verified) const {
  std::vector<ExecTx> txs;
  txs.reserve(parsed.txs.size());
  for (std::size_t i = 0; i < parsed.txs.size(); ++i)
    txs.push_back({parsed.ids[i], &parsed.txs[i], verified[i]});
  const Header& header = parsed.block.header;
  const StateReader reader(options_.state);
  PreparedBlock out;
  WITAN_TRY(out.result,
            ledger::execute(rules_, header.height, reader, window_, txs, header.proposer));
  WITAN_TRY_VOID(check_executed(out.result));
  WITAN_TRY(out.delta,
            options_.state.prepare(
                header.height, all_writes(out.result.writes(), std::move(parsed.evidence_writes))));
  WITAN_TRY_VOID(check_state(header, module_roots_of(out.delta.roots)));
  out.id = parsed.id;
  out.header = header;
  out.bytes = std::move(bytes);
  out.ids = std::move(parsed.ids);
  out.evidence = std::move(parsed.block.evidence);
  return out;
}

Result<const PreparedBlock*> Chain::execute(ParsedBlock parsed, Bytes bytes,
                                            const std::vector<bool>& verified) {
  if (parsed.block.header.height != next_height())
    return fail(ErrorCode::wrong_height, "header.height", "the chain has moved on");
  if (const PreparedBlock* known = prepared(parsed.id)) return known;
  WITAN_TRY(PreparedBlock block, execute_block(std::move(parsed), std::move(bytes), verified));
  return keep(std::move(block));
}

const PreparedBlock* Chain::keep(PreparedBlock block) {
  if (prepared_.size() >= prepared_max) prepared_.erase(prepared_.begin());
  const BlockId id = block.id;
  return &prepared_.insert_or_assign(id, std::move(block)).first->second;
}

// ---- committing

Result<CommittedBlock> Chain::commit(const CommitCertificate& certificate) {
  if (certificate.height != next_height())
    return fail(ErrorCode::wrong_height, "certificate.height", "not the next height");
  auto node = prepared_.extract(certificate.block_id);
  if (node.empty())
    return fail(ErrorCode::missing, "certificate.block_id", "the block was not executed here");
  return apply(std::move(node.mapped()), certificate, true);
}

Result<CommittedBlock> Chain::apply(PreparedBlock block, const CommitCertificate& certificate,
                                    bool store_block) {
  if (store_block)
    WITAN_TRY_VOID(options_.blocks.put(
        block.header.height, block.id, block.bytes, encode_certificate(certificate),
        encode_receipts(block.result.receipts), Durability::buffered));
  WITAN_TRY_VOID(write_index(block.header.height, block.ids, block.result.opaque, block.evidence));
  WITAN_TRY_VOID(options_.state.commit(std::move(block.delta), block.id, Durability::buffered));
  window_.commit(block.header.height, block.result.opaque);
  tip_ = {block.header.height, block.id, block.header.time, block.header.state_root, certificate};
  prepared_.clear();
  if (tip_.height.get() >= durable_.get() + options_.sync_every_blocks) WITAN_TRY_VOID(sync());

  CommittedBlock out;
  out.height = block.header.height;
  out.id = block.id;
  out.header = block.header;
  out.bytes = static_cast<std::uint32_t>(block.bytes.size());
  out.ids = std::move(block.ids);
  out.receipts = std::move(block.result.receipts);
  out.accounts = std::move(block.result.accounts);
  out.evidence = std::move(block.evidence);
  return out;
}

// Opaque transactions are a measuring device of development chains and are not indexed: an entry
// costs 1.5 us of CPU (bench_storage, index_put), an eighth of what a node has for one of them.
Status Chain::write_index(Height height, const std::vector<TxId>& ids,
                          std::span<const OpaqueEntry> opaque, std::span<const Bytes> evidence) {
  if (options_.index == nullptr) return {};
  if (opaque.size() == ids.size() && evidence.empty()) return {};
  WriteBatch batch;
  auto skip = opaque.begin();  // both are in the order of the block
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (skip != opaque.end() && skip->id == ids[i]) {
      ++skip;
      continue;
    }
    const Bytes place = ByteWriter(12).u64(height.get()).u32(static_cast<std::uint32_t>(i)).take();
    batch.put(keys::for_id(keys::transaction, ids[i]), place);
  }
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    Bytes key = keys::at_height(keys::committed_evidence, height);
    key.push_back(static_cast<std::uint8_t>(i >> 8U));
    key.push_back(static_cast<std::uint8_t>(i));
    batch.put(key, evidence[i]);
  }
  return options_.index->write(batch, Durability::buffered);
}

Status Chain::sync() {
  WITAN_TRY_VOID(options_.blocks.sync());
  WITAN_TRY_VOID(options_.state.sync());
  if (options_.index != nullptr) {
    Bytes height;
    keys::append_u64_be(height, tip_.height.get());
    WITAN_TRY_VOID(options_.index->put(Bytes{keys::indexed_height}, height, Durability::synced));
  }
  durable_ = tip_.height;
  return {};
}

}  // namespace witan::ledger
