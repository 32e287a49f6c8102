// A mempool actor under the deterministic runtime among the neighbours of fakes.hpp.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/runtime.hpp"
#include "actors/runtime/system_clock.hpp"
#include "tests/unit/mempool_actor/fakes.hpp"

namespace witan::mempool::test {

inline MempoolOptions default_options() {
  MempoolOptions out;
  out.limits.count_max = 1000;
  out.limits.opaque_allowed = true;
  return out;
}

// Answers as plain values, so that a test can print them.
struct Answer {
  bool given = false;
  std::string code;  // ok, a refusal, or the error of the request itself
  TxId id;
  std::uint64_t height = 0;
  std::uint32_t index = 0;
  std::uint64_t fee = 0;
};
struct BatchAnswer {
  bool given = false;
  std::string code;  // of the request
  std::uint32_t accepted = 0;
  std::uint32_t rejected = 0;
  std::uint32_t committed = 0;
  std::uint64_t height = 0;
  std::vector<std::string> failures;  // "position code"
};

class Harness {
 public:
  explicit Harness(MempoolOptions options = default_options(), World start = {})
      : world(std::move(start)), runtime_(deterministic()) {
    LogOptions logging;
    logging.levels = "debug";
    logging.async = false;
    logging.capture = [this](std::string_view line) { log.emplace_back(line); };
    logger_ = std::move(*Logger::open(logging, rt::system_clock()));
    const Services services{*logger_, metrics_};
    rt::SupervisorSpec chain;
    chain.name = "chain";
    chain.children.emplace_back(child<FakeLedger>("ledger", world));
    chain.children.emplace_back(child<FakeVerifier>("transfer_verifier/0", world));
    chain.children.emplace_back(child<FakeVerifier>("transfer_verifier/1", world));
    chain.children.emplace_back(child<FakeConsensus>("consensus", world));
    rt::ChildSpec mempool;
    mempool.name = "mempool";
    mempool.factory = [services, options](rt::ActorContext& context) {
      return std::make_unique<MempoolActor>(context, services, options);
    };
    chain.children.emplace_back(std::move(mempool));
    rt::SupervisorSpec peers;
    peers.name = "peers";
    peers.children.emplace_back(child<FakePeers>("peers", world));
    rt::SupervisorSpec root;
    root.name = "node";
    root.children.emplace_back(std::move(chain));
    root.children.emplace_back(std::move(peers));
    runtime_.start(std::move(root));
    runtime_.drain();
    mempool_ = runtime_.ref<MempoolRole>(MempoolRole::path);
  }

  // Answers are written when they come; a caller that does not wait for a commit has one at once.
  std::shared_ptr<Answer> submit(const Bytes& tx,
                                 schema::SubmitMode mode = schema::SubmitMode::SYNC) {
    auto answer = std::make_shared<Answer>();
    Draft<schema::SubmitTx> draft(tx.size() / 8 + 32);
    draft->setBytes(as_data(ByteView(tx)));
    draft->setMode(mode);
    runtime_.ask<schema::SubmitResult>(mempool_, std::move(draft), Duration::from_s(60),
                                       [answer](Result<schema::SubmitResult::Reader> r) {
                                         answer->given = true;
                                         if (!r) {
                                           answer->code = name_of(r.error().code);
                                           return;
                                         }
                                         answer->code = r->getCode().cStr();
                                         if (r->getTxId().size() == 32)
                                           answer->id = TxId::from(as_view(r->getTxId()));
                                         answer->height = r->getHeight();
                                         answer->index = r->getIndex();
                                         answer->fee = r->getFeeCharged();
                                       });
    runtime_.drain();
    return answer;
  }
  std::string submit_code(const Bytes& tx) { return submit(tx)->code; }

