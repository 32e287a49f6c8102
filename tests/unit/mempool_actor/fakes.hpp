// The neighbours of a mempool actor under test: a ledger with accounts of the test's choice,
// verifiers that look at one byte, and recorders in place of consensus and peers.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/mempool/mempool_actor.hpp"
#include "actors/runtime/actor.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/tx_codec.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::mempool::test {

inline constexpr std::uint8_t good_signature = 7;

inline AccountId account(std::uint8_t n) {
  AccountId out;
  out.data[0] = n;
  return out;
}

inline Bytes transfer(std::uint8_t sender, std::uint64_t nonce, std::uint64_t fee = 10,
                      std::uint64_t amount = 1, std::uint8_t signature = good_signature) {
  Transfer tx{account(sender), account(200), amount, fee, nonce, {}, {}};
  tx.signature.data[0] = signature;
  return encode(tx);
}
inline Bytes opaque(std::uint64_t number, std::uint64_t last_height = 100,
                    std::size_t payload = 16) {
  Opaque tx{Height(last_height), Bytes(payload, 0)};
  for (unsigned i = 0; i < 8; ++i) tx.payload[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return encode(tx);
}

// What the neighbours were asked and told, and what they answer.
struct World {
  std::uint64_t tip = 1;
  bool ledger_silent = false;
  bool verifiers_silent = false;
  std::map<AccountId, AccountView> accounts;
  std::size_t account_questions = 0;
  std::size_t accounts_asked = 0;
  std::vector<std::size_t> slices;  // transfers in each question to a verifier
  std::vector<std::vector<Bytes>> broadcasts;
  std::vector<std::string> misbehaved;
  std::vector<std::uint64_t> available;  // heights of TransactionsAvailable
};

class FakeLedger final : public rt::ActorFor<LedgerRole> {
 public:
  FakeLedger(rt::ActorContext& context, World& world) : ActorFor(context), world_(world) {
    handle<schema::GetTip>(&FakeLedger::on_tip);
    handle<schema::GetAccounts>(&FakeLedger::on_accounts);
  }

 private:
  void on_tip(schema::GetTip::Reader, const Envelope& envelope) {
    if (world_.ledger_silent) return;
    Draft<schema::ChainTip> out;
    out->setHeight(world_.tip);
    context().reply(envelope, std::move(out));
  }
  void on_accounts(schema::GetAccounts::Reader in, const Envelope& envelope) {
    ++world_.account_questions;
    if (world_.ledger_silent) return;
    const ByteView ids = as_view(in.getAccounts());
    world_.accounts_asked += ids.size() / 32;
    Draft<schema::Accounts> out;
    auto list = out->initAccounts(static_cast<kj::uint>(ids.size() / 32));
    for (kj::uint i = 0; i < list.size(); ++i) {
      const auto id = AccountId::from(ids.subspan(i * 32, 32));
      list[i].setAccount(as_data(id));
      list[i].setNonce(world_.accounts[id].nonce);
      list[i].setBalance(world_.accounts[id].balance);
    }
    context().reply(envelope, std::move(out));
  }
  World& world_;
};

class FakeVerifier final : public rt::ActorFor<TransferVerifierRole> {
 public:
  FakeVerifier(rt::ActorContext& context, World& world) : ActorFor(context), world_(world) {
    handle<schema::VerifyTransfers>(&FakeVerifier::on_verify);
  }

 private:
  void on_verify(schema::VerifyTransfers::Reader in, const Envelope& envelope) {
    const auto items = split_items(as_view(in.getTransactions()), 65'536, tx_bytes_max, "txs");
    BOOST_REQUIRE(items);
    BOOST_CHECK_EQUAL(items->size(), in.getCount());
    world_.slices.push_back(items->size());
    if (world_.verifiers_silent) return;
    Draft<schema::TransfersVerified> out;
    auto valid = out->initValid(in.getCount());
    for (kj::uint i = 0; i < valid.size(); ++i)
      valid[i] =
          std::get<Transfer>(*decode_transaction((*items)[i])).signature.data[0] == good_signature;
    context().reply(envelope, std::move(out));
  }
  World& world_;
};

class FakeConsensus final : public rt::ActorFor<ConsensusRole> {
 public:
  FakeConsensus(rt::ActorContext& context, World& world) : ActorFor(context), world_(world) {
    handle<schema::TransactionsAvailable>(&FakeConsensus::on_available);
  }

 private:
  void on_available(schema::TransactionsAvailable::Reader in, const Envelope&) {
    world_.available.push_back(in.getHeight());
  }
  World& world_;
};

class FakePeers final : public rt::ActorFor<PeersRole> {
 public:
  FakePeers(rt::ActorContext& context, World& world) : ActorFor(context), world_(world) {
    handle<schema::TransactionBatch>(&FakePeers::on_batch);
    handle<schema::PeerMisbehaved>(&FakePeers::on_misbehaved);
  }

 private:
  void on_batch(schema::TransactionBatch::Reader in, const Envelope&) {
    const auto items = split_items(as_view(in.getTransactions()), 65'536, tx_bytes_max, "txs");
    BOOST_REQUIRE(items);
    BOOST_CHECK_EQUAL(items->size(), in.getCount());
    std::vector<Bytes> batch;
    for (const ByteView item : *items) batch.emplace_back(item.begin(), item.end());
    world_.broadcasts.push_back(std::move(batch));
  }
  void on_misbehaved(schema::PeerMisbehaved::Reader in, const Envelope&) {
    world_.misbehaved.emplace_back(in.getCode().cStr());
  }
  World& world_;
};

}  // namespace witan::mempool::test
