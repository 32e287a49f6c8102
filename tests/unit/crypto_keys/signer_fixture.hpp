// A signer with a log kept in memory, as a node would drive it.
#pragma once
#include "crypto/signer.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/crypto_keys/samples.hpp"

namespace witan::samples {

inline BlockId block_a() { return filled<BlockId>(0xa0); }
inline BlockId block_b() { return filled<BlockId>(0xb0); }

inline Intent prevote(std::uint64_t height, std::int32_t round, ValueId value,
                      Round pol_round = {}) {
  Intent i;
  i.kind = SignedKind::prevote;
  i.height = Height(height);
  i.round = Round(round);
  i.value = value;
  i.pol_round = pol_round;
  i.validator = 2;
  return i;
}

inline Intent precommit(std::uint64_t height, std::int32_t round, ValueId value) {
  Intent i = prevote(height, round, value);
  i.kind = SignedKind::precommit;
  return i;
}

inline Intent proposal(std::uint64_t height, std::int32_t round, BlockId id, Round pol_round = {}) {
  Intent i = prevote(height, round, id, pol_round);
  i.kind = SignedKind::proposal;
  i.parts = {1, 1000, filled<Hash32>(0x77)};
  return i;
}

struct SignerFixture {
  SignerFixture()
      : key(SecretKey::generate()),
        file(encode(new_sign_checkpoint(chain(), key.public_key()))),
        signer(start()) {
    file = signer.checkpoint(0);
    segments = WalSegments{0, 0};
  }

  SignRecoveryInput input() const {
    SignRecoveryInput in;
    in.key = key.public_key();
    in.chain_id = chain();
    in.checkpoint_file = file;
    in.segments = segments;
    in.records = log;
    return in;
  }
  Signer start() const {
    auto recovered = recover_sign_state(input());
    WITAN_REQUIRE_OK(recovered);
    auto made = Signer::make(key.clone(), std::move(*recovered));
    WITAN_REQUIRE_OK(made);
    made->finish_recovery();
    return std::move(*made);
  }
  // Prepare, append, sync, confirm.
  Result<DurableMessage> sign(const Intent& intent) {
    WITAN_TRY(const Prepared prepared, signer.prepare(intent));
    if (!prepared.record().empty()) log.push_back(prepared.record());
    return signer.confirm(prepared);
  }
  void restart() { signer = start(); }

  SecretKey key;
  Bytes file;
  std::optional<WalSegments> segments;
  std::vector<Bytes> log;
  Signer signer;
};

inline Signature signature_of(const DurableMessage& message) {
  return std::visit([](const auto& m) { return m.get().signature; }, message);
}

}  // namespace witan::samples