  std::shared_ptr<BatchAnswer> submit_blob(const Bytes& blob, bool wait) {
    auto answer = std::make_shared<BatchAnswer>();
    Draft<schema::SubmitBatch> draft(blob.size() / 8 + 32);
    draft->setTransactions(as_data(ByteView(blob)));
    draft->setWait(wait);
    runtime_.ask<schema::SubmitBatchResult>(
        mempool_, std::move(draft), Duration::from_s(60),
        [answer](Result<schema::SubmitBatchResult::Reader> r) {
          answer->given = true;
          answer->code = name_of(r ? ErrorCode::ok : r.error().code);
          if (!r) return;
          answer->accepted = r->getAccepted();
          answer->rejected = r->getRejected();
          answer->committed = r->getCommitted();
          answer->height = r->getHeight();
          for (const auto f : r->getFailures())
            answer->failures.push_back(std::to_string(f.getPosition()) + " " + f.getCode().cStr());
        });
    runtime_.drain();
    return answer;
  }
  static Bytes blob_of(const std::vector<Bytes>& txs) {
    Bytes blob;
    for (const Bytes& tx : txs) append_item(blob, tx);
    return blob;
  }
  std::shared_ptr<BatchAnswer> submit_batch(const std::vector<Bytes>& txs, bool wait = false) {
    return submit_blob(blob_of(txs), wait);
  }
  void from_peer(const Bytes& blob) {
    Draft<schema::TransactionBatch> draft(blob.size() / 8 + 32);
    draft->setTransactions(as_data(ByteView(blob)));
    BOOST_CHECK(mempool_.send(std::move(draft)) == rt::Delivery::delivered);
    runtime_.drain();
  }

  struct AccountAfter {
    std::uint8_t number = 0;
    std::uint64_t nonce = 0;
    std::uint64_t balance = 0;
  };
  void commit(std::uint64_t height, const std::vector<Bytes>& txs,
              const std::vector<AccountAfter>& accounts = {}, ErrorCode code = ErrorCode::ok) {
    Draft<schema::TransactionsCommitted> out(64 + txs.size() * 8);
    out->setHeight(height);
    Bytes ids;
    for (const Bytes& tx : txs) append(ids, tx_id(tx).view());
    out->setIds(as_data(ByteView(ids)));
    auto codes = out->initCodes(static_cast<kj::uint>(txs.size()));
    auto fees = out->initFees(static_cast<kj::uint>(txs.size()));
    for (kj::uint i = 0; i < codes.size(); ++i) {
      codes.set(i, static_cast<std::uint16_t>(code));
      fees.set(i, 10 + i);
    }
    Bytes senders;
    auto nonces = out->initNonces(static_cast<kj::uint>(accounts.size()));
    auto balances = out->initBalances(static_cast<kj::uint>(accounts.size()));
    for (kj::uint i = 0; i < nonces.size(); ++i) {
      append(senders, account(accounts[i].number).view());
      nonces.set(i, accounts[i].nonce);
      balances.set(i, accounts[i].balance);
    }
    out->setSenders(as_data(ByteView(senders)));
    BOOST_CHECK(mempool_.send(std::move(out)) == rt::Delivery::delivered);
    runtime_.drain();
  }

  // The ledger says that it verified these for a proposed block.
  void tell_verified(const std::vector<Bytes>& txs) {
    Bytes ids;
    for (const Bytes& tx : txs) append(ids, tx_id(tx).view());
    Draft<schema::SignaturesVerified> out;
    out->setIds(as_data(ByteView(ids)));
    BOOST_CHECK(mempool_.send(std::move(out)) == rt::Delivery::delivered);
    runtime_.drain();
  }

