// A signer process in the test's own: it can be away, lose answers, guard the lock.
#pragma once
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {

inline Intent intent_of(SignedKind kind, std::uint64_t height, std::int32_t round, ValueId value) {
  Intent out;
  out.kind = kind;
  out.height = Height(height);
  out.round = Round(round);
  out.value = value;
  return out;
}

// A signer process in a box: can be away, and tells how the log stood when it was asked.
class BoxedSigner final : public RemotePort {
 public:
  // `log`: of the node. `guard`: what the signer verifies polkas with, when it guards the lock.
  explicit BoxedSigner(const ChainId& chain_id, const MemoryFileSystem* log = nullptr,
                       std::shared_ptr<const Verifier> guard = nullptr)
      : log_(log) {
    SignRecoveryInput input;
    input.key = key_number(1).public_key();
    input.chain_id = chain_id;
    input.checkpoint_file = encode(new_sign_checkpoint(chain_id, input.key));
    signer_.emplace(*Signer::make(key_number(1), *recover_sign_state(input)));
    signer_->finish_recovery();
    if (guard) signer_->require_polka(std::move(guard));
  }
  Result<Prepared> prepare(const Intent& intent, const Certificate* polka) override {
    if (!up) return fail(ErrorCode::unavailable, "signer");
    if (log_ != nullptr)
      asked_with_unsynced = std::max(asked_with_unsynced, log_->unsynced_bytes());
    if (polka != nullptr) polkas.push_back(*polka);
    WITAN_TRY(Prepared made, signer_->prepare(intent, lose_polka ? nullptr : polka));
    if (lose_answer) return fail(ErrorCode::network, "signer");
    return made;
  }
  DurableMessage confirm(const Prepared& prepared) override { return signer_->confirm(prepared); }
  Result<Bytes> raise_watermark(Height height, Round round) override {
    (void)signer_->raise_watermark(height, round);
    return Bytes{};
  }
  Status check_claim(const SignClaim& claim) override { return signer_->check_claim(claim); }
  std::vector<SignRecord> poll(const std::optional<SignRecord>& newest) override {
    newest_told = newest;
    if (!up || std::exchange(open_, true)) return {};
    return signer_->state().snapshot().recent;
  }
  void close() override { open_ = false; }
  DurableMessage message_of(const SignRecord& record) const override {
    return *signer_->restore(encode(record));
  }
  void lose_connection() { open_ = false; }
  // All that was signed counts as durable.
  void confirm_all() {
    for (const SignRecord& record : signer_->state().snapshot().recent)
      (void)signer_->confirm(*signer_->prepare(
          intent_of(record.kind, record.height.get(), record.round.get(), record.value)));
  }

  bool up = true;
  bool lose_answer = false;
  bool lose_polka = false;
  std::uint64_t asked_with_unsynced = 0;
  std::optional<SignRecord> newest_told;
  std::vector<Certificate> polkas;  // that came with what was asked

 private:
  const MemoryFileSystem* log_;
  std::optional<Signer> signer_;
  bool open_ = false;
};

}  // namespace witan::test
