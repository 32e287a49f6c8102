#include "actors/ledger/ledger_actor.hpp"

#include <algorithm>

#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "messages/wire/limits.hpp"

namespace witan::ledger {
namespace {

// The mempool and the verifiers answer from memory; this bounds a hang of theirs, not their work.
constexpr Duration answer_deadline = Duration::from_s(5);
// Fewer signatures than this are not worth splitting between workers.
constexpr std::size_t verify_slice_min = 16;

bool is_transfer(const Transaction& tx) { return std::holds_alternative<Transfer>(tx); }

}  // namespace

LedgerActor::LedgerActor(rt::ActorContext& context, Services services, LedgerOptions options)
    : ActorFor(context),
      services_(services),
      options_(std::move(options)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      mempool_(context.ref<MempoolRole>(MempoolRole::path)),
      sync_(context.ref<SyncRole>(SyncRole::path)),
      events_(context.ref<EventsRole>(EventsRole::path)),
      evidence_(context.ref<EvidenceRole>(EvidenceRole::path)) {
  for (std::size_t i = 0; i < options_.verifier_workers; ++i)
    verifiers_.push_back(context.ref<TransferVerifierRole>(std::string(TransferVerifierRole::path) +
                                                           "/" + std::to_string(i)));
  handle<schema::BuildBlock>(&LedgerActor::on_build);
  handle<schema::CheckBlock>(&LedgerActor::on_check);
  handle<schema::CommitBlock>(&LedgerActor::on_commit);
  handle<schema::GetTip>(&LedgerActor::on_get_tip);
  handle<schema::GetAccounts>(&LedgerActor::on_get_accounts);
  handle<schema::PendingEvidence>(&LedgerActor::on_pending_evidence);
}

template <class T>
T LedgerActor::require(Result<T> result, const char* what) {
  if (!result) {
    if (result.error().code == ErrorCode::state_root_mismatch)
      log_event(services_.log, Event::state_root_mismatch, {{"text", result.error().to_string()}});
    context().fail_node(result.error().code, std::string(what) + ": " + result.error().to_string());
  }
  return std::move(*result);
}

void LedgerActor::started() {
  chain_ = require(options_.open_chain(), "opening the chain");
  log_event(services_.log, Event::store_opened,
            {{"path", "data"}, {"height", chain_->tip().height}});
}

void LedgerActor::stopping() {
  if (chain_) (void)chain_->sync();
}

// ---- building

void LedgerActor::on_build(schema::BuildBlock::Reader in, const Envelope&) {
  if (Height(in.getHeight()) != chain_->next_height()) return;  // decided meanwhile
  const auto last_commit = require(read_certificate(in.getLastCommit()), "last commit");
  const Height height = chain_->next_height();
  const Round round(in.getRound());
  const UnixTime time{in.getTimeNs()};
  Draft<schema::Reap> reap;
  reap->setHeight(height.get());
  reap->setBytesMax(static_cast<std::uint32_t>(tx_bytes_wanted(chain_->tx_bytes_max(), round)));
  reap->setCountMax(limits::block_transactions_max);
  context().request<schema::Reaped>(
      mempool_, std::move(reap), answer_deadline,
      [this, height, round, time, last_commit](Result<schema::Reaped::Reader> reaped) {
        if (height != chain_->next_height()) return;
        // Without a mempool the chain goes on with an empty block.
        build(round, time, last_commit, reaped ? *reaped : schema::Reaped::Reader());
      });
}

void LedgerActor::build(Round round, UnixTime time, const CommitCertificate& last_commit,
                        schema::Reaped::Reader reaped) {
  Chain::BuildRequest request;
  request.round = round;
  request.time = time;
  request.last_commit = last_commit;
  request.evidence = pending_evidence_;
  const auto items = require(split_items(as_view(reaped.getTransactions()),
                                         limits::block_transactions_max, tx_bytes_max, "reaped"),
                             "mempool");
  const ByteView ids = as_view(reaped.getIds());
  WITAN_CHECK(ids.size() == items.size() * limits::hash_bytes, ids.size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    request.txs.emplace_back(items[i].begin(), items[i].end());
    request.ids.push_back(TxId::from(ids.subspan(i * limits::hash_bytes, limits::hash_bytes)));
  }
  const PreparedBlock* block = require(chain_->build(std::move(request)), "building a block");
  Draft<schema::BlockBuilt> built(block->bytes.size() / 8 + 64);
  built->setHeight(block->header.height.get());
  built->setRound(round.get());
  built->setBlockId(as_data(block->id));
  built->setBytes(as_data(ByteView(block->bytes)));
  (void)consensus_.send(std::move(built));
}

// ---- checking

void LedgerActor::on_check(schema::CheckBlock::Reader in, const Envelope&) {
  auto checking = std::make_shared<Checking>();
  checking->height = Height(in.getHeight());
  checking->parts_root = Hash32::from(as_view(in.getPartsRoot()));
  if (checking->height != chain_->next_height()) return;
  const ByteView bytes = as_view(in.getBytes());
  auto parsed = chain_->parse(bytes);
  if (!parsed) {
    const auto block = decode_block(bytes);
    const ValueId id = block ? ValueId(block_id(block->header)) : ValueId();
    return reply_checked(checking->height, checking->parts_root, id, {}, fail(parsed.error()));
  }
  checking->bytes.assign(bytes.begin(), bytes.end());
  checking->parsed = std::move(*parsed);
  checking->verified.assign(checking->parsed.txs.size(), false);
  std::vector<std::size_t> transfers;
  for (std::size_t i = 0; i < checking->parsed.txs.size(); ++i)
    if (is_transfer(checking->parsed.txs[i])) transfers.push_back(i);
  if (transfers.empty()) return finish_check(checking);
  ask_mempool(checking, std::move(transfers));
}

// Signatures that the mempool has verified are not verified again: an id covers the signature.
void LedgerActor::ask_mempool(const CheckingPtr& checking, std::vector<std::size_t> transfers) {
  Bytes ids;
  for (const std::size_t i : transfers) append(ids, checking->parsed.ids[i].view());
  Draft<schema::KnownTransactions> ask(ids.size() / 8 + 16);
  ask->setIds(as_data(ByteView(ids)));
  context().request<schema::KnownReply>(
      mempool_, std::move(ask), answer_deadline,
      [this, checking, transfers](Result<schema::KnownReply::Reader> reply) {
        std::vector<std::size_t> unknown;
        for (std::size_t k = 0; k < transfers.size(); ++k) {
          const bool known = reply && k < reply->getKnown().size() &&
                             reply->getKnown()[static_cast<kj::uint>(k)] == 1;
          checking->verified[transfers[k]] = known;
          if (!known) unknown.push_back(transfers[k]);
        }
        if (unknown.empty()) return finish_check(checking);
        ask_verifiers(checking, unknown);
      });
}

void LedgerActor::ask_verifiers(const CheckingPtr& checking,
                                const std::vector<std::size_t>& unknown) {
  const std::size_t slice =
      std::max(verify_slice_min, (unknown.size() + verifiers_.size() - 1) / verifiers_.size());
  const std::size_t slices = (unknown.size() + slice - 1) / slice;
  checking->answers_missing = slices;
  for (std::size_t s = 0; s < slices; ++s) {
    std::vector<std::size_t> mine;
    Bytes blob;
    for (std::size_t k = s * slice; k < std::min(unknown.size(), (s + 1) * slice); ++k) {
      mine.push_back(unknown[k]);
      append_item(blob, checking->parsed.block.txs[unknown[k]]);
    }
    Draft<schema::VerifyBlockTransfers> ask(blob.size() / 8 + 16);
    ask->setTransactions(as_data(ByteView(blob)));
    ask->setCount(static_cast<std::uint32_t>(mine.size()));
    context().request<schema::TransfersVerified>(
        verifiers_[s % verifiers_.size()], std::move(ask), answer_deadline,
        [this, checking, mine](Result<schema::TransfersVerified::Reader> reply) {
          for (std::size_t k = 0; k < mine.size(); ++k)
            checking->verified[mine[k]] = reply && k < reply->getValid().size()
                                              ? reply->getValid()[static_cast<kj::uint>(k)] == 1
                                              : verify_here(*checking, mine[k]);
          tell_verified(*checking, mine);
          if (--checking->answers_missing == 0) finish_check(checking);
        });
  }
}

// The mempool may have these in its queue: it need not have them verified again.
void LedgerActor::tell_verified(const Checking& checking, const std::vector<std::size_t>& indices) {
  Bytes ids;
  for (const std::size_t i : indices)
    if (checking.verified[i]) append(ids, checking.parsed.ids[i].view());
  Draft<schema::SignaturesVerified> out(ids.size() / 8 + 16);
  out->setIds(as_data(ByteView(ids)));
  (void)mempool_.send(std::move(out));
}

// A worker that did not answer must not make a good block invalid: the ledger checks it itself.
bool LedgerActor::verify_here(const Checking& checking, std::size_t index) const {
  const auto* transfer = std::get_if<Transfer>(&checking.parsed.txs[index]);
  KeyCache keys(1);
  return transfer != nullptr &&
         verify_transfer(checking.parsed.block.header.chain_id, *transfer, keys).has_value();
}

void LedgerActor::finish_check(const CheckingPtr& checking) {
  const BlockId id = checking->parsed.id;
  const Instant begin = context().now();
  const auto executed =
      chain_->execute(std::move(checking->parsed), std::move(checking->bytes), checking->verified);
  services_.metrics.block_processing_time.observe(context().now() - begin);
  if (executed)
    return reply_checked(checking->height, checking->parts_root, id, (*executed)->header.time, {});
  const ErrorCode code = executed.error().code;
  if (code == ErrorCode::io || code == ErrorCode::corrupt || code == ErrorCode::no_space)
    context().fail_node(code, "executing a block: " + executed.error().to_string());
  if (code == ErrorCode::wrong_height) return;  // decided meanwhile
  reply_checked(checking->height, checking->parts_root, id, {}, fail(executed.error()));
}

void LedgerActor::reply_checked(Height height, const Hash32& parts_root, const ValueId& id,
                                UnixTime time, const Status& outcome) {
  Draft<schema::BlockChecked> checked(96);
  checked->setHeight(height.get());
  checked->setPartsRoot(as_data(parts_root));
  if (id) checked->setBlockId(as_data(*id));
  checked->setValid(outcome.has_value());
  checked->setTimeNs(time.ns);
  if (!outcome) {
    auto failure = checked->initFailure();
    failure.setCode(std::string(name_of(outcome.error().code)));
    failure.setField(outcome.error().field);
    failure.setText(outcome.error().text);
  }
  (void)consensus_.send(std::move(checked));
}

// ---- committing

void LedgerActor::on_commit(schema::CommitBlock::Reader in, const Envelope&) {
  const auto certificate = require(read_certificate(in.getCertificate()), "commit certificate");
  if (certificate.height < chain_->next_height()) return;  // replayed after a restart
  const Instant begin = context().now();
  const CommittedBlock block = require(chain_->commit(certificate), "committing a block");
  const Duration took = context().now() - begin;
  services_.metrics.commit_seconds.observe(took);
  services_.metrics.num_txs.set_count(block.ids.size());
  services_.metrics.total_txs.add(static_cast<double>(block.ids.size()));
  services_.metrics.chain_size_bytes.add(block.bytes);
  services_.metrics.block_size_bytes.set_count(block.bytes);
  log_event(services_.log, Event::block_committed,
            {{"height", block.height},
             {"block", block.id},
             {"state_root", block.header.state_root},
             {"txs", block.ids.size()},
             {"ms", static_cast<double>(took.ns) / 1e6}});
  tell_mempool(block);
  announce(block, certificate.round);
  tell_evidence(block);
  if (options_.retain_blocks > 0 && block.height.get() % 64 == 0) prune();
}

void LedgerActor::prune() {
  const auto target = require(chain_->prune_target(options_.retain_blocks), "pruning");
  if (!target) return;
  const auto pruned = options_.blocks->prune_below(*target);
  if (!pruned) context().fail_node(pruned.error().code, pruned.error().to_string());
  log_event(services_.log, Event::pruned, {{"height", *target}});
}

void LedgerActor::tell_evidence(const CommittedBlock& block) {
  if (block.evidence.empty()) return;
  Draft<schema::EvidenceCommitted> out(block_evidence_bytes_max / 8 + 256);
  out->setHeight(block.height.get());
  auto items = out->initItems(static_cast<kj::uint>(block.evidence.size()));
  for (kj::uint i = 0; i < items.size(); ++i) items.set(i, as_data(ByteView(block.evidence[i])));
  (void)evidence_.send(std::move(out));
}

// ---- evidence

// Keeps what the next proposals may take, and says what may never be taken.
void LedgerActor::on_pending_evidence(schema::PendingEvidence::Reader in,
                                      const Envelope& envelope) {
  const auto items = in.getItems();
  pending_evidence_.clear();
  Draft<schema::EvidenceVerdicts> out(items.size() * 4 + 16);
  auto codes = out->initCodes(items.size());
  for (kj::uint i = 0; i < items.size(); ++i) {
    const ByteView bytes = as_view(items[i]);
    const auto evidence = decode_evidence(bytes);
    const Status may =
        evidence ? chain_->check_evidence(*evidence, bytes.size()) : Status(fail(evidence.error()));
    const ErrorCode code = may ? ErrorCode::ok : may.error().code;
    if (code == ErrorCode::io || code == ErrorCode::corrupt)
      context().fail_node(code, "judging evidence: " + may.error().to_string());
    if (code == ErrorCode::ok || code == ErrorCode::wrong_height)
      pending_evidence_.emplace_back(bytes.begin(), bytes.end());
    codes.set(i, std::string(name_of(code)));
  }
  context().reply(envelope, std::move(out));
}

void LedgerActor::announce(const CommittedBlock& block, Round round) {
  Draft<schema::BlockCommitted> committed(96);
  committed->setHeight(block.height.get());
  committed->setBlockId(as_data(block.id));
  committed->setStateRoot(as_data(block.header.state_root));
  committed->setTimeNs(block.header.time.ns);
  committed->setTransactionCount(static_cast<std::uint32_t>(block.ids.size()));
  committed->setBytes(block.bytes);
  committed->setRound(round.get());
  committed->setProposer(as_data(block.header.proposer));
  committed->setDurableHeight(chain_->durable_height().get());
  const Envelope envelope = std::move(committed).seal();
  (void)consensus_.send<schema::BlockCommitted>(envelope);
  (void)sync_.send<schema::BlockCommitted>(envelope);

  Draft<schema::PublishedEvent> event(96);
  auto view = event->initNewBlock();
  view.setHeight(block.height.get());
  view.setId(as_data(block.id));
  view.setTime(format_utc(block.header.time));
  view.setTxCount(static_cast<std::uint32_t>(block.ids.size()));
  view.setProposer(as_data(block.header.proposer));
  view.setStateRoot(as_data(block.header.state_root));
  view.setRound(round.get());
  view.setBytes(block.bytes);
  (void)events_.send(std::move(event));
}

void LedgerActor::tell_mempool(const CommittedBlock& block) {
  Draft<schema::TransactionsCommitted> out(block.ids.size() * 6 + block.accounts.size() * 6 + 64);
  out->setHeight(block.height.get());
  const auto count = static_cast<kj::uint>(block.ids.size());
  auto ids = out->initIds(count * limits::hash_bytes);
  auto codes = out->initCodes(count);
  auto fees = out->initFees(count);
  for (kj::uint i = 0; i < count; ++i) {
    std::copy(block.ids[i].data.begin(), block.ids[i].data.end(),
              ids.begin() + i * limits::hash_bytes);
    codes.set(i, block.receipts[i].code);
    fees.set(i, block.receipts[i].fee_charged);
  }
  auto senders =
      out->initSenders(static_cast<kj::uint>(block.accounts.size() * limits::hash_bytes));
  auto nonces = out->initNonces(static_cast<kj::uint>(block.accounts.size()));
  auto balances = out->initBalances(static_cast<kj::uint>(block.accounts.size()));
  for (kj::uint i = 0; i < nonces.size(); ++i) {
    const AccountWrite& write = block.accounts[i];
    std::copy(write.id.data.begin(), write.id.data.end(), senders.begin() + i * limits::hash_bytes);
    nonces.set(i, write.account.nonce);
    balances.set(i, write.account.balance);
  }
  (void)mempool_.send(std::move(out));
}

// ---- questions

void LedgerActor::on_get_tip(schema::GetTip::Reader, const Envelope& envelope) {
  const Tip& tip = chain_->tip();
  Draft<schema::ChainTip> out(64 + tip.certificate.signatures.size() * 10);
  out->setHeight(tip.height.get());
  out->setBlockId(as_data(tip.id));
  out->setTimeNs(tip.time.ns);
  out->setStateRoot(as_data(tip.state_root));
  if (!is_absent(tip.certificate)) write_certificate(out->initCertificate(), tip.certificate);
  out->setDurableHeight(chain_->durable_height().get());
  context().reply(envelope, std::move(out));
}

void LedgerActor::on_get_accounts(schema::GetAccounts::Reader in, const Envelope& envelope) {
  const ByteView ids = as_view(in.getAccounts());
  const auto count = static_cast<kj::uint>(ids.size() / limits::hash_bytes);
  Draft<schema::Accounts> out(count * 8 + 32);
  auto list = out->initAccounts(count);
  for (kj::uint i = 0; i < count; ++i) {
    const auto id = AccountId::from(ids.subspan(i * limits::hash_bytes, limits::hash_bytes));
    const Account account = require(chain_->account(id), "reading an account");
    list[i].setAccount(as_data(id));
    list[i].setBalance(account.balance);
    list[i].setNonce(account.nonce);
  }
  context().reply(envelope, std::move(out));
}

std::string LedgerActor::describe() const {
  if (!chain_) return "stores not open\n";
  const Tip& tip = chain_->tip();
  return "tip " + std::to_string(tip.height.get()) + " block " + to_hex(tip.id).substr(0, 8) +
         " state " + to_hex(tip.state_root).substr(0, 8) + "\ndurable height " +
         std::to_string(chain_->durable_height().get()) + "\npending evidence " +
         std::to_string(pending_evidence_.size()) + "\n";
}

}  // namespace witan::ledger
