// First byte: a row of the wire table; the rest: words from a peer. No check may crash, and what a
// check accepts must read without an error on the unlimited reader the actors use.
#include "messages/base/check.hpp"
#include "messages/schema/chain.capnp.h"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/peer_wire.hpp"

namespace {

using namespace witan;

template <class T, class Read>
void reads_if(const Envelope& envelope, Read&& read) {
  if (!envelope.is<T>()) return;
  const Received<T> received(envelope);
  const auto result = read(received.get());
  WITAN_CHECK(result.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const WireType& type = wire_types()[data[0] % wire_types().size()];
  const auto words = Words::from_flat(ByteView(data + 1, size - 1));
  if (!words || !type.check(**words)) return 0;
  Envelope e;
  e.type = type.type;
  e.words = *words;
  reads_if<schema::Vote>(e, [](auto r) { return read_vote(r); });
  reads_if<schema::Proposal>(e, [](auto r) { return read_proposal(r); });
  reads_if<schema::BlockPart>(e, [](auto r) { return read_part(r); });
  reads_if<schema::Certificate>(e, [](auto r) { return read_certificate(r); });
  reads_if<schema::TransactionBatch>(e, [](auto r) {
    return split_items(as_view(r.getTransactions()), limits::batch_count_max, tx_bytes_max, "t");
  });
  reads_if<schema::RangeResponse>(e, [](schema::RangeResponse::Reader r) -> Status {
    for (const auto block : r.getBlocks()) {
      (void)decode_block(as_view(block.getBytes()));
      WITAN_TRY(const Certificate c, read_certificate(block.getCertificate()));
      WITAN_CHECK(!is_absent(c));
    }
    return {};
  });
  return 0;
}
