// How a batch enters the pool; see mempool_actor.hpp.
#include <algorithm>
#include <set>

#include "actors/mempool/mempool_actor.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/base/int_math.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/tx_codec.hpp"

namespace witan::mempool {
namespace {

// Verifiers and ledger answer from memory; this bounds a hang of theirs, not their work.
constexpr Duration answer_deadline = Duration::from_s(4);
// Fewer signatures than this are not worth splitting between workers.
// Transfers per question to a verifier, and questions a worker may have: short turns, so that a
// block's transfers wait for little.
constexpr std::size_t verify_slice = 32;
constexpr std::size_t slices_per_worker_max = 4;

// Errors of the bytes themselves: a peer that checked them would not have passed them on.
bool is_misbehaviour(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed:
    case ErrorCode::not_canonical:
    case ErrorCode::unknown_type:
    case ErrorCode::bad_signature:
      return true;
    default:
      return false;
  }
}

}  // namespace

// ---- entries -----------------------------------------------------------------------------------

std::optional<std::uint32_t> MempoolActor::open_submission(bool single, bool wait,
                                                           const Envelope& envelope) {
  if (!height_known_) {
    context().reply_error(envelope, {ErrorCode::unavailable, "mempool", "the node is starting"});
    return std::nullopt;
  }
  const auto number = submissions_.open(single, wait, context().now() + options_.wait_timeout);
  if (!number) {
    context().reply_error(envelope, {ErrorCode::busy, "mempool", "too many open requests"});
    return std::nullopt;
  }
  if (requests_.size() <= *number) requests_.resize(*number + 1);
  requests_[*number] = envelope;
  requests_[*number].words.reset();  // a waiter does not keep the batch alive
  return number;
}

void MempoolActor::on_submit_tx(schema::SubmitTx::Reader in, const Envelope& envelope) {
  const bool wait = in.getMode() == schema::SubmitMode::COMMIT;
  const auto number = open_submission(true, wait, envelope);
  if (!number) return;
  const ByteView item = as_view(in.getBytes());
  take({&item, 1}, {*number, 0, context().now(), {}, 0, {}});
}

void MempoolActor::on_submit_batch(schema::SubmitBatch::Reader in, const Envelope& envelope) {
  const auto items = split_items(as_view(in.getTransactions()), limits::batch_count_max,
                                 limits::batch_bytes_max, "transactions");
  if (!items) return context().reply_error(envelope, items.error());
  const auto number = open_submission(false, in.getWait(), envelope);
  if (!number) return;
  take(*items, {*number, 0, context().now(), {}, 0, {}});
}

void MempoolActor::on_peer_batch(schema::TransactionBatch::Reader in, const Envelope& envelope) {
  if (!height_known_) return;
  Intake intake{no_submission, envelope.sender, context().now(), {}, 0, {}};
  const auto items = split_items(as_view(in.getTransactions()), limits::batch_count_max,
                                 limits::batch_bytes_max, "transactions");
  if (!items) {
    intake.misbehaviour = Error{ErrorCode::malformed, items.error().field, items.error().text};
    return finish(intake);
  }
  take(*items, std::move(intake));
}

// ---- screening ---------------------------------------------------------------------------------

void MempoolActor::take(std::span<const ByteView> items, Intake intake) {
  for (std::size_t i = 0; i < items.size(); ++i)
    screen(items[i], static_cast<std::uint32_t>(i), intake);
  if (intake.transfers.empty()) return finish(intake);
  verify(std::make_shared<Intake>(std::move(intake)));
}

void MempoolActor::screen(ByteView bytes, std::uint32_t position, Intake& intake) {
  if (bytes.size() > options_.tx_bytes_max)
    return refuse({}, position, {ErrorCode::too_large, "transaction", "above max_tx_bytes"},
                  intake);
  const TxId id = tx_id(bytes);
  if (pool_.contains(id) || verifying_.contains(id)) return join(id, position, intake);
  if (pool_.was_committed(id))
    return refuse(id, position, {ErrorCode::duplicate, "id", "committed already"}, intake);
  const auto tx = decode_transaction(bytes);
  if (!tx) return refuse(id, position, tx.error(), intake);
  const auto* transfer = std::get_if<Transfer>(&*tx);
  if (transfer != nullptr) {
    if (const auto good = check_transfer(*transfer); !good)
      return refuse(id, position, good.error(), intake);
    if (verifying_.room() == 0)
      return refuse(id, position, {ErrorCode::busy, "mempool", "too many being verified"}, intake);
  }
  // From here on others may submit the same and share the outcome, so the waiter is known now.
  if (waits(intake)) {
    if (const auto waiting = submissions_.accept(intake.submission, id, position); !waiting)
      return refuse(id, position, waiting.error(), intake);
  }
  if (transfer != nullptr) verifying_.insert(id);
  PoolTx entry = PoolTx::make(id, Bytes(bytes.begin(), bytes.end()), *tx, false);
  if (transfer == nullptr) return admit(std::move(entry), 0, position, intake);
  intake.transfers.push_back({std::move(entry), transfer->amount, position, {}});
}

