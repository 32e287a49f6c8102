#include "tools/load/workload.hpp"

#include <map>
#include <set>

#include "messages/base/codec_bytes.hpp"
#include "messages/wire/tx_codec.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::loadgen {
namespace {

std::vector<Transaction> transactions_of(const std::string& body) {
  std::vector<Transaction> out;
  ByteReader in(as_bytes(body));
  while (in.left() > 0) {
    const ByteView bytes = in.prefixed(tx_bytes_max);
    BOOST_REQUIRE(!in.failed());
    auto tx = decode_transaction(bytes);
    BOOST_REQUIRE(tx.has_value());
    out.push_back(std::move(*tx));
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(workload_test)

BOOST_AUTO_TEST_CASE(opaque_transactions_decode_and_are_all_different) {
  Random random(1);
  std::set<Bytes> payloads;
  for (const std::size_t bytes : {16U, 33U, 200U}) {
    const std::string body = opaque_batch(random, 100, bytes, Height(77));
    BOOST_CHECK_EQUAL(body.size(), 100 * opaque_entry_bytes(bytes));
    for (const Transaction& tx : transactions_of(body)) {
      const auto& opaque = std::get<Opaque>(tx);
      BOOST_CHECK_EQUAL(opaque.payload.size(), bytes);
      BOOST_CHECK(opaque.last_height == Height(77));
      payloads.insert(opaque.payload);
    }
  }
  BOOST_CHECK_EQUAL(payloads.size(), 300);
}

BOOST_AUTO_TEST_CASE(transfers_are_signed_and_their_nonces_have_no_gap_over_batches) {
  ChainId chain;
  chain.data[0] = 9;
  TransferLane lane(chain, 2);
  for (int i = 0; i < 3; ++i) lane.add(SecretKey::generate());
  lane.set_nonce(1, 40);
  std::map<AccountId, std::uint64_t> next{{lane.id(0), 0}, {lane.id(1), 40}, {lane.id(2), 0}};
  for (const std::size_t count : {4U, 1U, 7U}) {
    const std::string body = lane.batch(count);
    BOOST_CHECK_LE(body.size(), count * transfer_entry_bytes);
    const auto all = transactions_of(body);
    BOOST_CHECK_EQUAL(all.size(), count);
    for (const Transaction& tx : all) {
      const auto& transfer = std::get<Transfer>(tx);
      BOOST_CHECK_EQUAL(transfer.nonce, next.at(transfer.from)++);
      BOOST_CHECK_EQUAL(transfer.fee, 2);
      BOOST_CHECK(transfer.from != transfer.to);
      BOOST_CHECK(verify(transfer.from, transfer_hash(chain, transfer).view(), transfer.signature));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace witan::loadgen
