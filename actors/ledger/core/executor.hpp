// Executes transactions on the state before a block. Pure: the prior state is read through
// AccountReader, the result is a value; nothing is written.
//
// Rules (decisions.md D2):
// - Transfer, must hold or the block is invalid: signature verified by the caller, fee >= fee_min,
//   nonce is the account's next, the balance covers the fee.
// - Transfer whose balance does not cover amount + fee: included with a failure receipt; the fee is
//   charged, the nonce advances, nothing else changes.
// - Opaque, must hold or the block is invalid: development chain, height <= last_height < height +
//   opaque_window_heights, not included before (OpaqueWindow), room in the window.
// - Fees go to the proposer's account at the end of the block. The supply never changes; finish()
//   checks it.
// Thread rule: an Execution belongs to one thread; several may read the same state and window.
#pragma once
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/ledger/core/account.hpp"
#include "actors/ledger/core/opaque_window.hpp"
#include "messages/types/genesis.hpp"
#include "messages/types/state_write.hpp"

namespace witan::ledger {

struct ExecutionRules {
  std::uint64_t fee_min = 1;
  bool opaque_allowed = false;
  [[nodiscard]] static ExecutionRules of(const Genesis& genesis) {
    return {genesis.params.fee_min, genesis.type == ChainType::development};
  }
};

// A decoded transaction. `tx` must outlive the execution.
struct ExecTx {
  TxId id;
  const Transaction* tx = nullptr;
  bool signature_verified = false;  // opaque transactions have none: ignored
};

// What became of one transaction: a receipt, or why it may not be in this block.
struct Verdict {
  Receipt receipt;
  std::optional<Error> invalid;
};

// A transaction a block must not contain, and why.
struct InvalidTx {
  std::uint32_t index = 0;
  Error error;
};

struct AccountWrite {
  AccountId id;
  Account account;
  bool operator==(const AccountWrite&) const = default;
};

struct ExecutionResult {
  std::vector<Receipt> receipts;       // one per valid transaction, in order
  std::vector<AccountWrite> accounts;  // changed accounts, sorted by id
  std::vector<OpaqueEntry> opaque;     // for OpaqueWindow::commit
  std::vector<InvalidTx> invalid;      // empty, or the block is invalid
  std::uint64_t fees_total = 0;

  [[nodiscard]] StateWrites writes() const;  // for the state store
};

class Execution {
 public:
  // REQUIRES: reader and window outlive the execution and do not change.
  Execution(ExecutionRules rules, Height height, const AccountReader& reader,
            const OpaqueWindow& window)
      : rules_(rules),
        height_(height),
        reader_(reader),
        window_(window),
        opaque_ids_(window.salt()) {}
  // Room for so many transactions.
  void reserve(std::size_t count);

  // An invalid transaction changes nothing. Errors: io, corrupt from the reader only.
  [[nodiscard]] Result<Verdict> apply(const ExecTx& tx);

  // Credits the fees and hands out the result (without `invalid`). Call once, last.
  // Errors: io, corrupt from the reader.
  [[nodiscard]] Result<ExecutionResult> finish(const AccountId& proposer);

 private:
  struct Entry {
    Account before;
    Account now;
  };
  Result<Entry*> load(const AccountId& id);
  Result<Verdict> transfer(const Transfer& tx, bool signature_verified);
  Verdict opaque(const TxId& id, const Opaque& tx);
  void check_supply() const;

  ExecutionRules rules_;
  Height height_;
  const AccountReader& reader_;
  const OpaqueWindow& window_;
  std::unordered_map<AccountId, Entry> accounts_;  // never iterated where the order shows
  IdSet opaque_ids_;
  ExecutionResult result_;
};

// A whole block: every transaction is tried, invalid ones are listed and skipped.
[[nodiscard]] Result<ExecutionResult> execute(ExecutionRules rules, Height height,
                                              const AccountReader& reader,
                                              const OpaqueWindow& window,
                                              std::span<const ExecTx> txs,
                                              const AccountId& proposer);

// invalid_block naming the first invalid transaction and its field, or ok.
[[nodiscard]] Status check_executed(const ExecutionResult& result);

// What still has to be verified, elsewhere and in parallel, before execute(): step one of two. The
// caller sets signature_verified on those that pass.
struct SignatureCheck {
  std::uint32_t index = 0;  // into txs
  PublicKey key;
  Hash32 message;  // transfer_hash
  Signature signature;
};
[[nodiscard]] std::vector<SignatureCheck> signature_checks(const Hash32& chain_id,
                                                           std::span<const ExecTx> txs);

}  // namespace witan::ledger