bool MempoolActor::waits(const Intake& intake) const {
  return intake.submission != no_submission && submissions_.at(intake.submission).wait;
}

// Pending already: a second copy brings nothing, but its sender may want to know the outcome.
void MempoolActor::join(const TxId& id, std::uint32_t position, Intake& intake) {
  const Status joined = waits(intake) ? submissions_.accept(intake.submission, id, position)
                                      : Status(fail(ErrorCode::duplicate, "id", "pending already"));
  if (!joined) return refuse(id, position, joined.error(), intake);
  ++duplicates_;
}

// What needs no signature: whatever fails here would fail later at the price of a verification.
Status MempoolActor::check_transfer(const Transfer& tx) {
  if (tx.fee < options_.limits.fee_min)
    return fail(ErrorCode::fee_too_low, "fee", "below the chain's fee_min");
  const auto account = accounts_.find(tx.from);
  if (!account) return {};
  if (tx.nonce < account->nonce)
    return fail(ErrorCode::bad_nonce, "nonce", "used already; the account is further");
  if (static_cast<u128>(tx.amount) + tx.fee > account->balance)
    return fail(ErrorCode::insufficient_funds, "amount", "above the committed balance");
  return {};
}

// ---- signatures --------------------------------------------------------------------------------

// Batches wait here, not in the workers' mailboxes: what a block brings meanwhile is verified by
// the ledger or committed, and need not be verified again.
void MempoolActor::verify(const IntakePtr& intake) {
  waiting_.push_back(intake);
  ask_verifiers();
}

void MempoolActor::ask_verifiers() {
  while (!waiting_.empty() && slices_asked_ < verifiers_.size() * slices_per_worker_max) {
    const IntakePtr intake = waiting_.front();
    waiting_.pop_front();
    std::vector<std::size_t> unknown;
    for (std::size_t i = 0; i < intake->transfers.size(); ++i) {
      Candidate& candidate = intake->transfers[i];
      candidate.tx.verified = verified_ids_.contains(candidate.tx.id);
      if (pool_.was_committed(candidate.tx.id))
        candidate.failure = Error{ErrorCode::duplicate, "id", "committed already"};
      else if (!candidate.tx.verified)
        unknown.push_back(i);
    }
    intake->answers_missing = (unknown.size() + verify_slice - 1) / verify_slice;
    if (unknown.empty()) ask_accounts(intake);
    for (std::size_t first = 0; first < unknown.size(); first += verify_slice) {
      const auto begin = unknown.begin() + static_cast<std::ptrdiff_t>(first);
      const auto count = std::min(verify_slice, unknown.size() - first);
      ask_verifier(intake,
                   std::vector<std::size_t>(begin, begin + static_cast<std::ptrdiff_t>(count)));
    }
  }
}

void MempoolActor::ask_verifier(const IntakePtr& intake, std::vector<std::size_t> mine) {
  Bytes blob;
  for (const std::size_t i : mine) append_item(blob, intake->transfers[i].tx.bytes);
  Draft<schema::VerifyTransfers> ask(blob.size() / 8 + 16);
  ask->setTransactions(as_data(ByteView(blob)));
  ask->setCount(static_cast<std::uint32_t>(mine.size()));
  ++slices_asked_;
  // Small batches take turns, or all would go to the first worker.
  const auto& worker = verifiers_[next_verifier_++ % verifiers_.size()];
  context().request<schema::TransfersVerified>(
      worker, std::move(ask), answer_deadline,
      [this, intake, mine = std::move(mine)](Result<schema::TransfersVerified::Reader> reply) {
        --slices_asked_;
        on_verified(intake, mine, reply);
        ask_verifiers();
      });
}

// The ledger verified these for a proposed block.
void MempoolActor::on_signatures(schema::SignaturesVerified::Reader in, const Envelope&) {
  const ByteView ids = as_view(in.getIds());
  for (std::size_t at = 0; at + limits::hash_bytes <= ids.size(); at += limits::hash_bytes)
    verified_ids_.insert(TxId::from(ids.subspan(at, limits::hash_bytes)));
}

void MempoolActor::on_verified(const IntakePtr& intake, const std::vector<std::size_t>& asked,
                               const Result<schema::TransfersVerified::Reader>& reply) {
  std::uint64_t bad = 0;
  for (std::size_t k = 0; k < asked.size(); ++k) {
    Candidate& candidate = intake->transfers[asked[k]];
    if (!reply) {
      candidate.failure = reply.error();
      continue;
    }
    const auto valid = reply->getValid();
    candidate.tx.verified = k < valid.size() && valid[static_cast<kj::uint>(k)] == 1;
    if (candidate.tx.verified) {
      verified_ids_.insert(candidate.tx.id);
    } else {
      ++bad;
      candidate.failure = Error{ErrorCode::bad_signature, "signature", "does not verify"};
    }
  }
  if (bad > 0) services_.metrics.mempool_failed_txs.add(bad);
  if (--intake->answers_missing == 0) ask_accounts(intake);
}

