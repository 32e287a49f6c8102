#include "tools/load/workload.hpp"

#include <cstring>

#include "messages/base/check.hpp"
#include "messages/wire/tx_codec.hpp"

namespace witan::loadgen {
namespace {

void append_entry(std::string& body, const Bytes& tx) {
  const auto size = static_cast<std::uint32_t>(tx.size());
  for (unsigned shift = 0; shift < 32; shift += 8)
    body.push_back(static_cast<char>((size >> shift) & 0xffU));
  body.append(as_text(tx));
}

void fill(Random& random, Bytes& out) {
  for (std::size_t at = 0; at < out.size(); at += 8) {
    const std::uint64_t word = random.next();
    std::memcpy(out.data() + at, &word, std::min<std::size_t>(8, out.size() - at));
  }
}

}  // namespace

std::string opaque_batch(Random& random, std::size_t count, std::size_t payload_bytes,
                         Height last_height) {
  std::string body;
  body.reserve(count * opaque_entry_bytes(payload_bytes));
  Transaction tx = Opaque{last_height, Bytes(payload_bytes)};
  for (std::size_t i = 0; i < count; ++i) {
    fill(random, std::get<Opaque>(tx).payload);
    append_entry(body, encode(tx));
  }
  return body;
}

std::size_t opaque_entry_bytes(std::size_t payload_bytes) {
  return 4 + encode(Opaque{Height(1), Bytes(payload_bytes)}).size();
}

std::string TransferLane::batch(std::size_t count) {
  WITAN_CHECK(!accounts_.empty());
  std::string body;
  body.reserve(count * transfer_entry_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    Account& from = accounts_[turn_];
    turn_ = (turn_ + 1) % accounts_.size();
    Transfer tx;
    tx.from = from.id;
    tx.to = accounts_[turn_].id;
    tx.amount = 1;
    tx.fee = fee_;
    tx.nonce = from.nonce++;
    tx.signature = from.key.sign(transfer_hash(chain_id_, tx).view());
    append_entry(body, encode(tx));
  }
  return body;
}

}  // namespace witan::loadgen