  std::vector<Bytes> reap(std::uint32_t bytes_max = 1U << 20U, std::uint32_t count_max = 1000) {
    std::vector<Bytes> out;
    Draft<schema::Reap> draft;
    draft->setBytesMax(bytes_max);
    draft->setCountMax(count_max);
    runtime_.ask<schema::Reaped>(
        mempool_, std::move(draft), Duration::from_s(1), [&](Result<schema::Reaped::Reader> r) {
          BOOST_REQUIRE(r);
          const auto items =
              split_items(as_view(r->getTransactions()), 65'536, tx_bytes_max, "reaped");
          BOOST_REQUIRE(items);
          const ByteView ids = as_view(r->getIds());
          BOOST_REQUIRE_EQUAL(ids.size(), items->size() * 32);
          for (std::size_t i = 0; i < items->size(); ++i) {
            BOOST_CHECK(TxId::from(ids.subspan(i * 32, 32)) == tx_id((*items)[i]));
            out.emplace_back((*items)[i].begin(), (*items)[i].end());
          }
        });
    runtime_.drain();
    return out;
  }
  std::vector<int> known(const std::vector<Bytes>& txs) {
    std::vector<int> out;
    Bytes ids;
    for (const Bytes& tx : txs) append(ids, tx_id(tx).view());
    Draft<schema::KnownTransactions> draft(64 + ids.size() / 8);
    draft->setIds(as_data(ByteView(ids)));
    runtime_.ask<schema::KnownReply>(mempool_, std::move(draft), Duration::from_s(1),
                                     [&](Result<schema::KnownReply::Reader> r) {
                                       BOOST_REQUIRE(r);
                                       for (const auto byte : r->getKnown()) out.push_back(byte);
                                     });
    runtime_.drain();
    return out;
  }
  struct View {
    std::uint64_t size = 0;
    std::uint64_t bytes = 0;
    std::vector<TxId> ids;
  };
  View view(std::uint32_t limit = 100) {
    View out;
    Draft<schema::GetMempool> draft;
    draft->setLimit(limit);
    runtime_.ask<schema::MempoolView>(mempool_, std::move(draft), Duration::from_s(1),
                                      [&](Result<schema::MempoolView::Reader> r) {
                                        BOOST_REQUIRE(r);
                                        out.size = r->getSize();
                                        out.bytes = r->getBytes();
                                        for (const auto id : r->getTxIds())
                                          out.ids.push_back(TxId::from(as_view(id)));
                                      });
    runtime_.drain();
    return out;
  }
  std::uint64_t pending_nonce(std::uint8_t sender) {
    std::uint64_t out = UINT64_MAX;
    Draft<schema::GetPendingNonce> draft;
    const AccountId id = account(sender);
    draft->setAccount(as_data(id));
    runtime_.ask<schema::PendingNonce>(mempool_, std::move(draft), Duration::from_s(1),
                                       [&](Result<schema::PendingNonce::Reader> r) {
                                         BOOST_REQUIRE(r);
                                         out = r->getNonce();
                                       });
    runtime_.drain();
    return out;
  }
  void advance(Duration d) { runtime_.advance(d); }
  bool logged(std::string_view event) const {
    for (const std::string& line : log)
      if (line.find("\"" + std::string(event) + "\"") != std::string::npos) return true;
    return false;
  }

  World world;
  std::vector<std::string> log;

 private:
  static rt::RuntimeOptions deterministic() {
    rt::RuntimeOptions out;
    out.deterministic = true;
    out.seed = 11;
    out.end_process = [](const rt::ExitStatus&) {};
    return out;
  }
  template <class Fake>
  static rt::ChildSpec child(std::string name, World& world) {
    rt::ChildSpec out;
    out.name = std::move(name);
    out.factory = [&world](rt::ActorContext& context) {
      return std::make_unique<Fake>(context, world);
    };
    return out;
  }

  std::unique_ptr<Logger> logger_;
  Metrics metrics_{"test"};
  rt::Runtime runtime_;
  rt::ActorRef<MempoolRole> mempool_;
};

inline World rich(std::initializer_list<std::uint8_t> senders, std::uint64_t nonce = 0) {
  World out;
  for (const std::uint8_t n : senders) out.accounts[account(n)] = {nonce, 1000};
  return out;
}

}  // namespace witan::mempool::test
