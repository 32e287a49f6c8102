#include "actors/ledger/core/executor.hpp"

#include <algorithm>

#include "crypto/sign_bytes.hpp"
#include "messages/base/check.hpp"
#include "messages/base/int_math.hpp"

namespace witan::ledger {

namespace {
Verdict refuse(ErrorCode code, const char* field, const char* text) {
  return {Receipt{}, Error{code, field, text}};
}
}  // namespace

StateWrites ExecutionResult::writes() const {
  StateWrites out;
  out.reserve(accounts.size());
  for (const AccountWrite& w : accounts)
    out.push_back({Module::accounts, Hash32::from(w.id.view()), encode(w.account)});
  return out;
}

void Execution::reserve(std::size_t count) {
  result_.receipts.reserve(count);
  opaque_ids_.reserve(count);
}

Result<Execution::Entry*> Execution::load(const AccountId& id) {
  if (const auto it = accounts_.find(id); it != accounts_.end()) return &it->second;
  WITAN_TRY(const Account account, reader_.account(id));
  // unordered_map keeps element addresses on rehash.
  return &accounts_.emplace(id, Entry{account, account}).first->second;
}

Result<Verdict> Execution::transfer(const Transfer& tx, bool signature_verified) {
  if (!signature_verified)
    return refuse(ErrorCode::bad_signature, "signature", "the sender did not sign this transfer");
  if (tx.fee < rules_.fee_min)
    return refuse(ErrorCode::fee_too_low, "fee", "below the chain's fee_min");
  WITAN_TRY(Entry * from, load(tx.from));
  if (tx.nonce != from->now.nonce || tx.nonce == UINT64_MAX)
    return refuse(ErrorCode::bad_nonce, "nonce", "not the sender's next nonce");
  if (from->now.balance < tx.fee)
    return refuse(ErrorCode::insufficient_funds, "fee", "the sender cannot pay the fee");
  WITAN_TRY(Entry * to, load(tx.to));
  Receipt receipt;
  receipt.fee_charged = tx.fee;
  from->now.balance -= tx.fee;
  ++from->now.nonce;
  if (from->now.balance < tx.amount) {
    receipt.code = static_cast<std::uint16_t>(ErrorCode::insufficient_funds);
  } else {
    from->now.balance -= tx.amount;
    const auto sum = checked_add(to->now.balance, tx.amount);
    WITAN_CHECK(sum.has_value(), to->now.balance, tx.amount);  // the supply fits 64 bits
    to->now.balance = *sum;
  }
  result_.fees_total += tx.fee;
  return Verdict{receipt, {}};
}

Verdict Execution::opaque(const TxId& id, const Opaque& tx) {
  if (!rules_.opaque_allowed)
    return refuse(ErrorCode::not_allowed, "opaque", "only development chains carry opaque bytes");
  if (tx.last_height < height_)
    return refuse(ErrorCode::expired, "last_height", "the last valid height has passed");
  if (tx.last_height.get() - height_.get() >= opaque_window_heights)
    return refuse(ErrorCode::out_of_range, "last_height", "too far ahead of this height");
  if (window_.contains(id, tx.last_height) || opaque_ids_.contains(id))
    return refuse(ErrorCode::duplicate, "id", "already included");
  if (opaque_ids_.size() >= window_.room())
    return refuse(ErrorCode::too_large, "opaque_window", "the window of opaque ids is full");
  opaque_ids_.insert(id);
  result_.opaque.push_back({id, tx.last_height});
  return {};
}

Result<Verdict> Execution::apply(const ExecTx& tx) {
  Result<Verdict> verdict = std::holds_alternative<Transfer>(*tx.tx)
                                ? transfer(std::get<Transfer>(*tx.tx), tx.signature_verified)
                                : opaque(tx.id, std::get<Opaque>(*tx.tx));
  if (verdict && !verdict->invalid) result_.receipts.push_back(verdict->receipt);
  return verdict;
}

// Conservation (decisions.md D4): what was there before is there after.
void Execution::check_supply() const {
  u128 before = 0;
  u128 now = 0;
  for (const auto& [id, entry] : accounts_) {
    before += entry.before.balance;
    now += entry.now.balance;
    WITAN_CHECK(entry.now.nonce >= entry.before.nonce, entry.now.nonce, entry.before.nonce);
  }
  WITAN_CHECK(before == now, static_cast<std::uint64_t>(before), static_cast<std::uint64_t>(now));
}

Result<ExecutionResult> Execution::finish(const AccountId& proposer) {
  if (result_.fees_total > 0) {
    WITAN_TRY(Entry * to, load(proposer));
    const auto sum = checked_add(to->now.balance, result_.fees_total);
    WITAN_CHECK(sum.has_value(), to->now.balance, result_.fees_total);
    to->now.balance = *sum;
  }
  check_supply();
  for (const auto& [id, entry] : accounts_)
    if (entry.now != entry.before) result_.accounts.push_back({id, entry.now});
  std::sort(result_.accounts.begin(), result_.accounts.end(),
            [](const AccountWrite& a, const AccountWrite& b) { return a.id < b.id; });
  return std::move(result_);
}

Result<ExecutionResult> execute(ExecutionRules rules, Height height, const AccountReader& reader,
                                const OpaqueWindow& window, std::span<const ExecTx> txs,
                                const AccountId& proposer) {
  Execution execution(rules, height, reader, window);
  execution.reserve(txs.size());
  std::vector<InvalidTx> invalid;
  for (std::uint32_t i = 0; i < txs.size(); ++i) {
    WITAN_TRY(Verdict verdict, execution.apply(txs[i]));
    if (verdict.invalid) invalid.push_back({i, std::move(*verdict.invalid)});
  }
  WITAN_TRY(ExecutionResult out, execution.finish(proposer));
  out.invalid = std::move(invalid);
  return out;
}

Status check_executed(const ExecutionResult& result) {
  if (result.invalid.empty()) return {};
  const InvalidTx& first = result.invalid.front();
  return fail(ErrorCode::invalid_block,
              "txs[" + std::to_string(first.index) + "]." + first.error.field,
              std::string(name_of(first.error.code)) + ": " + first.error.text);
}

std::vector<SignatureCheck> signature_checks(const Hash32& chain_id, std::span<const ExecTx> txs) {
  std::vector<SignatureCheck> out;
  for (std::uint32_t i = 0; i < txs.size(); ++i) {
    const auto* tx = std::get_if<Transfer>(txs[i].tx);
    if (tx == nullptr || txs[i].signature_verified) continue;
    out.push_back({i, tx->from, transfer_hash(chain_id, *tx), tx->signature});
  }
  return out;
}

}  // namespace witan::ledger