// ---- accounts ----------------------------------------------------------------------------------

// Only for transfers with a good signature: strangers cannot make the ledger read.
void MempoolActor::ask_accounts(const IntakePtr& intake) {
  std::set<AccountId> unknown;
  for (const Candidate& c : intake->transfers)
    if (!c.failure && !accounts_.find(c.tx.sender)) unknown.insert(c.tx.sender);
  if (unknown.empty()) return admit_transfers(*intake);
  Bytes ids;
  for (const AccountId& id : unknown) append(ids, id.view());
  Draft<schema::GetAccounts> ask(ids.size() / 8 + 16);
  ask->setAccounts(as_data(ByteView(ids)));
  context().request<schema::Accounts>(ledger_, std::move(ask), answer_deadline,
                                      [this, intake](Result<schema::Accounts::Reader> reply) {
                                        if (reply) {
                                          for (const auto account : reply->getAccounts())
                                            accounts_.put(
                                                AccountId::from(as_view(account.getAccount())),
                                                {account.getNonce(), account.getBalance()});
                                        }
                                        admit_transfers(*intake);
                                      });
}

// ---- into the pool -----------------------------------------------------------------------------

void MempoolActor::admit_transfers(Intake& intake) {
  for (Candidate& c : intake.transfers) {
    verifying_.erase(c.tx.id);
    const TxId id = c.tx.id;
    if (c.failure) {
      refuse_candidate(id, c.position, *c.failure, intake);
      continue;
    }
    const auto account = accounts_.find(c.tx.sender);
    if (!account) {
      refuse_candidate(id, c.position, {ErrorCode::busy, "account", "the ledger did not answer"},
                       intake);
    } else if (static_cast<u128>(c.amount) + c.tx.fee > account->balance) {
      refuse_candidate(id, c.position,
                       {ErrorCode::insufficient_funds, "amount", "above the committed balance"},
                       intake);
    } else {
      admit(std::move(c.tx), account->nonce, c.position, intake);
    }
  }
  finish(intake);
}

void MempoolActor::admit(PoolTx tx, std::uint64_t account_nonce, std::uint32_t position,
                         Intake& intake) {
  const TxId id = tx.id;
  const std::size_t size = tx.bytes.size();
  if (const auto added = pool_.add(std::move(tx), account_nonce); !added)
    return refuse_candidate(id, position, added.error(), intake);
  services_.metrics.mempool_tx_size.observe(static_cast<double>(size));
  resolve_dropped();
  if (intake.submission == no_submission) return;  // its origin tells every peer itself
  if (!waits(intake)) (void)submissions_.accept(intake.submission, id, position);  // cannot fail
  gossip_.watch(id, intake.begin);
  gossip(pool_.find(id)->bytes);
}

void MempoolActor::refuse(const TxId& id, std::uint32_t position, const Error& error,
                          Intake& intake) {
  if (intake.submission != no_submission)
    submissions_.reject(intake.submission, id, position, error);
  note_refusal(id, error, intake);
}

// Of what passed the screening: others may wait for it too.
void MempoolActor::refuse_candidate(const TxId& id, std::uint32_t position, const Error& error,
                                    Intake& intake) {
  submissions_.refused(id, error);
  if (intake.submission != no_submission && !waits(intake))
    submissions_.reject(intake.submission, id, position, error);
  note_refusal(id, error, intake);
}

void MempoolActor::note_refusal(const TxId& id, const Error& error, Intake& intake) {
  if (intake.submission == no_submission && is_misbehaviour(error.code))
    intake.misbehaviour = error;
  if (error.code == ErrorCode::duplicate) {
    ++duplicates_;
    return;
  }
  auto counter = rejected_.find(error.code);
  if (counter == rejected_.end())
    counter =
        rejected_
            .emplace(error.code, services_.metrics.mempool_rejected_txs.with({name_of(error.code)}))
            .first;
  counter->second.add();
  log_event(services_.log, Event::tx_rejected, {{"tx", id}, {"code", error.code}});
  if (error.code == ErrorCode::pool_full && !std::exchange(full_, true))
    log_event(services_.log, Event::mempool_full,
              {{"size", pool_.count()}, {"bytes", pool_.bytes()}});
}

void MempoolActor::finish(Intake& intake) {
  if (const auto n = std::exchange(duplicates_, 0); n > 0)
    services_.metrics.mempool_already_received_txs.add(n);
  services_.metrics.mempool_admission.observe(context().now() - intake.begin);
  if (intake.misbehaviour) {
    Draft<schema::PeerMisbehaved> report;
    report->setPeer(intake.peer);
    report->setCode(std::string(name_of(intake.misbehaviour->code)));
    report->setText(intake.misbehaviour->to_string());
    (void)peers_.send(std::move(report));
  }
  if (intake.submission != no_submission) submissions_.close_admission(intake.submission);
  answer_finished();
  show_size();
  announce();
}

}  // namespace witan::mempool
